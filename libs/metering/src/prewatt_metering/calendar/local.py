"""Local days of a timezone: where they begin, how long they last, where their clock changes.

A day is the half-open range from its first instant to the first instant of the next. Midnight may
be missing (the day begins at 01:00), come twice (the first counts), and a whole day may be skipped
(it is empty: it begins where the next one does).
"""

from datetime import date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from prewatt_metering.calendar.instants import (
    DAY_US,
    HOUR_US,
    MINUTE_US,
    instant_of,
    us_of,
    utc_day_us,
)

YEAR_MIN, YEAR_MAX = 1901, 9998
REMEMBERED_DAYS_MAX = 100_000
_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
# A jump over a whole day (Pacific/Apia, 2011) is the longest there is.
_JUMP_US_MAX = 26 * HOUR_US


class LocalCalendar:
    """Days of one timezone, each worked out once and remembered. Not a clock: it knows no present.

    ``tz`` is an IANA name or a zone. Days and instants are of the years 1901 to 9998. Raises
    ValueError for a name that is no zone, and for anything outside those years.
    """

    __slots__ = ("_first_us", "tz")

    def __init__(self, tz: str | ZoneInfo) -> None:
        self.tz = tz if isinstance(tz, ZoneInfo) else _zone(tz)
        self._first_us: dict[int, int] = {}  # by ordinal of the day

    def first_instant_us(self, day: date) -> int:
        """The earliest instant whose local date is ``day``; of a skipped day, that of the next."""
        return self._first(day.toordinal())

    def end_us(self, day: date) -> int:
        """The first instant after ``day``: where the next one begins."""
        return self._first(day.toordinal() + 1)

    def day_of(self, at_us: int) -> date:
        """The day that ``at_us`` lies in.

        Mostly the date on the wall. Where a clock goes back over midnight from after it, the wall
        shows yesterday once more; the day that has begun goes on.
        """
        # Local time is less than a day ahead of UTC, so no later day can have begun. Of a skipped
        # day and the next, which begin together, the search meets the one that was lived first.
        ordinal = at_us // DAY_US + _EPOCH_DAY + 1
        while self._first(ordinal) > at_us:
            ordinal -= 1
        return date.fromordinal(ordinal)

    def day_length_us(self, day: date) -> int:
        """24 hours as a rule, 23 or 25 where the clock changes by one, 0 for a skipped day."""
        return self.end_us(day) - self.first_instant_us(day)

    def clock_changes(self, day: date) -> tuple[int, ...]:
        """The instants of ``day`` at which its distance from UTC changes, its first included."""
        begin_us, end_us = self.first_instant_us(day), self.end_us(day)
        return _changes(self.tz, begin_us - 1, end_us - 1) if begin_us < end_us else ()

    def offset_us(self, at_us: int) -> int:
        """How far local time is ahead of UTC at ``at_us`` (Berlin in winter: an hour)."""
        return _offset_us(self.tz, at_us)

    def _first(self, ordinal: int) -> int:
        known = self._first_us.get(ordinal)
        if known is None:
            if len(self._first_us) >= REMEMBERED_DAYS_MAX:
                self._first_us.clear()
            known = self._first_us[ordinal] = _first_instant_us(self.tz, _day(ordinal))
        return known


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = f"{name!r} is no timezone of the IANA database"
        raise ValueError(message) from None


def _day(ordinal: int) -> date:
    if not _ORDINAL_MIN <= ordinal <= _ORDINAL_MAX:
        message = f"a day or an instant lies outside the years {YEAR_MIN} to {YEAR_MAX}"
        raise ValueError(message)
    return date.fromordinal(ordinal)


_ORDINAL_MIN = date(YEAR_MIN, 1, 1).toordinal()
_ORDINAL_MAX = date(YEAR_MAX + 1, 1, 2).toordinal()


def _offset_us(tz: tzinfo, at_us: int) -> int:
    offset = instant_of(at_us).astimezone(tz).utcoffset()
    assert offset is not None
    return offset // _MICROSECOND


def _first_instant_us(tz: tzinfo, day: date) -> int:
    # Of a midnight that comes twice fold 0 is the earlier. Of one that is missing fold 0 counts on
    # by the old offset, and lies after the jump by as much as the wall clock leapt past midnight.
    midnight_us = us_of(datetime(day.year, day.month, day.day, tzinfo=tz))
    begin_us = midnight_us - _JUMP_US_MAX
    offset_us = _offset_us(tz, begin_us)
    if offset_us == _offset_us(tz, midnight_us):
        return midnight_us
    wall_us = utc_day_us(day)
    for change_us in _changes(tz, begin_us, midnight_us):
        if wall_us - offset_us < change_us:
            return wall_us - offset_us
        offset_us = _offset_us(tz, change_us)
        if change_us + offset_us >= wall_us:
            return change_us
    return wall_us - offset_us


def _changes(tz: tzinfo, begin_us: int, end_us: int) -> tuple[int, ...]:
    """The instants of (begin_us, end_us] at which the offset is not what it was just before."""
    if _offset_us(tz, begin_us) == _offset_us(tz, end_us):
        return ()
    found: list[int] = []
    before_us = begin_us
    while before_us < end_us:
        after_us = min(before_us + HOUR_US, end_us)
        if _offset_us(tz, before_us) != _offset_us(tz, after_us):
            found.append(_change(tz, before_us, after_us))
        before_us = after_us
    return tuple(found)


def _change(tz: tzinfo, before_us: int, after_us: int) -> int:
    """The one change of (before_us, after_us], by halving."""
    old = _offset_us(tz, before_us)
    while after_us - before_us > 1:
        middle_us = (before_us + after_us) // 2
        if _offset_us(tz, middle_us) == old:
            before_us = middle_us
        else:
            after_us = middle_us
    return after_us


def local_minute(calendar: LocalCalendar, at_us: int) -> int:
    """What the wall clock shows, in minutes since its midnight: 0 to 1439."""
    return (at_us + calendar.offset_us(at_us)) % DAY_US // MINUTE_US
