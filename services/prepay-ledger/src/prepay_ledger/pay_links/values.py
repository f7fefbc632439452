"""Links by which anybody who has one may pay to an account, and payments begun by them. Money:
integer micro-units of the account's currency."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, TypeAlias
from uuid import UUID

LinkKeys: TypeAlias = Mapping[str, bytes]
"""Key id to secret; the first makes new links."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PayLink:
    """A link as it is kept: without its token, which only its key and id make."""

    id: UUID
    account_id: UUID
    token_sha256: bytes
    key_id: str
    """Of the key that made the token; without it the link is of no use."""
    valid_until: datetime
    most_micro: int | None
    """Of one payment; none: as the settings say."""
    for_whom: str
    """A note of who it is for; no payer sees it."""
    shows_needed: bool
    """Whether the payer may see what is needed, which tells something of the balance."""
    made_by: str
    """The subject of the token that it was asked for with."""
    idempotency_key: str
    made_at: datetime
    revoked_at: datetime | None = None
    revoked_by: str = ""
    revoked_reason: str = ""


class Telling(NamedTuple):
    """The link that an account's next warning tells. No id: one is to be made."""

    link_id: UUID | None
    key_id: str | None
    currency: str
    """The account's."""


class LinkState(StrEnum):
    """Whether a link can be paid by."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"
    KEY_GONE = "key-gone"
    """Its key was taken out of the settings."""


class AttemptState(StrEnum):
    """How far a payment by a link has come."""

    BEGUN = "begun"
    """The provider may have been asked for a page."""
    AT_PROVIDER = "at-provider"
    """There is a page of the provider's, and the payer is sent there."""
    DECLINED = "declined"
    """The provider makes no page for it."""
    FAILED = "failed"
    """The provider tells that it did not come about; that may still change."""
    PAID = "paid"
    """Its money has come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A payment begun by a link."""

    id: UUID
    """Also the provider's idempotency key, and the request that the payment names."""
    link_id: UUID
    nonce: str
    """Of the form that was sent: the same form sent twice is one payment."""
    provider: str
    amount_micro: int
    currency: str
    language: str
    state: AttemptState
    page_url: str
    """Of the provider; empty until it has answered."""
    code: str
    """Why it came to nothing, in the provider's word."""
    payment_id: str
    """The provider's; empty until money came."""
    paid_micro: int | None
    """What came; none until then, and where it is of another currency."""
    begun_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PayAmounts:
    """What payers may choose of, in one currency."""

    choices_micro: tuple[int, ...]
    least_micro: int
    most_micro: int

    def __post_init__(self) -> None:
        if not 0 < self.least_micro <= self.most_micro <= 10**15:
            message = "of least_micro and most_micro the first is above 0, and not the larger one"
            raise ValueError(message)
        if not all(self.least_micro <= each <= self.most_micro for each in self.choices_micro):
            message = "choices_micro are from least_micro to most_micro"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payable:
    """What of a link's account a payment rests on."""

    link: PayLink
    number: str
    currency: str
    needed_micro: int
    """What brings the balance to where nothing is warned of; at least 0."""
    is_closed: bool
    """No meter serves it any more, and nothing is owed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the page offers."""

    tail: str
    """The account number's last characters."""
    currency: str
    choices_micro: tuple[int, ...]
    needed_micro: int
    """0: nothing of it is shown."""
    least_micro: int
    most_micro: int
