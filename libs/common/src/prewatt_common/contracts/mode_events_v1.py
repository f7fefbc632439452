"""How an account pays, and how that changes: on topics ``ledger.events.v1`` and
``ledger.facts.v1``."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from prewatt_common.contracts.base import Currency, Event, Instant, Whole, Words
from prewatt_common.contracts.procedure_v1 import Mode


class AccountModeChanged(Event, frozen=True, kw_only=True):
    """An account pays in another way from now on. Key: the account."""

    ce_type: ClassVar[str] = "prewatt.ledger.account-mode-changed.v1"

    account_id: UUID
    change_id: UUID
    mode: Mode
    """``prepay``, or ``arrears``: post-paid, never cut for its balance."""
    effective_at: Instant
    """The first instant that is charged by the new way."""
    balance_micro: int
    currency: Currency
    at: Instant


class ModeChangeTold(Event, frozen=True, kw_only=True):
    """A change of an account's mode was asked for, went on, was made or came to nothing. Key: the
    account."""

    ce_type: ClassVar[str] = "prewatt.ledger.mode-change-told.v1"

    change_id: UUID
    account_id: UUID
    action: Words
    """``request``, ``notice``, ``wait``, ``close``, ``cancel`` or ``refuse``."""
    to: Mode
    first_day: date
    tariff_code: Words
    """By which it is charged from that day on."""
    consent_by: Words
    consent_reference: Words
    consent_at: Instant
    reference: Words
    """Of the notice that was given; what is waited for; else empty."""
    closing_micro: Whole | None
    """What the balance had at the change's instant: of a change that was made."""
    debt_id: UUID | None
    """What of it is owed apart; null: nothing."""
    by: Words
    reason: Words
    at: Instant
