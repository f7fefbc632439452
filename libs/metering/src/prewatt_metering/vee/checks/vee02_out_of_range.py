"""VEE-02: a value that the register cannot show is no reading."""

from prewatt_metering.registers.meters import MeterFacts
from prewatt_metering.vee.findings import Check, Finding, Severity

CHECK = Check(
    check_id="VEE-02",
    name="out_of_range",
    severity=Severity.WARN,
    says="The register cannot show this value (negative, or not below its modulus); it is no "
    "reading.",
    values="modulus (none: not known), value",
)


def in_range(*, register_wh: int, modulus_wh: int | None) -> bool:
    """Whether a register can show it: 0 <= register < modulus."""
    return register_wh >= 0 and (modulus_wh is None or register_wh < modulus_wh)


def out_of_range(*, facts: MeterFacts, at_us: int, register_wh: int) -> Finding:
    """The finding for a value that is not `in_range`."""
    return CHECK.finding(
        meter=facts.meter,
        begin_us=at_us,
        end_us=at_us,
        before=facts.modulus_wh,
        after=register_wh,
    )
