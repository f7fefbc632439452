"""A statement of a period. Money: micro-units; what is owed is above zero, credit below."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID


class PeriodKey(NamedTuple):
    """A period of an agreement of an account."""

    account_id: UUID
    agreement_id: UUID
    period_first: date


class Period(NamedTuple):
    """``end``: the day after its last."""

    key: PeriodKey
    end: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What the statement before it said, or what the account came with as it became post-paid.
    ``posted_micro``: what all periods up to its own had come to; ``paid_micro``: all payments;
    ``late_micro``: all late charges."""

    owed_micro: int
    posted_micro: int
    paid_micro: int
    late_micro: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What is known of an account as a statement of a period is written. ``charged``: what the
    period came to, by ledger account; ``posted_micro``: what it and all earlier ones of this
    post-paid time came to; ``later_micro``: what later ones did; ``paid_micro``: all payments,
    without what was taken back; ``late_micro``: all late charges, without what was given up.
    ``due_days``: as it was agreed."""

    number: str
    currency: str
    balance_micro: int
    period_end: date
    energy_wh: int
    charged: Mapping[str, int]
    posted_micro: int
    later_micro: int
    paid_micro: int
    late_micro: int
    due_days: int
    before: Before


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """``brought_micro + charged_micro + corrected_micro + late_micro - paid_micro - given_micro``
    is ``owed_micro``. ``corrected_micro``: what earlier periods came to more since the statement
    before; ``late_micro``: late charges since then, below zero: given back; ``given_micro``:
    whatever else moved the balance in the customer's favour, such as an adjustment or a deposit
    that was drawn; below zero: to its cost."""

    brought_micro: int
    charged_micro: int
    corrected_micro: int
    paid_micro: int
    given_micro: int
    late_micro: int
    owed_micro: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """As it was issued, never changed. ``number``: of all statements of the utility, one after the
    other, none left out. ``charged``: by ledger account, which sum to what was charged."""

    id: UUID
    number: int
    key: PeriodKey
    account_number: str
    currency: str
    period_end: date
    energy_wh: int
    charged: Mapping[str, int]
    amounts: Amounts
    posted_total_micro: int
    paid_total_micro: int
    late_total_micro: int
    due_on: date
    issued_at: datetime
