"""A range of local days as hours, and what is spread over them: pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from prewatt_metering.calendar.instants import HOUR_US, instant_of, us_of
from prewatt_metering.calendar.local import LocalCalendar

_DAY = timedelta(days=1)

Micro: TypeAlias = NDArray[np.int64]
"""Micro-units, or Wh, of each hour."""
Flags: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours of local days: number ``n`` begins at ``begin_us`` and so many hours.

    ``firsts``: of each day the number of the first hour that begins in it, and then how many there
    are in all: a day has 23, 24 or 25.
    """

    zone: ZoneInfo
    days: tuple[date, ...]
    begin_us: int
    firsts: tuple[int, ...]
    day_of: Micro = field(repr=False, compare=False)
    """Of each hour, in which of `days` it begins."""

    @property
    def count(self) -> int:
        """How many."""
        return self.firsts[-1]

    @property
    def begins_at(self) -> datetime:
        """The range's first instant."""
        return instant_of(self.begin_us)

    @property
    def ends_at(self) -> datetime:
        """The first instant after it."""
        return self.at(self.count)

    def at(self, number: int) -> datetime:
        """When an hour begins."""
        return instant_of(self.begin_us + number * HOUR_US)

    def from_on(self, at: datetime) -> int:
        """The first hour that begins at an instant or later; past the range more than `count`."""
        return -((self.begin_us - us_of(at)) // HOUR_US)

    def day_number(self, number: int) -> int:
        """In which of `days` an hour begins."""
        return int(self.day_of[number])

    def evenly(self, totals: Sequence[int]) -> Micro:
        """Of each day its total, in parts for its hours that differ by 1 at most."""
        firsts = np.array(self.firsts, dtype=np.int64)
        total = np.array(totals, dtype=np.int64)[self.day_of]
        place = np.arange(self.count, dtype=np.int64) - firsts[self.day_of]
        length = np.diff(firsts)[self.day_of]
        return total * (place + 1) // length - total * place // length


def hours_of(first: date, last: date, zone: ZoneInfo) -> Hours:
    """Those of the local days from ``first`` to ``last``, both included."""
    calendar = LocalCalendar(zone)
    days = tuple(first + number * _DAY for number in range((last - first).days + 1))
    begin_us = calendar.first_instant_us(first)
    firsts = [-((begin_us - calendar.first_instant_us(each)) // HOUR_US) for each in days]
    firsts.append(-((begin_us - calendar.end_us(last)) // HOUR_US))
    day_of = np.repeat(np.arange(len(days), dtype=np.int64), np.diff(firsts))
    return Hours(zone, days, begin_us, tuple(firsts), day_of)


def evenly(total: int, parts: int) -> Micro:
    """``total`` in ``parts`` integers that differ by 1 at most and sum to it."""
    return np.diff(total * np.arange(parts + 1, dtype=np.int64) // parts)


def spread(total: int, *, lit: Flags, known: Sequence[tuple[int, int]] = ()) -> Micro:
    """What a day's ``total`` was hour by hour: evenly over the hours in which there was supply,
    over all where there was in none.

    ``known``: how much it was by the begin of an hour of the day, where that is known, in order of
    the hours: it is met, and the rest is spread between.
    """
    count = len(lit)
    found = np.zeros(count, dtype=np.int64)
    begin, done = 0, 0
    for end, upto in (*((hour, upto) for hour, upto in known if 0 < hour < count), (count, total)):
        if end == begin:
            continue
        hours = np.flatnonzero(lit[begin:end]) + begin
        if not len(hours):
            hours = np.arange(begin, end)
        found[hours] = evenly(upto - done, len(hours))
        begin, done = end, upto
    return found
