"""What the energy ahead will cost: the tariff's own rules over the period's blocks and slots."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import numpy as np

from prewatt_metering.calendar.instants import DAY_US
from prewatt_metering.forecast.ahead import DaySteps, Ints
from prewatt_metering.forecast.energy import EnergyAhead
from prewatt_metering.forecast.profile import Floats
from prewatt_metering.forecast.run_out import CostsAhead
from prewatt_metering.forecast.terms import ChargeTerms
from prewatt_metering.rating.batch import TooLarge, batchable, charge_batch
from prewatt_metering.rating.charge import charge, parts_of_use
from prewatt_metering.tariffs.periods import Period

_DAY = timedelta(days=1)
_FINE_US = 4 * DAY_US
_FINE_HOURS = 3
"""For the next four days costs are known every three hours, then from midnight to midnight."""
_STRETCHES = 8
_COURSES = 3

Key = tuple[date, str]
"""A day that stands for its part of a period, and a slot."""


def costs_ahead(terms: ChargeTerms, days: Sequence[DaySteps], energy: EnergyAhead) -> CostsAhead:
    """What the three courses cost beyond what the balance has been charged, from the first step's
    begin on. Rounding at a period's end is left out.

    Raises `NoTariff`, `Unrated`, as `charge` does.
    """
    begin_us = int(days[0].begin_us[0])
    points = _points(days, energy.end_us, begin_us)
    first_step = np.cumsum([0, *(len(each.hour) for each in days)])
    of_day = np.searchsorted(first_step, points, side="right") - 1
    # At its end a day's successor has begun, and owes its standing charge.
    is_over = points + 1 == first_step[of_day + 1]
    reached = days[0].day.toordinal() + of_day + is_over
    micro = np.zeros((_COURSES, len(points)), np.int64)
    step_wh = np.diff(energy.wh, axis=1, prepend=0.0)
    years = [dict(terms.year_before_wh) for _ in range(_COURSES)]
    for period in _periods(terms, days[0].day, date.fromordinal(int(reached[-1]))):
        work = _Work(terms, period, days, first_step, step_wh)
        micro += work.micro(points, reached, years)
        if terms.book.has_annual_blocks:
            years = [work.year_after(course, years[course]) for course in range(_COURSES)]
    micro = np.maximum.accumulate(np.sort(micro, axis=0), axis=1)
    low, middle, high = (tuple(each.tolist()) for each in np.maximum(micro, 0))
    return CostsAhead(
        at_us=(begin_us, *energy.end_us[points].tolist()),
        low_micro=(0, *low),
        middle_micro=(0, *middle),
        high_micro=(0, *high),
    )


def _points(days: Sequence[DaySteps], end_us: Ints, begin_us: int) -> Ints:
    """Steps at whose ends costs are worked out: the last of each stretch."""
    day = np.concatenate([np.full(len(each.hour), each.day.toordinal()) for each in days])
    hour = np.concatenate([each.hour for each in days])
    stretch = day * _STRETCHES + np.where(
        end_us <= begin_us + _FINE_US, hour // _FINE_HOURS, _STRETCHES - 1
    )
    return np.flatnonzero(np.append(stretch[1:] != stretch[:-1], True))


def _periods(terms: ChargeTerms, first: date, last: date) -> list[Period]:
    found: list[Period] = []
    day = first
    while day <= max(last, terms.charged_day):
        found.append(terms.period_of(day))
        day = found[-1].end
    return found


class _Work:
    """One period: its energy so far and ahead, by key."""

    def __init__(
        self,
        terms: ChargeTerms,
        period: Period,
        days: Sequence[DaySteps],
        first_step: Ints,
        step_wh: Floats,
    ) -> None:
        so_far = terms.so_far.get(period.first, {})
        keys: dict[Key, int] = {key: number for number, key in enumerate(so_far)}
        of_period = [place for place, each in enumerate(days) if each.day in period]
        key_of: list[Ints] = [np.zeros(0, np.int64)]
        for each in (days[place] for place in of_period):
            part = max(terms.part_of(each.day), period.first)
            numbers = [keys.setdefault((part, name), len(keys)) for name in each.names]
            key_of.append(np.array(numbers, np.int64)[each.slot])
        self._terms, self._period, self._keys = terms, period, tuple(keys)
        self._begin = int(first_step[of_period[0]]) if of_period else 0
        self._end = int(first_step[of_period[-1] + 1]) if of_period else 0
        self._before = np.zeros(len(keys))
        self._before[: len(so_far)] = list(so_far.values())
        numbers = np.concatenate(key_of)
        self._wh = [
            self._before + _risen(row[self._begin : self._end], numbers, len(keys))
            for row in step_wh
        ]

    def micro(self, points: Ints, reached: Ints, years: Sequence[Mapping[str, int]]) -> Ints:
        """What the period comes to at each point, less what of it is charged: a row a course.
        ``reached``: the day that has begun by then, as an ordinal."""
        terms = self._terms
        upto = np.clip(points + 1, self._begin, self._end) - self._begin
        charged = terms.charged_day.toordinal()
        days = self._served_days(np.maximum(reached, charged))
        rate = _Rate(terms, self._period, self._keys)
        # What is charged by now, by the energy so far: of each course's own year.
        wh = np.concatenate(
            [rows for each in self._wh for rows in (self._before[None], each[upto])]
        )
        now = self._served_days(np.array([charged]))
        micro = rate.micro(wh, np.tile(np.concatenate([now, days]), _COURSES), years)
        by_course = micro.reshape(_COURSES, len(points) + 1)
        return by_course[:, 1:] - by_course[:, :1]

    def _served_days(self, day: Ints) -> Ints:
        """Of the period's days, those that owe standing charge once ``day`` has begun."""
        first = max(self._period.first, self._terms.first_day).toordinal()
        end_day = self._terms.end_day
        end = min(self._period.end, end_day or self._period.end).toordinal()
        return np.clip(day + 1, first, max(first, end)) - first

    def year_after(self, course: int, before: Mapping[str, int]) -> dict[str, int]:
        """Energy by slot of the calendar year before the period that follows."""
        year = self._period.end.year
        total = dict(before) if self._period.first.year == year else {}
        for (day, slot), wh in zip(self._keys, self._wh[course][-1].tolist(), strict=True):
            if day.year == year:
                total[slot] = total.get(slot, 0) + round(wh)
        return total


