"""Instalments of debts in a forecast: pure.

They are taken only from what lies above the warning (`debts.rules.payable_micro`), so they start no
cut, and bring a far end nearer. As far ahead as nobody pays in, a balance only falls: an instalment
that cannot be taken when it is due is not taken later either.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from prepay_ledger.debts.rules import due_micro, payable_micro, taken
from prepay_ledger.debts.values import Debt
from prewatt_metering.calendar.instants import us_of
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.forecast.run_out import CostsAhead, Course


class Due(NamedTuple):
    """What is asked for, and when."""

    at_us: int
    amount_micro: int


def dues_of(
    debts: Sequence[Debt],
    *,
    calendar: LocalCalendar,
    now: datetime,
    not_before: datetime | None,
    days_ahead: int,
) -> Sequence[Due]:
    """Of an account's debts as planned, in order of time. ``not_before``: nothing is taken sooner,
    as supply came back lately. ``calendar``: of the tariff, by which days fall due."""
    begin = now if not_before is None else max(now, not_before)
    today = calendar.day_of(us_of(begin))
    end = calendar.day_of(us_of(now)) + timedelta(days=days_ahead)
    found = [
        Due(max(us_of(begin), calendar.first_instant_us(day)), micro)
        for debt in debts
        for day, micro in _asked(debt, today, end)
    ]
    return sorted(found)


def _asked(debt: Debt, today: date, end: date) -> Iterator[tuple[date, int]]:
    """As if all that is asked for were paid: an instalment a month, with what is overdue in the
    months after it, from when a pause is over."""
    days = {today, *(each.due_on for each in debt.ahead)}
    if debt.paused_until is not None:
        days.add(debt.paused_until)
    month = today.replace(day=1)
    while month < end:
        days.add(month)
        month = (month + timedelta(days=31)).replace(day=1)
    for day in sorted(each for each in days if today <= each < end):
        micro = due_micro(debt, day)
        if micro:
            yield day, micro
            debt = taken(replace(debt, paid_micro=debt.paid_micro + micro), micro, day)


def with_instalments(
    costs: CostsAhead, dues: Sequence[Due], *, balance_micro: int, keep_above_micro: int
) -> CostsAhead:
    """``costs`` with what each course can pay of ``dues``. ``balance_micro``: as of the first
    instant; ``keep_above_micro``: what is left of it. The course of those who use least pays most:
    where that crosses another, the lower sum is the lower course's still."""
    first_us, last_us = costs.at_us[0], costs.at_us[-1]
    dues = [Due(max(each.at_us, first_us), each.amount_micro) for each in dues]
    dues = [each for each in dues if each.at_us < last_us]
    if not dues:
        return costs
    # What is taken is taken at once: just after the instant it is gone.
    steps = {us for each in dues for us in (each.at_us, each.at_us + 1)}
    at_us = tuple(sorted({*costs.at_us, *steps}))
    courses = [
        _paying(costs, course, dues, at_us, balance_micro - keep_above_micro) for course in Course
    ]
    low, middle, high = zip(*(sorted(each) for each in zip(*courses, strict=True)), strict=True)
    return CostsAhead(at_us=at_us, low_micro=low, middle_micro=middle, high_micro=high)


def _paying(
    costs: CostsAhead, course: Course, dues: Sequence[Due], at_us: Sequence[int], spare_micro: int
) -> list[int]:
    """What one course costs until each instant, with what it paid before."""
    paid: list[Due] = []
    for each in dues:
        spent = costs.until(each.at_us, course) or 0
        gone = spent + sum(one.amount_micro for one in paid)
        micro = payable_micro(
            each.amount_micro, balance_micro=spare_micro - gone, keep_above_micro=0
        )
        if micro:
            paid.append(Due(each.at_us, micro))
    return [
        (costs.until(us, course) or 0) + sum(one.amount_micro for one in paid if one.at_us < us)
        for us in at_us
    ]
