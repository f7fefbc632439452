"""What a payment provider's signed event says, and what may become of it.

Whatever was signed is kept: a body that is no payment is not wrong, we do not know it yet.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from prepay_ledger.payments.values import EventOutcome, Payment

_MICRO_MAX = 10**15
_REASON_CHARACTERS_MAX = 1_000
_TYPE_CHARACTERS_MAX = 200
_NO_NUL = r"^[^\x00]+$"
"""PostgreSQL keeps any other character: money for an account that cannot be is still money."""


class PaymentData(BaseModel):
    """A payment that a provider has taken for us."""

    model_config = ConfigDict(extra="ignore", strict=True)

    payment_id: Annotated[str, Field(min_length=1, max_length=200, pattern=_NO_NUL)]
    account_number: Annotated[str, Field(min_length=1, max_length=100, pattern=_NO_NUL)]
    amount_micro: Annotated[int, Field(gt=0, le=_MICRO_MAX)]
    """In 1e-6 of the currency: 12.50 is 12500000."""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class PaymentEvent(BaseModel):
    """The body of an event that we know."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["payment.succeeded"]
    timestamp: AwareDatetime
    data: PaymentData


class _Typed(BaseModel):
    """The body of any event."""

    model_config = ConfigDict(extra="ignore", strict=True)

    type: str


@dataclass(frozen=True, slots=True)
class Understood:
    """An event that tells of a payment."""

    type: str
    payment: Payment


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """An event that is kept as it is."""

    type: str | None
    outcome: EventOutcome
    reason: str


ReadEvent: TypeAlias = Understood | NotUnderstood


def read_event(*, provider: str, body: bytes) -> ReadEvent:
    """What ``body``, signed by ``provider``, says. Never raises: any bytes may be signed."""
    try:
        kind = storable(_Typed.model_validate_json(body).type, characters_max=_TYPE_CHARACTERS_MAX)
    except ValidationError as error:
        return NotUnderstood(None, EventOutcome.UNREADABLE, _reason(error))
    if kind != "payment.succeeded":
        reason = f"events of type {kind} are not known yet"
        return NotUnderstood(kind, EventOutcome.UNKNOWN_TYPE, reason)
    try:
        event = PaymentEvent.model_validate_json(body)
    except ValidationError as error:
        return NotUnderstood(kind, EventOutcome.UNREADABLE, _reason(error))
    return Understood(kind, Payment(provider=provider, **event.data.model_dump()))


def storable(text: str, *, characters_max: int) -> str:
    """``text`` as the database can keep it: cut short, and without NUL."""
    return text[:characters_max].replace("\x00", "\N{REPLACEMENT CHARACTER}")


def _reason(error: ValidationError) -> str:
    reason = "; ".join(
        ": ".join(filter(None, ("/".join(map(str, item["loc"])), item["msg"])))
        for item in error.errors(include_url=False, include_input=False)
    )
    return storable(reason, characters_max=_REASON_CHARACTERS_MAX)
