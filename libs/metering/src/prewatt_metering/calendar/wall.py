"""From what a wall clock shows to instants: one as a rule, none or two where clocks change."""

from datetime import UTC, datetime

from prewatt_metering.calendar.instants import us_of
from prewatt_metering.calendar.local import LocalCalendar


def instants_of_wall(calendar: LocalCalendar, wall: datetime) -> tuple[int, ...]:
    """The instants at which a clock of ``calendar`` shows ``wall``, ascending.

    ``wall`` names no offset. Empty: the clock leapt over it. Raises ValueError for a datetime that
    names its offset, which is an instant already.
    """
    if wall.tzinfo is not None:
        message = f"{wall.isoformat()} names its offset from UTC; no wall clock is needed"
        raise ValueError(message)
    found: set[int] = set()
    for fold in (0, 1):
        at_us = us_of(wall.replace(tzinfo=calendar.tz, fold=fold))
        if at_us + calendar.offset_us(at_us) == us_of(wall.replace(tzinfo=UTC)):
            found.add(at_us)
    return tuple(sorted(found))
