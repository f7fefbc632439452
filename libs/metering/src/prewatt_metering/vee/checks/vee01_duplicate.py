"""VEE-01: the same reading came more than once. Once counts; so a retry is harmless."""

from collections import Counter
from collections.abc import Iterable

from prewatt_metering.registers.readings import Reading
from prewatt_metering.vee.findings import Check, Finding, Severity

CHECK = Check(
    check_id="VEE-01",
    name="duplicate",
    severity=Severity.INFO,
    says="The same reading came more than once; it counts once.",
    values="the register, twice",
)


def duplicates(*, meter: str, readings: Iterable[Reading]) -> list[Finding]:
    """One finding for each (instant, value) that came more than once; ``count`` is what is over."""
    times = Counter((each.at_us, each.register_wh) for each in readings)
    return [
        CHECK.finding(
            meter=meter, begin_us=at_us, end_us=at_us, before=wh, after=wh, count=came - 1
        )
        for (at_us, wh), came in sorted(times.items())
        if came > 1
    ]
