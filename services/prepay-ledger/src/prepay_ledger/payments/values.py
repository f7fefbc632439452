"""Payments, signed events and what became of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID


def payment_lock(*, provider: str, payment_id: str) -> str:
    """The lock of a payment, which may not have come yet."""
    return f"payment/{provider}/{payment_id}"


def event_lock(*, provider: str, event_id: str) -> str:
    """The lock of all events of that id."""
    return f"payment-event/{provider}/{event_id}"


class PaymentOutcome(StrEnum):
    """What became of a payment's money."""

    CREDITED = "credited"
    SUSPENSE = "suspense"
    RETURNED = "returned"
    """It was in suspense and is to go back to its payer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money that a provider says it has taken for us."""

    provider: str
    payment_id: str
    account_number: str
    amount_micro: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPayment:
    """A payment as it stands. ``reason``: why it went to suspense, empty where it did not."""

    id: UUID
    """Ours; the provider's own is ``payment.payment_id``."""
    payment: Payment
    outcome: PaymentOutcome
    reason: str
    account_id: UUID | None
    """Who has the money."""
    taken_back_micro: int = 0
    """What of it the provider has taken back since."""
    received_at: datetime | None = None
    """None of one that is not stored yet."""
    by_settlement: bool = False
    """It is known from what its provider settled: a webhook may come later, and name an account
    that the file did not."""

    @property
    def left(self) -> Payment:
        """What of it is still there."""
        return replace(self.payment, amount_micro=self.payment.amount_micro - self.taken_back_micro)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topup:
    """A payment as it reached an account: what of it went where, and what could be used then. What
    repaid emergency credit, paid debts, and was added to the rest of the balance sums to it."""

    account_id: UUID
    journal_id: int
    amount_micro: int
    repaid_micro: int
    """Of emergency credit."""
    paid_off: Mapping[UUID, int]
    """What each debt was paid."""
    balance_micro: int
    """After all that."""
    left_micro: int
    """What could be used until the cut."""
    above_maximum_micro: int = 0
    """By how much the balance was above what the policy has as its maximum; not more than the
    payment."""

    @property
    def debts_micro(self) -> int:
        """What debts were paid of it."""
        return sum(self.paid_off.values())

    @property
    def added_micro(self) -> int:
        """What went neither to debts nor to emergency credit."""
        return self.amount_micro - self.repaid_micro - self.debts_micro


class ResolutionAction(StrEnum):
    """What a person did with money in suspense."""

    ASSIGNED = "assigned"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """Where money in suspense went, who said so, and why."""

    action: ResolutionAction
    account_id: UUID | None
    who: str
    reason: str
    journal_id: int
    at: datetime


class EventOutcome(StrEnum):
    """What became of an event."""

    CREDITED = "credited"
    SUSPENSE = "suspense"
    REPEATED = "repeated"
    """It tells of a payment that another event had told of."""
    UNKNOWN_TYPE = "unknown-type"
    """It is about no money, or we do not know such events yet."""
    UNREADABLE = "unreadable"
    """Not what it has to be, for somebody else, or of no amount that could be credited: the reason
    names the field."""
    CONFLICT = "conflict"
    """It contradicts an event or payment that came before; the first holds."""
    FAILED = "failed"
    """A fault of ours while it was applied."""
    TAKEN_BACK = "taken-back"
    """It tells of money that went back of a payment, or came back to it: that is moved."""
    PARKED = "parked"
    """Its payment has not come yet: it is moved as it does."""
    EXCESS = "excess"
    """More went back than was paid. What was paid is moved."""
    NOT_PAID = "not-paid"
    """A payment that did not come about: nothing to apply, and nothing for a person to do."""
    MANDATE_GONE = "mandate-gone"
    """A mandate by which nothing can be asked for any more: it is suspended, if it is ours."""


APPLIED = frozenset(
    {
        EventOutcome.CREDITED,
        EventOutcome.SUSPENSE,
        EventOutcome.REPEATED,
        EventOutcome.TAKEN_BACK,
        EventOutcome.EXCESS,
    }
)
"""What tells of a payment that is known by now."""
NOT_APPLIED = frozenset(EventOutcome) - APPLIED - {EventOutcome.NOT_PAID, EventOutcome.MANDATE_GONE}
"""What moved no money and waits, for a person or for its payment."""
OPEN = NOT_APPLIED | {EventOutcome.EXCESS}
"""What a person has to look at, unless it was dealt with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentEventRow:
    """A signed event as it is kept, without its body. ``open``: not applied, and no person has
    dealt with it."""

    id: UUID
    """Ours; the provider's own is ``event_id``."""
    provider: str
    event_id: str
    body_sha256: bytes
    type: str | None
    payment_id: str | None
    outcome: EventOutcome
    reason: str
    open: bool


@dataclass(frozen=True, slots=True)
class KeptBody:
    """What an event said. ``body``: the bytes that were signed. ``plain``: as they are read;
    another where the provider encrypts and one of its keys opened it."""

    body: bytes
    plain: bytes
