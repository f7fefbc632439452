"""Fields of providers' events: what is too odd to be kept or credited is named, never raised."""

from datetime import datetime
from hashlib import sha256
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from prepay_ledger.providers.values import AMOUNT_MICRO_MAX, Unreadable

_REASON_CHARACTERS_MAX = 1_000
_TYPE_CHARACTERS_MAX = 200
_NO_NUL = r"^[^\x00]*$"
"""PostgreSQL keeps any other character: money for an account that cannot be is still money."""

ProviderId = Annotated[str, Field(min_length=1, max_length=200, pattern=_NO_NUL)]
AccountNumber = Annotated[str, Field(max_length=100, pattern=_NO_NUL)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
RequestId = Annotated[str, Field(max_length=200, pattern=_NO_NUL)]
AmountMicro = Annotated[int, Field(gt=0, le=AMOUNT_MICRO_MAX)]


class Document(BaseModel):
    """A provider's JSON: fields that we do not know are passed over."""

    model_config = ConfigDict(extra="ignore", strict=True)


class Movement(Document):
    """What every provider's money has to be before it becomes a `Told`."""

    payment_id: ProviderId
    movement_id: ProviderId
    account_number: AccountNumber
    amount_micro: AmountMicro
    currency: Currency
    at: AwareDatetime | None = None
    request_id: RequestId = ""


def reason(error: ValidationError) -> str:
    """Which fields are wrong, without what stood in them."""
    text = "; ".join(
        ": ".join(filter(None, ("/".join(map(str, item["loc"])), item["msg"])))
        for item in error.errors(include_url=False, include_input=False)
    )
    return storable(text, characters_max=_REASON_CHARACTERS_MAX)


def unreadable(kind: str | None, error: ValidationError) -> Unreadable:
    """An event of the provider's type ``kind`` whose fields are wrong."""
    return Unreadable(kind, reason(error))


def type_of(text: str) -> str:
    """A provider's name of an event, as it can be kept."""
    return storable(text, characters_max=_TYPE_CHARACTERS_MAX)


def storable(text: str, *, characters_max: int) -> str:
    """``text`` as the database can keep it: cut short, and without NUL."""
    return text[:characters_max].replace("\x00", "\N{REPLACEMENT CHARACTER}")


def id_of_body(body: bytes) -> str:
    """The id of an event that names none: the same bytes are the same event."""
    return f"sha256:{sha256(body).hexdigest()}"


def instant_of(text: str) -> datetime | None:
    """RFC 3339; none for what is none, or has no offset."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else None
