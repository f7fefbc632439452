"""What a calendar holds on each local day, cut where it changes: pure, each day worked out once."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property

from prepay_ledger.policies.values import CalendarHold, HoldReason
from prewatt_common.contracts.supply_calendar_v1 import WEEKDAYS, Calendar, minute_of
from prewatt_metering.calendar.instants import instant_of, us_of
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.calendar.slots import DaySlots, slots_of_day

UNTIL_DAYS_MAX = 400
"""A hold that lasts longer is looked at again then."""
REMEMBERED_MAX = 5_000
_DAY = timedelta(days=1)
_SEPARATOR = "\n"
_NAME = ":"


class DayHolds:
    """A policy's calendar in one zone.

    The wall clock decides: an hour that comes twice holds twice, one that is missing does not hold.
    """

    def __init__(self, calendar: Calendar, days: LocalCalendar) -> None:
        self._calendar = calendar
        self._days = days
        self._slots: dict[date, DaySlots] = {}
        self._until: dict[tuple[str, int], datetime] = {}

    def at(self, at: datetime) -> tuple[CalendarHold, ...]:
        """What holds at an instant, in the order of `HoldReason`."""
        at_us = us_of(at)
        day = self._days.day_of(at_us)
        begin_us, names = _piece(self._of(day).pieces, at_us)
        if not names:
            return ()
        return tuple(
            _hold(name, until=self._end_of(name, day=day, begin_us=begin_us))
            for name in names.split(_SEPARATOR)
        )

    def next_begin(self, at: datetime, *, days: int) -> datetime | None:
        """The first instant from ``at`` on at which something holds, ``at`` itself where something
        does then; none where nothing does to the end of so many local days, that of ``at`` the
        first."""
        at_us = us_of(at)
        first = self._days.day_of(at_us)
        if _piece(self._of(first).pieces, at_us)[1]:
            return at
        for begin_us, names in self._pieces(first, days=days):
            if begin_us > at_us and names:
                return instant_of(begin_us)
        return None

    def _pieces(self, first: date, *, days: int) -> Iterator[tuple[int, str]]:
        for number in range(days):
            yield from self._of(first + number * _DAY).pieces

    def _end_of(self, name: str, *, day: date, begin_us: int) -> datetime:
        """Where the stretch that has ``name`` ends that the piece from ``begin_us`` is part of."""
        key = name, begin_us
        known = self._until.get(key)
        if known is None:
            if len(self._until) >= REMEMBERED_MAX:
                self._until.clear()
            known = self._until[key] = instant_of(self._find_end(name, day, begin_us))
        return known

    def _find_end(self, name: str, day: date, begin_us: int) -> int:
        for next_us, names in self._pieces(day, days=UNTIL_DAYS_MAX):
            if next_us > begin_us and name not in names.split(_SEPARATOR):
                return next_us
        return self._days.first_instant_us(day + UNTIL_DAYS_MAX * _DAY)

    def _of(self, day: date) -> DaySlots:
        known = self._slots.get(day)
        if known is None:
            if len(self._slots) >= REMEMBERED_MAX:
                self._slots.clear()
            known = self._slots[day] = self._slots_of(day)
        return known

    def _slots_of(self, day: date) -> DaySlots:
        all_day = self._all_day(day)
        calendar = self._calendar
        from_minute = (
            minute_of(calendar.before_holiday_from)
            if calendar.before_holiday_from and day + _DAY in self._holidays
            else None
        )

        def names_at(minute: int) -> str:
            names = list(all_day)
            if from_minute is not None and minute >= from_minute:
                names.append(HoldReason.BEFORE_HOLIDAY)
            if any(hours.holds(day, minute) for hours in calendar.friendly_hours):
                names.insert(0, HoldReason.FRIENDLY_HOURS)
            return _SEPARATOR.join(names)

        return slots_of_day(self._days, day, names_at, self._marks)

    def _all_day(self, day: date) -> list[str]:
        calendar = self._calendar
        names: list[str] = []
        if WEEKDAYS[day.weekday()] in calendar.weekdays or any(
            each.holds(day) for each in calendar.nth_weekdays
        ):
            names.append(HoldReason.DAY_OFF)
        if day in self._holidays:
            names.append(HoldReason.PUBLIC_HOLIDAY)
        # Two periods of one name that touch are one to whoever is told of it.
        periods = {each.name for each in calendar.protected_periods if each.holds(day)}
        names += [f"{HoldReason.PROTECTED_PERIOD}{_NAME}{name}" for name in sorted(periods)]
        return names

    @cached_property
    def _holidays(self) -> frozenset[date]:
        return frozenset(self._calendar.public_holidays)

    @cached_property
    def _marks(self) -> tuple[int, ...]:
        """Minutes of the local day at which something may change, 0 among them."""
        calendar = self._calendar
        times = [clock for each in calendar.friendly_hours for clock in (each.begin, each.end)]
        if calendar.before_holiday_from is not None:
            times.append(calendar.before_holiday_from)
        return tuple(sorted({0, *map(minute_of, times)}))


def _piece(pieces: Sequence[tuple[int, str]], at_us: int) -> tuple[int, str]:
    return next(piece for piece in reversed(pieces) if piece[0] <= at_us)


def _hold(name: str, *, until: datetime) -> CalendarHold:
    reason, _, period = name.partition(_NAME)
    return CalendarHold(HoldReason(reason), until, period)
