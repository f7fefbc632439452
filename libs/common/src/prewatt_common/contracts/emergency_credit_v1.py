"""What happened to emergency credit: on topics ``ledger.events.v1`` and ``ledger.facts.v1``."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from prewatt_common.contracts.base import Currency, Event, Instant, Whole, Words


class EmergencyCreditNews(StrEnum):
    """What became of an account's emergency credit."""

    OFFERED = "offered"
    """The customer may accept it."""
    ACCEPTED = "accepted"
    """It may be used."""
    ENDED = "ended"
    """It is repaid, and the balance is above where it was offered."""
    LAPSED = "lapsed"
    """It was not accepted, and the balance is above where it was offered."""


class EmergencyCreditChanged(Event, frozen=True, kw_only=True):
    """Emergency credit was offered to a customer, accepted, or is over. Key: the account."""

    ce_type: ClassVar[str] = "prewatt.ledger.emergency-credit-changed.v1"

    emergency_credit_id: UUID
    account_id: UUID
    news: EmergencyCreditNews
    amount_micro: Whole
    balance_micro: int
    balance_number: Whole
    left_micro: int
    """What may be used until the cut, as of now: of one that is offered without it."""
    currency: Currency
    means: Words | None = None
    """How the customer accepted it, like ``app`` or ``sms``; none where it was not accepted just
    now."""
    at: Instant


class EmergencyCreditAccepted(Event, frozen=True, kw_only=True):
    """A customer accepted the emergency credit that was offered: so much may be used below what is
    agreed as overdraft, once. Key: the account."""

    ce_type: ClassVar[str] = "prewatt.ledger.emergency-credit-accepted.v1"

    emergency_credit_id: UUID
    account_id: UUID
    amount_micro: Whole
    currency: Currency
    means: Words
    """How the customer said so, like ``app`` or ``sms``."""
    by: Words
    """Who told us: the subject of the token."""
    reason: Words
    at: Instant
