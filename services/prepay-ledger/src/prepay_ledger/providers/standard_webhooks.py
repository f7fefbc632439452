"""Standard Webhooks (standardwebhooks.com), with events of our own making."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, ValidationError

from prepay_ledger.providers.reading import (
    AccountNumber,
    AmountMicro,
    Currency,
    Document,
    ProviderId,
    RequestId,
    type_of,
    unreadable,
)
from prepay_ledger.providers.standard_signatures import verify
from prepay_ledger.providers.values import (
    Kind,
    MandateGone,
    Other,
    Reading,
    Told,
    Unreadable,
    Verified,
)

_KINDS = {
    "payment.succeeded": Kind.PAID,
    "payment.refunded": Kind.REFUNDED,
    "payment.reversed": Kind.REVERSED,
    "payment.disputed": Kind.DISPUTED,
    "payment.dispute_won": Kind.DISPUTE_WON,
    "payment.dispute_lost": Kind.DISPUTE_LOST,
    "payment.failed": Kind.FAILED,
    "payment.refund_failed": Kind.REFUND_FAILED,
}


class PaymentData(Document):
    """A payment that a provider has taken for us."""

    payment_id: ProviderId
    account_number: Annotated[AccountNumber, Field(min_length=1)]
    amount_micro: AmountMicro
    """In 1e-6 of the currency: 12.50 is 12500000."""
    currency: Currency
    request_id: RequestId = ""
    """Of money that we asked for, or asked to go back: the request's id, as it was sent."""


class PaymentEvent(Document):
    """A payment was taken."""

    type: Literal["payment.succeeded"]
    timestamp: Annotated[AwareDatetime, Field(strict=False)]
    data: PaymentData


class MovementData(PaymentData):
    """What happened to a payment, or to a part of it."""

    movement_id: ProviderId
    """The provider's id of the refund, reversal or dispute."""
    account_number: AccountNumber = ""


class MovementEvent(Document):
    """Money of a payment went back, is asked back, or did not come."""

    type: Literal[
        "payment.refunded",
        "payment.reversed",
        "payment.disputed",
        "payment.dispute_won",
        "payment.dispute_lost",
        "payment.failed",
        "payment.refund_failed",
    ]
    timestamp: Annotated[AwareDatetime, Field(strict=False)]
    data: MovementData


class MandateData(Document):
    """What a customer's mandate is called at the provider."""

    reference: ProviderId


class MandateEvent(Document):
    """Nothing can be asked for by the mandate any more."""

    type: Literal["mandate.revoked"]
    timestamp: Annotated[AwareDatetime, Field(strict=False)]
    data: MandateData


class _Typed(Document):
    type: str


@dataclass(frozen=True, slots=True)
class StandardWebhooks:
    """A `Provider`. ``keys``: of all its secrets, while they overlap."""

    keys: Sequence[bytes]
    headers_kept = ("webhook-id", "webhook-timestamp", "webhook-signature")
    receipt = None

    def verified(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Verified:
        """The id is the header's."""
        return Verified(verify(keys=self.keys, headers=headers, body=body, now=now), body)

    def opened(self, body: bytes) -> bytes:
        """Nothing is encrypted."""
        return body

    def read(self, plain: bytes) -> Reading:
        """Our own events, by their type."""
        try:
            kind = type_of(_Typed.model_validate_json(plain).type)
        except ValidationError as error:
            return unreadable(None, error)
        if kind == "mandate.revoked":
            return _gone(kind, plain)
        if kind not in _KINDS:
            return Other(kind, f"events of type {kind} are not known yet")
        try:
            return _told(kind, plain)
        except ValidationError as error:
            return unreadable(kind, error)


def _told(kind: str, plain: bytes) -> Told | Unreadable:
    if kind == "payment.succeeded":
        paid = PaymentEvent.model_validate_json(plain)
        data, at, movement_id = paid.data, paid.timestamp, paid.data.payment_id
    else:
        moved = MovementEvent.model_validate_json(plain)
        data, at, movement_id = moved.data, moved.timestamp, moved.data.movement_id
    return Told(
        kind=_KINDS[kind],
        type=kind,
        payment_id=data.payment_id,
        movement_id=movement_id,
        account_number=data.account_number,
        amount_micro=data.amount_micro,
        currency=data.currency,
        at=at,
        request_id=data.request_id,
    )


def _gone(kind: str, plain: bytes) -> MandateGone | Unreadable:
    try:
        return MandateGone(kind, MandateEvent.model_validate_json(plain).data.reference)
    except ValidationError as error:
        return unreadable(kind, error)