def _risen(step_wh: Floats, key_of: Ints, keys: int) -> Floats:
    """Energy by key before the first step, and after each."""
    steps = np.zeros((len(step_wh) + 1, keys))
    steps[np.arange(1, len(step_wh) + 1), key_of] = step_wh
    return np.cumsum(steps, axis=0)


class _Rate:
    """A period's charge by the energy of its keys and the days served: in columns where one version
    rates it that can be, one by one elsewhere."""

    def __init__(self, terms: ChargeTerms, period: Period, keys: tuple[Key, ...]) -> None:
        self._terms, self._period, self._keys = terms, period, keys
        version, span = terms.book.parts_of(period)[0]
        self._version = version if span == period and batchable(version) else None

    def micro(self, wh: Floats, days: Ints, years: Sequence[Mapping[str, int]]) -> Ints:
        """``wh``: a row a case, a column a key; as many cases of each of ``years``."""
        whole = np.rint(wh).astype(np.int64)
        if self._version is not None:
            names = self._version.slot_names
            by_slot = np.zeros((len(whole), len(names)), np.int64)
            for column, (_, slot) in enumerate(self._keys):
                by_slot[:, names.index(slot)] += whole[:, column]
            try:
                return charge_batch(
                    version=self._version, period=self._period, energy_wh=by_slot, days=days
                ).total_micro
            except TooLarge:
                pass
        each = len(whole) // len(years)
        return np.array(
            [
                self._one(row, served, years[case // each])
                for case, (row, served) in enumerate(
                    zip(whole.tolist(), days.tolist(), strict=True)
                )
            ],
            np.int64,
        )

    def _one(self, row: Sequence[int], served_days: int, year: Mapping[str, int]) -> int:
        first = max(self._period.first, self._terms.first_day)
        parts = parts_of_use(
            book=self._terms.book,
            period=self._period,
            use_wh=dict(zip(self._keys, row, strict=True)),
            served=Period(first, first + served_days * _DAY) if served_days else None,
        )
        return charge(
            period=self._period,
            parts=parts,
            year_before_wh=year,
            enterprise=self._terms.enterprise,
        ).total_micro
