"""VEE-17: a local time, without its offset, that the clock shows twice."""

from datetime import datetime

from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.calendar.wall import instants_of_wall
from prewatt_metering.vee.findings import Check, Finding, Severity

CHECK = Check(
    check_id="VEE-17",
    name="wall_fold",
    severity=Severity.INFO,
    says="The clock shows this local time twice; the order of the readings decided which it was.",
    values="the first instant, the second",
    unit="us",
)


def wall_fold(
    *, meter: str, calendar: LocalCalendar, wall: datetime, after_us: int | None = None
) -> list[Finding]:
    """One finding where ``wall`` comes twice. The one after ``after_us`` is taken."""
    instants = instants_of_wall(calendar, wall)
    if len(instants) < 2:
        return []
    taken_us = next(
        (each for each in instants if after_us is None or each > after_us), instants[-1]
    )
    return [
        CHECK.finding(
            meter=meter,
            begin_us=taken_us,
            end_us=taken_us,
            before=instants[0],
            after=instants[1],
        )
    ]
