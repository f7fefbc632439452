"""VEE-03: two values at one instant. The lower counts: nobody pays for the difference."""

from prewatt_metering.vee.findings import Check, Finding, Severity

CHECK = Check(
    check_id="VEE-03",
    name="conflict",
    severity=Severity.WARN,
    says="Two values came for one instant; the lower counts.",
    values="the value that counts, the value that does not",
)


def conflicts(*, meter: str, at_us: int, fit_wh: list[int]) -> list[Finding]:
    """One finding for each value beyond the lowest; ``fit_wh`` ascend and are distinct."""
    return [
        CHECK.finding(meter=meter, begin_us=at_us, end_us=at_us, before=fit_wh[0], after=beaten)
        for beaten in fit_wh[1:]
    ]
