"""What payment providers tell, in our words. Money: integer micro-units with their currency."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias

AMOUNT_MICRO_MAX = 10**15


class Kind(StrEnum):
    """What an event says has happened to money."""

    PAID = "paid"
    REFUNDED = "refunded"
    """The utility gave it back."""
    REVERSED = "reversed"
    """The provider or bank took it back: it is as if it had not been paid."""
    DISPUTED = "disputed"
    """The payer's bank asks for it back (chargeback), and holds it meanwhile."""
    DISPUTE_WON = "dispute-won"
    DISPUTE_LOST = "dispute-lost"
    FAILED = "failed"
    """It was not paid."""
    REFUND_FAILED = "refund-failed"
    """What was to be given back came back to us."""
    OTHER = "other"
    """It tells of no money, or we do not know such events yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One movement of money, or that there was none. Any kind but `Kind.OTHER`.

    Several events may tell of one movement: it is known by kind, payment and movement.
    """

    kind: Kind
    type: str
    """The provider's own name of the event."""
    payment_id: str
    """The provider's id of the payment that this is about."""
    movement_id: str
    """Its id of what moved: of the refund or dispute; of the payment itself where it is that."""
    account_number: str
    """As the payer gave it; empty where the event names none."""
    amount_micro: int
    currency: str
    at: datetime | None
    """When it happened, as the provider says; none where it does not."""
    cumulative: bool = False
    """The amount is all that was refunded of the payment so far, not this refund alone."""
    request_id: str = ""
    """Our id of the request that the money was asked for by, or of the refund by which it was asked
    to go back; empty where the event names none."""


@dataclass(frozen=True, slots=True)
class MandateGone:
    """Nothing can be asked for any more by a mandate, or by the means of payment behind it.
    ``reference``: the provider's own name of that."""

    type: str
    reference: str


@dataclass(frozen=True, slots=True)
class Other:
    """An event of `Kind.OTHER`. ``reason`` says why nothing is made of it."""

    type: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Signed, but not what such an event has to be. ``reason`` names the field."""

    type: str | None
    reason: str


Reading: TypeAlias = Told | MandateGone | Other | Unreadable


class BadSignature(Exception):
    """The call is not from who it should be, or not fresh. The message says which."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A call whose signature holds. ``plain``: the body, decrypted where the provider encrypts."""

    event_id: str
    plain: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a provider must be answered so that it takes the event for delivered."""

    media_type: str
    body: bytes


class Provider(Protocol):
    """One provider as it is configured."""

    @property
    def headers_kept(self) -> tuple[str, ...]:
        """Which headers, in lower case, prove that the body was signed."""
        ...

    @property
    def receipt(self) -> Receipt | None:
        """None: any 2xx will do, and what became of the event is told in our words."""
        ...

    def verified(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Verified:
        """The event's id and plain bytes. ``headers``: names in lower case, values read as
        Latin-1. Raises `BadSignature`."""
        ...

    def opened(self, body: bytes) -> bytes:
        """The plain bytes of a body whose signature held before; the body where no key opens it."""
        ...

    def read(self, plain: bytes) -> Reading:
        """What the event tells. Never raises: any bytes may be signed."""
        ...
