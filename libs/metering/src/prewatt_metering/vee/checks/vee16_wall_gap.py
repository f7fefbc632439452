"""VEE-16: a local time, without its offset, that the clock leapt over."""

from datetime import datetime

from prewatt_metering.calendar.instants import us_of
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.calendar.wall import instants_of_wall
from prewatt_metering.vee.findings import Check, Finding, Severity

CHECK = Check(
    check_id="VEE-16",
    name="wall_gap",
    severity=Severity.WARN,
    says="The local time does not exist: the clock leapt over it. The meter's clock does not "
    "follow the zone that it is registered in; the instant is by the offset before the leap.",
    values="instant by the offset before, by the offset after",
    unit="us",
)


def wall_gap(*, meter: str, calendar: LocalCalendar, wall: datetime) -> list[Finding]:
    """One finding where no clock of ``calendar`` ever shows ``wall``."""
    if instants_of_wall(calendar, wall):
        return []
    before_us, after_us = (us_of(wall.replace(tzinfo=calendar.tz, fold=fold)) for fold in (0, 1))
    return [
        CHECK.finding(
            meter=meter, begin_us=before_us, end_us=before_us, before=before_us, after=after_us
        )
    ]
