"""VEE-18: the intervals of a load profile do not add up to what the register rose by."""

from prewatt_metering.vee.findings import Check, Finding, Severity

CHECK = Check(
    check_id="VEE-18",
    name="sum_against_register",
    severity=Severity.WARN,
    says="The load profile does not add up to the register (warn above 2 %, fail above 5 %); the "
    "register is charged.",
    values="rise of the register, sum of the profile",
)
WARN_PERMILLE = 20
FAIL_PERMILLE = 50


def sum_against_register(
    *,
    meter: str,
    begin_us: int,
    end_us: int,
    register_wh: int,
    profile_wh: int,
    resolution_wh: int = 0,
) -> list[Finding]:
    """At most one finding, of one span: the register rose by ``register_wh`` in it.

    A difference of one ``resolution_wh`` is none.
    """
    apart_wh = abs(profile_wh - register_wh)
    if apart_wh <= resolution_wh or apart_wh * 1_000 <= WARN_PERMILLE * register_wh:
        return []
    is_fail = apart_wh * 1_000 > FAIL_PERMILLE * register_wh
    return [
        CHECK.finding(
            meter=meter,
            begin_us=begin_us,
            end_us=end_us,
            before=register_wh,
            after=profile_wh,
            severity=Severity.FAIL if is_fail else Severity.WARN,
        )
    ]
