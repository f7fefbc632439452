"""VEE-09: readings that came long after their instant. They count, in the days they belong to."""

from collections.abc import Iterable

from prewatt_metering.calendar.instants import HOUR_US, SECOND_US
from prewatt_metering.registers.arrivals import Arrival
from prewatt_metering.vee.findings import Check, Finding, Severity

CHECK = Check(
    check_id="VEE-09",
    name="late",
    severity=Severity.INFO,
    says="Readings came long after their instant; they count where they belong, so days that were "
    "charged may change.",
    values="delay that is borne, greatest delay",
    unit="s",
    goes_on=True,
)


LATE_US = 2 * HOUR_US


def late(*, meter: str, arrivals: Iterable[Arrival], borne_us: int = LATE_US) -> list[Finding]:
    """One finding for each stretch of readings, in the order of their instants, that came late."""
    stretches = list[list[Arrival]]()
    before_late = False
    for each in sorted(arrivals, key=lambda one: one.reading.at_us):
        is_late = each.delay_us > borne_us
        if is_late and before_late:
            stretches[-1].append(each)
        elif is_late:
            stretches.append([each])
        before_late = is_late
    return [
        CHECK.finding(
            meter=meter,
            begin_us=stretch[0].reading.at_us,
            end_us=stretch[-1].reading.at_us,
            before=borne_us // SECOND_US,
            after=max(each.delay_us for each in stretch) // SECOND_US,
            count=len(stretch),
        )
        for stretch in stretches
    ]
