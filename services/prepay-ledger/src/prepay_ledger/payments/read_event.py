"""What is to be done about what a provider tells: payments, and what moves them, are applied; all
else is kept for a person."""

from dataclasses import dataclass
from typing import TypeAlias

from prepay_ledger.payments.values import EventOutcome, Payment
from prepay_ledger.providers.values import Kind, MandateGone, Other, Reading, Told, Unreadable


@dataclass(frozen=True, slots=True)
class Paid:
    """An event that tells of a payment."""

    type: str
    payment: Payment
    request_id: str = ""
    """Of the request that it was asked for by, as the event names it."""


@dataclass(frozen=True, slots=True)
class Moved:
    """An event that tells of money that went back of a payment, or came back to it."""

    type: str
    provider: str
    told: Told


@dataclass(frozen=True, slots=True)
class NotPaid:
    """An event that tells of a payment that did not come about."""

    type: str
    provider: str
    payment_id: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Gone:
    """An event that tells of a mandate by which nothing can be asked for any more."""

    type: str
    provider: str
    reference: str


@dataclass(frozen=True, slots=True)
class NotApplied:
    """An event that is kept as it is."""

    type: str | None
    payment_id: str | None
    outcome: EventOutcome
    reason: str


Applicable: TypeAlias = Paid | Moved | NotPaid | Gone
ReadEvent: TypeAlias = Applicable | NotApplied


def read_event(*, provider: str, reading: Reading) -> ReadEvent:
    """What is to be done about what ``provider`` tells."""
    match reading:
        case Unreadable(kind, reason):
            return NotApplied(kind, None, EventOutcome.UNREADABLE, reason)
        case Other(kind, reason):
            return NotApplied(kind, None, EventOutcome.UNKNOWN_TYPE, reason)
        case Told(kind=Kind.PAID):
            return Paid(reading.type, _payment(provider, reading), reading.request_id)
        case Told(kind=Kind.FAILED):
            return NotPaid(reading.type, provider, reading.payment_id, reading.request_id)
        case MandateGone(kind, reference):
            return Gone(kind, provider, reference)
        case Told():
            return Moved(reading.type, provider, reading)


def payment_id_of(read: ReadEvent) -> str | None:
    """The provider's id of the payment that an event is about; none where it is about none."""
    match read:
        case Paid():
            return read.payment.payment_id
        case Moved():
            return read.told.payment_id
        case NotPaid() | NotApplied():
            return read.payment_id
        case Gone():
            return None


def _payment(provider: str, told: Told) -> Payment:
    return Payment(
        provider=provider,
        payment_id=told.payment_id,
        account_number=told.account_number,
        amount_micro=told.amount_micro,
        currency=told.currency,
    )
