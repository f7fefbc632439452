"""VEE-20: readings dated far from when they came: a clock that lost its date, mostly."""

from collections.abc import Iterable

from prewatt_metering.calendar.instants import DAY_US
from prewatt_metering.registers.arrivals import Arrival
from prewatt_metering.vee.findings import Check, Finding, Severity

CHECK = Check(
    check_id="VEE-20",
    name="dated_away",
    severity=Severity.WARN,
    says="A reading is dated more than a day ahead of its arrival, or more than a year before it.",
    values="when it came, how it is dated",
    unit="us",
)
AHEAD_US_MAX = DAY_US
BEHIND_US_MAX = 366 * DAY_US


def dated_away(*, meter: str, arrivals: Iterable[Arrival]) -> list[Finding]:
    """One finding for each such reading, in the order of their dates."""
    return [
        CHECK.finding(
            meter=meter,
            begin_us=each.reading.at_us,
            end_us=each.reading.at_us,
            before=each.received_us,
            after=each.reading.at_us,
        )
        for each in sorted(arrivals, key=lambda one: one.reading)
        if not -AHEAD_US_MAX <= each.delay_us <= BEHIND_US_MAX
    ]
