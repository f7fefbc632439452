"""When nobody is cut: a part of a supply policy's document (`supply_policy_v1`).

All times are the wall clock's of whoever is asked about; days are local days.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, get_args

import msgspec

DAY_MINUTES = 24 * 60
_YEARS = range(2000, 2100)

WallClock = Annotated[str, msgspec.Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
"""``HH:MM``."""
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
"""In the order of ``date.weekday()``."""
PeriodName = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]*$")]


def minute_of(wall_clock: str) -> int:
    """Minutes since midnight of ``HH:MM``.

    >>> minute_of("22:30")
    1350
    """
    hours, minutes = wall_clock.split(":")
    return int(hours) * 60 + int(minutes)


class PeriodKind(StrEnum):
    """Why nobody is cut over a period."""

    HEAT = "heat"
    COLD = "cold"
    EXAM = "exam"
    FESTIVAL = "festival"
    DISASTER = "disaster"
    OTHER = "other"


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A piece of the document: immutable, and a field that nobody knows is refused."""


class FriendlyHours(Part, frozen=True, kw_only=True):
    """Hours of the day, half-open. An ``end`` before ``begin`` is the next day's: hours that pass
    midnight are of the day on which they begin."""

    begin: WallClock
    end: WallClock
    weekdays: Annotated[tuple[Weekday, ...], msgspec.Meta(min_length=1, max_length=7)] = WEEKDAYS
    """The days on which they begin."""

    def __post_init__(self) -> None:
        if self.begin == self.end:
            message = f"the hours from {self.begin} to {self.end} are none"
            raise ValueError(message)
        _once("weekdays", self.weekdays)

    def holds(self, day: date, minute: int) -> bool:
        """Whether they hold at a minute of the day, 0 to 1439."""
        begin, end = minute_of(self.begin), minute_of(self.end)
        if begin < end:
            return begin <= minute < end and self._begins_on(day.weekday())
        if minute >= begin:
            return self._begins_on(day.weekday())
        return minute < end and self._begins_on((day.weekday() - 1) % 7)

    def _begins_on(self, weekday: int) -> bool:
        return WEEKDAYS[weekday] in self.weekdays


class NthWeekday(Part, frozen=True, kw_only=True):
    """Like every second Saturday of the month; ``nth`` -1: the last one."""

    nth: Literal[1, 2, 3, 4, 5, -1]
    weekday: Weekday

    def holds(self, day: date) -> bool:
        """Whether it is that day."""
        if WEEKDAYS[day.weekday()] != self.weekday:
            return False
        if self.nth == -1:
            return date.fromordinal(day.toordinal() + 7).month != day.month
        return (day.day - 1) // 7 + 1 == self.nth


class DatedPeriod(Part, frozen=True, kw_only=True):
    """Local days from ``first`` to ``last``, both included, on which nobody is cut wherever they
    live. One of an area, or one that is not known a year ahead, is declared when it comes
    (``/v1/protected-periods``)."""

    kind: PeriodKind
    name: PeriodName
    first: date
    last: date

    def __post_init__(self) -> None:
        _check_years("first", self.first)
        _check_years("last", self.last)
        if self.last < self.first:
            message = f"{self.name} would end on {self.last}, before it begins on {self.first}"
            raise ValueError(message)

    def holds(self, day: date) -> bool:
        """Whether the day is in it."""
        return self.first <= day <= self.last


class Calendar(Part, frozen=True, kw_only=True):
    """When nobody is cut. What is left out holds nothing."""

    friendly_hours: Annotated[tuple[FriendlyHours, ...], msgspec.Meta(max_length=50)] = ()
    weekdays: Annotated[tuple[Weekday, ...], msgspec.Meta(max_length=7)] = ()
    """All day, such as the weekend."""
    nth_weekdays: Annotated[tuple[NthWeekday, ...], msgspec.Meta(max_length=35)] = ()
    public_holidays: Annotated[tuple[date, ...], msgspec.Meta(max_length=1_000)] = ()
    before_holiday_from: WallClock | None = None
    """On the day before a public holiday from this time on; null: that day is like others."""
    protected_periods: Annotated[tuple[DatedPeriod, ...], msgspec.Meta(max_length=200)] = ()

    def __post_init__(self) -> None:
        _once("weekdays", self.weekdays)
        _once("public_holidays", self.public_holidays)
        for day in self.public_holidays:
            _check_years("public_holidays", day)
        if self.before_holiday_from is not None and not self.public_holidays:
            message = "before_holiday_from is given, and public_holidays names none"
            raise ValueError(message)
        if not _leaves_some_minute(self):
            message = (
                "friendly_hours and weekdays leave no minute of the week in which a cut may be "
                "made; say `protected: true` of the class that is never to be cut"
            )
            raise ValueError(message)


def _leaves_some_minute(calendar: Calendar) -> bool:
    a_week = [date(2026, 1, 5 + number) for number in range(7)]
    return any(
        not any(hours.holds(day, minute) for hours in calendar.friendly_hours)
        for day in a_week
        if WEEKDAYS[day.weekday()] not in calendar.weekdays
        for minute in range(DAY_MINUTES)
    )


def _once(field: str, values: tuple[object, ...]) -> None:
    twice = next((each for each in values if values.count(each) > 1), None)
    if twice is not None:
        message = f"{field}: {twice} stands twice"
        raise ValueError(message)


def _check_years(field: str, day: date) -> None:
    if day.year not in _YEARS:
        message = f"{field}: {day} is in none of the years 2000 to 2099"
        raise ValueError(message)
