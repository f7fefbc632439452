"""What Stripe's events tell (docs.stripe.com/api/events/types).

A payment is its payment intent: ``payment_intent.succeeded`` and ``charge.succeeded`` of the same
one tell of the same money. The account number is ``metadata.account_number`` of the payment
intent, which Stripe copies to its charge.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import Field, ValidationError

from prepay_ledger.providers.amounts import micro_of_minor
from prepay_ledger.providers.reading import Document, Movement, ProviderId, type_of, unreadable
from prepay_ledger.providers.values import Kind, MandateGone, Other, Reading, Told

_INQUIRY = "warning_"
"""How the states of disputes begin that are questions yet: no money has moved."""


class _Data(Document):
    object: dict[str, Any]


class _Event(Document):
    type: str
    created: int | None = Field(default=None, ge=0, lt=2**36)
    data: _Data


class _Money(Document):
    """What the objects of all these events have. ``currency`` in lower case."""

    id: ProviderId
    currency: str
    status: str | None = None
    payment_intent: ProviderId | None = None
    charge: ProviderId | None = None
    metadata: dict[str, str] = Field(default_factory=dict)


class _Intent(_Money):
    amount: int
    amount_received: int = 0


class _Charge(_Money):
    amount: int
    amount_captured: int | None = None
    captured: bool = True


class _Amount(_Money):
    """A refund or a dispute."""

    amount: int


class _Method(Document):
    """A stored payment method, or a mandate for one."""

    id: ProviderId
    payment_method: ProviderId | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True)
class _Moved:
    kind: Kind
    money: _Money
    amount: int
    payment_id: str


def read_event(plain: bytes) -> Reading:
    """Never raises."""
    try:
        event = _Event.model_validate_json(plain)
    except ValidationError as error:
        return unreadable(None, error)
    kind = type_of(event.type)
    try:
        if (reference := _gone(kind, event.data.object)) is not None:
            return MandateGone(kind, reference)
        moved = _moved(kind, event.data.object)
        if isinstance(moved, str):
            return Other(kind, moved)
        currency = moved.money.currency.upper()
        movement = Movement(
            payment_id=moved.payment_id,
            # Of a payment its own id, whichever object told of it.
            movement_id=moved.payment_id if moved.kind is Kind.PAID else moved.money.id,
            account_number=moved.money.metadata.get("account_number", ""),
            amount_micro=micro_of_minor(moved.amount, currency),
            currency=currency,
            request_id=moved.money.metadata.get("request_id", ""),
            at=None if event.created is None else datetime.fromtimestamp(event.created, UTC),
        )
    except ValidationError as error:
        return unreadable(kind, error)
    return Told(kind=moved.kind, type=kind, **movement.model_dump())


def _gone(kind: str, document: dict[str, Any]) -> str | None:
    """The payment method by which nothing can be asked for any more. Raises ValidationError."""
    match kind:
        case "payment_method.detached":
            return _Method.model_validate(document).id
        case "mandate.updated":
            mandate = _Method.model_validate(document)
            return mandate.payment_method if mandate.status == "inactive" else None
        case _:
            return None


def _moved(kind: str, document: dict[str, Any]) -> _Moved | str:
    """What has moved, or why nothing has. Raises ValidationError."""
    match kind.split("."):
        case ["payment_intent", "succeeded" | "payment_failed"]:
            return _intended(kind, _Intent.model_validate(document))
        case ["charge", "succeeded" | "captured" | "failed"]:
            return _charged(kind, _Charge.model_validate(document))
        case ["refund", "created" | "updated" | "failed"] | ["charge", "refund", "updated"]:
            return _refunded(_Amount.model_validate(document))
        case ["charge", "dispute", ("created" | "closed" | "funds_withdrawn" | "funds_reinstated")]:
            return _disputed(kind, _Amount.model_validate(document))
        case ["charge", "refunded"]:
            return "the sum of a charge's refunds; refund.created and refund.updated tell of each"
        case _:
            return f"events of type {kind} are not known yet"


def _intended(kind: str, intent: _Intent) -> _Moved:
    if kind == "payment_intent.succeeded":
        return _Moved(Kind.PAID, intent, intent.amount_received, intent.id)
    return _Moved(Kind.FAILED, intent, intent.amount, intent.id)


def _charged(kind: str, charge: _Charge) -> _Moved | str:
    if kind == "charge.failed":
        return _Moved(Kind.FAILED, charge, charge.amount, charge.payment_intent or charge.id)
    if not charge.captured:
        return "the charge is authorised and not captured: nothing is paid yet"
    amount = charge.amount if charge.amount_captured is None else charge.amount_captured
    return _Moved(Kind.PAID, charge, amount, charge.payment_intent or charge.id)


def _refunded(refund: _Amount) -> _Moved | str:
    payment_id = refund.payment_intent or refund.charge or ""
    match refund.status:
        case "succeeded":
            return _Moved(Kind.REFUNDED, refund, refund.amount, payment_id)
        case "failed" | "canceled":
            return _Moved(Kind.REFUND_FAILED, refund, refund.amount, payment_id)
        case _:
            return "the refund is not through yet"


def _disputed(kind: str, dispute: _Amount) -> _Moved | str:
    payment_id = dispute.payment_intent or dispute.charge or ""
    status = dispute.status or ""
    if status.startswith(_INQUIRY):
        return "an inquiry, before which no money moves"
    match kind:
        case "charge.dispute.created" | "charge.dispute.funds_withdrawn":
            outcome = Kind.DISPUTED
        case "charge.dispute.funds_reinstated":
            outcome = Kind.DISPUTE_WON
        case _ if status == "won":
            outcome = Kind.DISPUTE_WON
        case _ if status == "lost":
            outcome = Kind.DISPUTE_LOST
        case _:
            return "the dispute was closed, neither won nor lost"
    return _Moved(outcome, dispute, dispute.amount, payment_id)
