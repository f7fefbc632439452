"""The hours ahead: each with its length, its hour on the wall clock, its slot, and its sort of day.

What is the same for all accounts of a tariff is worked out once a day and remembered.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from prewatt_metering.calendar.instants import HOUR_US
from prewatt_metering.calendar.local import LocalCalendar, local_minute
from prewatt_metering.calendar.slots import DaySlots
from prewatt_metering.forecast.profile import HOURS

Ints = NDArray[np.int64]
REMEMBERED_DAYS_MAX = 1_000
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DaySteps:
    """A local day, cut where an hour of the wall clock or a slot begins."""

    day: date
    is_off: bool
    begin_us: Ints
    end_us: Ints
    hour: Ints
    slot: Ints
    """Of each step, as a place in ``names``."""
    names: tuple[str, ...]


class DaysAhead:
    """The days of one tariff and one calendar of days off, each worked out once."""

    def __init__(
        self,
        calendar: LocalCalendar,
        slots_of: Callable[[date], DaySlots],
        is_off: Callable[[date], bool],
    ) -> None:
        self.calendar = calendar
        self.is_off = is_off
        self._slots_of = slots_of
        self._days: dict[date, DaySteps] = {}

    def day(self, day: date) -> DaySteps:
        """Its steps, in order. A skipped day has none."""
        known = self._days.get(day)
        if known is None:
            if len(self._days) >= REMEMBERED_DAYS_MAX:
                self._days.clear()
            known = self._days[day] = self._steps(day)
        return known

    def from_(self, at_us: int, *, days: int) -> list[DaySteps]:
        """So many local days with their steps, that of ``at_us`` the first, in it what is left."""
        first = self.calendar.day_of(at_us)
        today = self.day(first)
        left = today.end_us > at_us
        rest = DaySteps(
            first,
            today.is_off,
            np.maximum(today.begin_us[left], at_us),
            today.end_us[left],
            today.hour[left],
            today.slot[left],
            today.names,
        )
        return [rest, *(self.day(first + number * _DAY) for number in range(1, days))]

    def _steps(self, day: date) -> DaySteps:
        slots = self._slots_of(day)
        begin_us, end_us = self.calendar.first_instant_us(day), slots.end_us
        # Whole hours from the day's first instant on are whole hours of the clock, but for zones
        # and changes of half an hour: there a step is called by the hour in which it begins.
        cuts = {*range(begin_us, end_us, HOUR_US), *(at_us for at_us, _ in slots.pieces)}
        begins = sorted(cuts)
        changes = len(self.calendar.clock_changes(day)) > 0
        is_even = not changes and local_minute(self.calendar, begin_us) == 0
        hours = [
            (at_us - begin_us) // HOUR_US % HOURS
            if is_even
            else local_minute(self.calendar, at_us) // 60
            for at_us in begins
        ]
        slot_of = [slots.name_at(at_us) for at_us in begins]
        names = tuple(dict.fromkeys(slot_of))
        return DaySteps(
            day,
            self.is_off(day),
            np.array(begins, np.int64),
            np.array([*begins[1:], end_us][: len(begins)], np.int64),
            np.array(hours, np.int64),
            np.array([names.index(each) for each in slot_of], np.int64),
            names,
        )
