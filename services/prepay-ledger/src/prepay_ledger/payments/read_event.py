"""What becomes of what a provider tells: payments are applied, all else is kept for a person."""

from dataclasses import dataclass
from typing import TypeAlias

from prepay_ledger.payments.values import EventOutcome, Payment
from prepay_ledger.providers.values import Kind, Other, Reading, Told, Unreadable

_OUTCOMES = {
    Kind.REFUNDED: EventOutcome.REFUND,
    Kind.REVERSED: EventOutcome.REVERSAL,
    Kind.DISPUTED: EventOutcome.DISPUTE,
    Kind.DISPUTE_WON: EventOutcome.DISPUTE_WON,
    Kind.DISPUTE_LOST: EventOutcome.DISPUTE_LOST,
    Kind.FAILED: EventOutcome.NOT_PAID,
    Kind.REFUND_FAILED: EventOutcome.REFUND_FAILED,
}


@dataclass(frozen=True, slots=True)
class Paid:
    """An event that tells of a payment."""

    type: str
    payment: Payment


@dataclass(frozen=True, slots=True)
class NotApplied:
    """An event that is kept as it is."""

    type: str | None
    payment_id: str | None
    outcome: EventOutcome
    reason: str


ReadEvent: TypeAlias = Paid | NotApplied


def read_event(*, provider: str, reading: Reading) -> ReadEvent:
    """What is to be done about what ``provider`` tells."""
    match reading:
        case Unreadable(kind, reason):
            return NotApplied(kind, None, EventOutcome.UNREADABLE, reason)
        case Other(kind, reason):
            return NotApplied(kind, None, EventOutcome.UNKNOWN_TYPE, reason)
        case Told(kind=Kind.PAID):
            return Paid(reading.type, _payment(provider, reading))
        case Told():
            outcome = _OUTCOMES[reading.kind]
            return NotApplied(reading.type, reading.payment_id, outcome, _says(reading))


def payment_id_of(read: ReadEvent) -> str | None:
    """The provider's id of the payment that an event is about; none where it is about none."""
    return read.payment.payment_id if isinstance(read, Paid) else read.payment_id


def _payment(provider: str, told: Told) -> Payment:
    return Payment(
        provider=provider,
        payment_id=told.payment_id,
        account_number=told.account_number,
        amount_micro=told.amount_micro,
        currency=told.currency,
    )


def _says(told: Told) -> str:
    if told.kind is Kind.FAILED:
        return f"payment {told.payment_id} was not paid: there is nothing to apply"
    so_far = ", all that was refunded so far" if told.cumulative else ""
    return (
        f"{told.kind} {told.movement_id} of payment {told.payment_id}: {told.amount_micro}"
        f" micro-units {told.currency}{so_far}; it is not applied by itself yet"
    )
