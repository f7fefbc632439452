"""What a post-paid account has to pay. Money: micro-units."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID


class Period(NamedTuple):
    """A period of an agreement, over the local days [``first``, ``end``), and what it came to."""

    agreement_id: UUID
    first: date
    end: date
    charged_micro: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PostPaid:
    """An account as it stands. ``since``: the first day that it pays afterwards; ``periods``: of
    these days, in their order; ``due_days``: as it was agreed; ``late_micro``: late charges, which
    are in the balance, without what was given up, and without what was paid of them where the
    policy has them paid first."""

    account_id: UUID
    number: str
    currency: str
    balance_micro: int
    limit_micro: int
    late_micro: int = 0
    since: date
    due_days: int
    periods: Sequence[Period]


class Aged(NamedTuple):
    """Arrears by how many days they are overdue; the parts sum to them."""

    days_1_to_30_micro: int
    days_31_to_60_micro: int
    days_61_to_90_micro: int
    over_90_days_micro: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A period that is over. ``unpaid_micro``: what of it nobody has paid yet."""

    period: Period
    due_on: date
    unpaid_micro: int
    is_overdue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Dues:
    """``before_micro``: what was owed before the first of the days and is not paid;
    ``unpaid_micro``: that, and what is unpaid of all periods that are over; ``arrears_micro``: what
    of that is due and not paid, and ``aged`` for how long; ``going_on_micro``: what was charged of
    what is not over; ``late_unpaid_micro``: late charges that nobody has paid, which are in none of
    these; ``above_limit_micro``: how far below what was agreed the balance is."""

    account: PostPaid
    dues: Sequence[Due]
    before_micro: int
    unpaid_micro: int
    arrears_micro: int
    aged: Aged
    going_on_micro: int
    late_unpaid_micro: int
    above_limit_micro: int
