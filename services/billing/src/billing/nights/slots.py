"""Time as SQL sees it: the slots of some tariffs as rows, and which slot a moment lies in.

What may be charged alike goes into one row: neighbouring slots whose energy adds up under one name
in one stretch of a period (`billing.rerating.charge.spans_of`). Sums by stretch are charged as sums
by day are, and there are a tenth as many.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from math import gcd

import numpy as np
import numpy.typing as npt

from billing.rerating.charge import spans_of
from billing.rerating.tariffs import Tariff
from billing.rerating.use import DaySlot
from prewatt_metering.calendar.instants import MINUTE_US
from prewatt_metering.tariffs.book import NoTariff
from prewatt_metering.tariffs.periods import period_of

Int64s = npt.NDArray[np.int64]
_DAY = timedelta(days=1)
_BUCKET_US = 15 * MINUTE_US


@dataclass(slots=True)
class Labels:
    """Numbers for what energy is summed by, and for periods: SQL carries no names."""

    _day_slots: dict[DaySlot, int] = field(default_factory=dict[DaySlot, int])
    _periods: dict[date, int] = field(default_factory=dict[date, int])

    def of_day_slot(self, key: DaySlot) -> int:
        """The same one each time."""
        return self._day_slots.setdefault(key, len(self._day_slots))

    def of_period(self, first: date) -> int:
        """The same one each time."""
        return self._periods.setdefault(first, len(self._periods))

    def day_slots(self) -> list[DaySlot]:
        """By their numbers."""
        return list(self._day_slots)

    def periods(self) -> list[date]:
        """First days, by their numbers."""
        return list(self._periods)


class Timetable:
    """A tariff's time: its local days' slots, each with the day that its energy is put down to."""

    def __init__(self, tariff: Tariff, *, by_day: bool) -> None:
        """``by_day``: to the day itself, and not to the first one of its stretch."""
        self._tariff = tariff
        self._by_day = by_day
        self._known: dict[date, date] = {}

    def slots(self, begin_us: int, end_us: int) -> Iterator[tuple[int, DaySlot, date]]:
        """(end, what its energy is, first day of its period) of those that [``begin_us``,
        ``end_us``) touches, in order."""
        day = self._tariff.calendar.day_of(begin_us)
        while self._tariff.calendar.first_instant_us(day) < end_us:
            first = period_of(day, cycle=self._tariff.book.cycle).first
            for name, until_us in self._tariff.slots_of(day).ends():
                yield until_us, (self._put_down_to(day), name), first
            day += _DAY

    def _put_down_to(self, day: date) -> date:
        if self._by_day:
            return day
        if day not in self._known:
            self._known |= self._firsts(day)
        return self._known[day]

    def _firsts(self, day: date) -> dict[date, date]:
        """Of each day of the period, the first one of its stretch."""
        book = self._tariff.book
        period = period_of(day, cycle=book.cycle)
        try:
            spans = [each.days for each in spans_of(book=book, period=period, use_wh={})]
        except NoTariff:
            spans = []
        found = {period.first + n * _DAY: period.first for n in range(period.days)}
        for span in spans:
            found |= {span.first + n * _DAY: span.first for n in range(span.days)}
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """Of some timetables one after another, from ``begin_us`` on. A slot goes by its place; it ends
    at ``until_us`` and begins where the one before ends. ``buckets`` gives the place for each
    ``bucket_us`` of each timetable: no slot begins or ends within one."""

    begin_us: int
    bucket_us: int
    buckets_each: int
    buckets: Int64s
    from_us: Int64s
    until_us: Int64s
    label: Int64s
    period: Int64s


def slots_of(
    timetables: Sequence[Timetable], labels: Labels, *, begin_us: int, end_us: int
) -> Slots:
    """Of [``begin_us``, ``end_us``), both UTC midnights."""
    some = [_merged(each.slots(begin_us, end_us), labels) for each in timetables]
    ends = [np.array([until_us for until_us, _, _ in each], np.int64) for each in some]
    bucket_us = gcd(_BUCKET_US, *(int(us) for each in ends for us in each))
    assert bucket_us >= MINUTE_US, "a slot begins within a minute"
    starts = np.arange(begin_us, end_us, bucket_us, dtype=np.int64)
    offsets = np.cumsum([0, *map(len, ends)])
    return Slots(
        begin_us=begin_us,
        bucket_us=bucket_us,
        buckets_each=len(starts),
        buckets=_joined(
            offset + np.searchsorted(each, starts, side="right")
            for offset, each in zip(offsets, ends, strict=False)
        ),
        from_us=_joined(np.concatenate(([begin_us], each[:-1])) for each in ends),
        until_us=_joined(ends),
        label=_column(some, lambda each: each[1]),
        period=_column(some, lambda each: each[2]),
    )


_Row = tuple[int, int, int]


def _merged(slots: Iterator[tuple[int, DaySlot, date]], labels: Labels) -> list[_Row]:
    rows: list[_Row] = []
    for until_us, key, first in slots:
        label, period = labels.of_day_slot(key), labels.of_period(first)
        if rows and rows[-1][1:] == (label, period):
            rows.pop()
        rows.append((until_us, label, period))
    return rows


def _joined(some: Iterable[Int64s]) -> Int64s:
    return np.concatenate([np.empty(0, np.int64), *some])


def _column(some: Sequence[list[_Row]], of: Callable[[_Row], int]) -> Int64s:
    return np.array([of(row) for rows in some for row in rows], np.int64)
