"""Who is told of which events, and a message on its way to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID


class EventKind(StrEnum):
    """The ledger's events that may be wanted, by their types in docs/contracts."""

    ACCOUNT_OPENED = "prewatt.ledger.account-opened.v1"
    LOW_BALANCE = "prewatt.ledger.low-balance.v1"
    BALANCE_EXHAUSTED = "prewatt.ledger.balance-exhausted.v1"
    TOPPED_UP = "prewatt.ledger.topped-up.v1"
    CREDITED = "prewatt.ledger.credited.v1"
    DEBT_CHANGED = "prewatt.ledger.debt-changed.v1"
    PAYMENT_REMINDER = "prewatt.ledger.payment-reminder.v1"
    EMERGENCY_CREDIT_CHANGED = "prewatt.ledger.emergency-credit-changed.v1"
    PAYMENT_TAKEN_BACK = "prewatt.ledger.payment-taken-back.v1"
    SUPPLY_CHANGED = "prewatt.ledger.supply-changed.v1"
    SUPPLY_APOLOGY = "prewatt.ledger.supply-apology.v1"
    RECONNECTION_LATE = "prewatt.ledger.reconnection-late.v1"
    ACCOUNT_MODE_CHANGED = "prewatt.ledger.account-mode-changed.v1"
    AUTO_TOP_UP_FAILED = "prewatt.ledger.auto-top-up-failed.v1"
    MANDATE_SUSPENDED = "prewatt.ledger.mandate-suspended.v1"


PING = "prewatt.notifier.ping.v1"
"""What a receiver is tried with: it tells of nothing."""


class WebhookStatus(StrEnum):
    """Whether a receiver is told."""

    ACTIVE = "active"
    PAUSED = "paused"
    """A person wants it to wait: what happens meanwhile is kept for it, and goes while in time."""
    OFF = "off"
    """It answered 410, gone: it is told nothing until a person resumes it."""
    ENDED = "ended"
    """For good."""


class Change(StrEnum):
    """What a person did with a webhook."""

    MADE = "made"
    SECRET = "secret"  # noqa: S105 - the name of what is asked for
    PAUSED = "paused"
    RESUMED = "resumed"
    PINGED = "pinged"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Webhook:
    """A receiver. ``reason``: why it stands as it does, since ``since``."""

    id: UUID
    url: str
    events: frozenset[EventKind]
    status: WebhookStatus
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """Who did what with webhook ``webhook_id``, why, and under which Idempotency-Key."""

    id: UUID
    webhook_id: UUID
    what: Change
    key: str
    by: str
    reason: str
    at: datetime


class MessageStatus(StrEnum):
    """Where a message stands."""

    QUEUED = "queued"
    SENDING = "sending"
    DELIVERED = "delivered"
    """The receiver answered 2xx."""
    EXPIRED = "expired"
    """Its time was over before the receiver took it."""
    DROPPED = "dropped"
    """The receiver is gone, or ended."""


@dataclass(frozen=True, slots=True)
class NewMessage:
    """To be queued for every receiver that wants its kind."""

    event_id: UUID
    kind: str
    body: str


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """In the hands of this process. ``attempts`` counts this one; ``secrets`` are the numbers of
    those that sign."""

    webhook_id: UUID
    url: str
    event_id: UUID
    body: str
    attempts: int
    secrets: Sequence[int]


@dataclass(frozen=True, slots=True)
class RecordedMessage:
    """A message as it stands. ``sequence``: the order in which they were made."""

    sequence: int
    event_id: UUID
    kind: str
    status: MessageStatus
    attempts: int
    answer: str | None
    next_attempt_at: datetime | None
    expires_at: datetime
    made_at: datetime
    finished_at: datetime | None


class Reached(StrEnum):
    """What an attempt came to, for the metric."""

    DELIVERED = "delivered"
    LATER = "later"
    """The receiver answered, and did not take this one."""
    DOWN = "down"
    """It does not answer, or wants us to wait."""
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of one. ``retry_after``: when it is tried again, unless it was delivered."""

    reached: Reached
    answer: str
    retry_after: timedelta
