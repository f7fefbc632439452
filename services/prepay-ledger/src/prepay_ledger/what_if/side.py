"""What comes of all accounts of a currency on one side of the comparison."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from prepay_ledger.what_if.hours import Hours, Micro
from prepay_ledger.what_if.values import History, Outcome

RECOVERED_WITHIN_H = 48
"""A top-up counts as recovered by a warning that was given so many hours before at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfAccount:
    """An account on one side: what a row of the report says."""

    cuts: int
    dark_hours: int
    limits: int
    warnings: int
    closing_micro: int
    lowest_micro: int
    not_sold_wh: int
    recovered_micro: int


@dataclass(slots=True, kw_only=True)
class Side:
    """Sums. Money in micro-units; ``below_micro``: as each hour begins, what all owe who are below
    zero. ``dark_hours``: of each account that was without supply at all."""

    hours: Hours
    warned: int = 0
    limited: int = 0
    cut: int = 0
    cuts: int = 0
    not_sold_wh: int = 0
    recovered_micro: int = 0
    dark_hours: list[int] = field(default_factory=list[int])
    below_micro: Micro = field(init=False)
    cuts_by_day: Micro = field(init=False)
    dark_by_hour: Micro = field(init=False)

    def __post_init__(self) -> None:
        self.below_micro = np.zeros(self.hours.count + 1, dtype=np.int64)
        self.cuts_by_day = np.zeros(len(self.hours.days), dtype=np.int64)
        self.dark_by_hour = np.zeros(self.hours.count, dtype=np.int64)

    def add(self, history: History, outcome: Outcome) -> OfAccount:
        """One more account; gives its part."""
        one = of_account(history, outcome)
        self.warned += one.warnings > 0
        self.limited += one.limits > 0
        self.cut += one.cuts > 0
        self.cuts += one.cuts
        self.not_sold_wh += one.not_sold_wh
        self.recovered_micro += one.recovered_micro
        for each in outcome.cuts:
            self.cuts_by_day[self.hours.day_number(each)] += 1
        if one.dark_hours:
            self.dark_hours.append(one.dark_hours)
            self.dark_by_hour += outcome.is_dark
        if one.lowest_micro < 0:
            self.below_micro -= np.minimum(outcome.balance_micro, 0)
        return one

    @property
    def dark_by_day(self) -> Sequence[int]:
        """Hours without supply, of all accounts, in each day."""
        firsts = self.hours.firsts[:-1]
        return np.add.reduceat(self.dark_by_hour, firsts).tolist()

    def dark_percentile(self, percent: int) -> int:
        """Of the accounts without supply at all, by nearest rank; 0 where there are none."""
        if not self.dark_hours:
            return 0
        rank = -(-len(self.dark_hours) * percent // 100)
        return sorted(self.dark_hours)[max(rank, 1) - 1]


def of_account(history: History, outcome: Outcome) -> OfAccount:
    """What came of one."""
    is_cut_off = bool(outcome.is_dark.any())
    return OfAccount(
        cuts=len(outcome.cuts),
        dark_hours=outcome.dark_hours,
        limits=len(outcome.limits),
        warnings=len(outcome.warnings),
        closing_micro=int(outcome.balance_micro[-1]),
        lowest_micro=int(outcome.balance_micro.min()),
        not_sold_wh=int(history.use_wh[outcome.is_dark].sum()) if is_cut_off else 0,
        recovered_micro=_recovered(history, outcome),
    )


def _recovered(history: History, outcome: Outcome) -> int:
    """Of what was paid: what came while there was no supply, or soon after a warning."""
    return sum(
        micro
        for hour, micro in history.topups
        if outcome.is_dark[hour]
        or any(0 <= hour - each <= RECOVERED_WITHIN_H for each in outcome.warnings)
    )
