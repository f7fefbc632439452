"""VEE-04: the register passed its modulus and began again at 0."""

from prewatt_metering.vee.findings import Check, Severity

CHECK = Check(
    check_id="VEE-04",
    name="rollover",
    severity=Severity.INFO,
    says="The register passed its modulus and began again at 0; what it counted is charged.",
    values="register before, register after",
)


def rolled_over_wh(*, delta_wh: int, modulus_wh: int | None) -> int | None:
    """What a register counted that fell by ``-delta_wh`` through its modulus; none: it did not.

    More than half of the modulus in one step is taken for no rollover, and a fall by more than the
    modulus is none: it begins at a value that the register cannot show, as an opening register can
    be that somebody mistyped. Whether the step is possible at all is the caller's to ask.
    """
    if delta_wh >= 0 or modulus_wh is None:
        return None
    around_wh = delta_wh + modulus_wh
    return around_wh if 0 <= 2 * around_wh <= modulus_wh else None
