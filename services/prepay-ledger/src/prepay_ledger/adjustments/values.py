"""Adjustments of balances, and transfers between them, in integer micro-units."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from prepay_ledger.journal.values import UtilityAccount


class Cause(StrEnum):
    """Why a balance is adjusted. The utility's books keep each apart."""

    GOODWILL = "goodwill"
    """Given, without any fault of ours: never taken."""
    COMPENSATION = "compensation"
    """Owed by law or contract, such as for a late repair: never taken."""
    FEE = "fee"
    """For a service, such as a test of the meter: never given."""
    UNMETERED_USE = "unmetered-use"
    """Used past the meter: never given."""
    CHARGE_ERROR = "charge-error"
    """Charged too much or too little, where no correction of a reading or tariff can say so."""
    PAYMENT_ERROR = "payment-error"
    """Too much or too little of a payment reached the account."""
    TAKE_OVER = "take-over"
    """The balance that was brought from another system was wrong."""


def adjusted(cause: Cause) -> str:
    """The ledger account of what adjustments for ``cause`` have cost, below zero, or brought."""
    return f"{UtilityAccount.ADJUSTMENTS}:{cause}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentOrder:
    """What is asked for. ``key``: the Idempotency-Key of ``who``. ``may_overdraw``: the balance may
    fall below what may be used, which takes two people."""

    key: str
    account_id: UUID
    amount_micro: int
    """Given; below zero: taken."""
    cause: Cause
    may_overdraw: bool
    who: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """A balance that was adjusted. ``order.who`` asked for it, at ``at`` it was done.
    ``proposal_id``: by which a second person approved; none: it took one person."""

    id: UUID
    order: AdjustmentOrder
    currency: str
    balance_micro: int
    """After it."""
    proposal_id: UUID | None
    journal_id: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferOrder:
    """Likewise, between two accounts of one currency. ``may_overdraw``: of the one it is taken
    from."""

    key: str
    from_account_id: UUID
    to_account_id: UUID
    amount_micro: int
    may_overdraw: bool
    who: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Money that was moved between two accounts; the balances are those after it."""

    id: UUID
    order: TransferOrder
    currency: str
    from_balance_micro: int
    to_balance_micro: int
    proposal_id: UUID | None
    journal_id: int
    at: datetime
