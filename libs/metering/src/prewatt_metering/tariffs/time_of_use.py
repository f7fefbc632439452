"""Time of use: the name of every minute of every day, by clock, weekday, season and holiday."""

from collections.abc import Callable, Iterator
from datetime import date
from functools import cached_property
from typing import Literal

from pydantic import Field, model_validator

from prewatt_metering.tariffs.fields import (
    WEEKDAYS,
    MonthDay,
    Name,
    Strict,
    WallClock,
    Weekday,
    minute_of,
    month_day_of,
)
from prewatt_metering.tariffs.holidays import HolidayCalendar

ALL_HOURS = "all"
"""The one name of a tariff without time of use."""

DayKind = Literal["workday", "weekend", "holiday"]


class Season(Strict):
    """From one day of the year to another, both included; may pass the year's end."""

    first: MonthDay
    last: MonthDay

    def holds(self, day: date) -> bool:
        """Whether ``day`` is in it."""
        now = month_day_of(day)
        if self.first <= self.last:
            return self.first <= now <= self.last
        return now >= self.first or now <= self.last


class Slot(Strict):
    """Hours with a name. What is left out does not restrict."""

    name: Name
    begin: WallClock = "00:00"
    end: WallClock = "00:00"
    """Half-open; an end at or before ``begin`` is the next day's; both the same is all day."""
    weekdays: tuple[Weekday, ...] | None = Field(default=None, min_length=1)
    seasons: tuple[Season, ...] | None = Field(default=None, min_length=1)
    days: tuple[DayKind, ...] | None = Field(default=None, min_length=1)
    """A holiday is one whatever its weekday; a weekend that is declared working is a workday."""

    def holds_day(self, day: date, kind: DayKind) -> bool:
        """Whether its day conditions hold."""
        return (
            (self.weekdays is None or WEEKDAYS[day.weekday()] in self.weekdays)
            and (self.seasons is None or any(season.holds(day) for season in self.seasons))
            and (self.days is None or kind in self.days)
        )

    def holds_minute(self, minute: int) -> bool:
        """Whether the wall clock's minute of the day is inside."""
        begin, end = minute_of(self.begin), minute_of(self.end)
        if begin < end:
            return begin <= minute < end
        return begin == end or minute >= begin or minute < end


class TimeOfUse(Strict):
    """Slots in order: the first that holds names the minute, so exceptions stand before rules.

    The wall clock decides, also on days of 23 or 25 hours. A slot that passes midnight asks the
    day conditions of the day on which the minute lies.
    """

    slots: tuple[Slot, ...] = Field(min_length=1, max_length=200)
    holidays: HolidayCalendar | None = None

    @model_validator(mode="after")
    def _covers_everything(self) -> "TimeOfUse":
        _ = self._is_holiday  # raises for a calendar that is not known
        for day, kind in _sorts_of_days(self.seasons):
            rule = self._name_at(day, kind)
            for minute in self.marks:
                if rule(minute) is None:
                    message = (
                        f"no slot covers {minute // 60:02}:{minute % 60:02} on a {kind}"
                        f" {WEEKDAYS[day.weekday()]} like {month_day_of(day)};"
                        " end the list with a slot that has a name and nothing else"
                    )
                    raise ValueError(message)
        return self

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Each name once, in the order of the slots."""
        return tuple(dict.fromkeys(slot.name for slot in self.slots))

    @cached_property
    def marks(self) -> tuple[int, ...]:
        """Minutes of the local day at which the name may change, 0 among them."""
        ends = {minute_of(at) for slot in self.slots for at in (slot.begin, slot.end)}
        return tuple(sorted({0} | ends))

    @property
    def seasons(self) -> tuple[Season, ...]:
        """Those of all slots."""
        return tuple(season for slot in self.slots for season in slot.seasons or ())

    def day_kind(self, day: date) -> DayKind:
        """What ``day`` counts as."""
        holiday = self._is_holiday(day)
        if holiday:
            return "holiday"
        return "weekend" if day.weekday() >= 5 and holiday is None else "workday"

    def name_at(self, day: date) -> Callable[[int], str]:
        """The rule of a day: minute of the wall clock to name."""
        rule = self._name_at(day, self.day_kind(day))

        def name(minute: int) -> str:
            found = rule(minute)
            assert found is not None, f"no slot covers minute {minute} of {day}"
            return found

        return name

    @cached_property
    def _is_holiday(self) -> Callable[[date], bool | None]:
        return self.holidays.lookup() if self.holidays else lambda _: None

    def _name_at(self, day: date, kind: DayKind) -> Callable[[int], str | None]:
        today = [slot for slot in self.slots if slot.holds_day(day, kind)]
        return lambda minute: next((s.name for s in today if s.holds_minute(minute)), None)


def _sorts_of_days(seasons: tuple[Season, ...]) -> Iterator[tuple[date, DayKind]]:
    """One day of every sort that slots can tell apart: each weekday in each stretch of the year, as
    an ordinary day, as a holiday, and a weekend as a declared working day."""
    edges = {"01-01"}
    for season in seasons:
        edges |= {season.first, _day_after(season.last)}
    for edge in sorted(edges):
        for day in _on_each_weekday(edge):
            yield day, "workday"
            yield day, "holiday"
            if day.weekday() >= 5:
                yield day, "weekend"


def _on_each_weekday(month_day: MonthDay) -> Iterator[date]:
    """The day of the year on seven weekdays: in 28 years every date, 29 February too, has all."""
    seen: set[int] = set()
    for year in range(2000, 2028):
        day = _date(year, month_day)
        if day is not None and day.weekday() not in seen:
            seen.add(day.weekday())
            yield day


def _date(year: int, month_day: MonthDay) -> date | None:
    try:
        return date(year, int(month_day[:2]), int(month_day[3:]))
    except ValueError:
        return None


def _day_after(month_day: MonthDay) -> MonthDay:
    day = date.fromisoformat(f"2028-{month_day}")  # a leap year
    return month_day_of(date.fromordinal(day.toordinal() + 1))
