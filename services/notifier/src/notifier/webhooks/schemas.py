"""Webhooks over HTTP."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from notifier.webhooks.change_webhook import WithSecret
from notifier.webhooks.values import (
    Change,
    EventKind,
    MessageStatus,
    Webhook,
    WebhookStatus,
)
from prewatt_common.http.fields import PRINTABLE, Reason

_OVERLAP_MAX_H = 24 * 30
_EXAMPLE: dict[str, Any] = {
    "url": "https://crm.example.org/hooks/prewatt",
    "events": ["prewatt.ledger.topped-up.v1", "prewatt.ledger.supply-changed.v1"],
    "reason": "the call centre sees payments",
}


class WebhookIn(Reason):
    """``url``: by https, at a public address. ``events``: the types that are wanted."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    url: Annotated[str, Field(min_length=1, max_length=2000, pattern=PRINTABLE)]
    events: Annotated[list[EventKind], Field(min_length=1, max_length=len(EventKind))]


class SecretIn(Reason):
    """``overlap_h``: for so many hours the secret before signs too; 0 where it was lost to
    others."""

    overlap_h: Annotated[int, Field(ge=0, le=_OVERLAP_MAX_H)] = 24

    @property
    def overlap(self) -> timedelta:
        """As a span."""
        return timedelta(hours=self.overlap_h)


class WebhookOut(BaseModel):
    """A receiver. ``reason``: why it stands so since ``since``, by a person or by its answer."""

    id: UUID
    url: str
    events: list[EventKind]
    status: WebhookStatus
    reason: str
    since: datetime

    @classmethod
    def of(cls, webhook: Webhook) -> Self:
        """``webhook`` as the API shows it."""
        return cls(
            id=webhook.id,
            url=webhook.url,
            events=sorted(webhook.events),
            status=webhook.status,
            reason=webhook.reason,
            since=webhook.since,
        )


class SecretOut(BaseModel):
    """``secret`` signs from now on. It is told this once: null where the same request comes
    again."""

    webhook: WebhookOut
    secret: str | None

    @classmethod
    def of(cls, made: WithSecret) -> Self:
        """As the API shows it."""
        return cls(webhook=WebhookOut.of(made.webhook), secret=made.secret)


class ChangeOut(BaseModel, from_attributes=True):
    """Who did what, and why."""

    id: UUID
    what: Change
    by: str
    reason: str
    at: datetime


class MessageOut(BaseModel, from_attributes=True):
    """``event_id`` is its ``webhook-id``. ``answer``: what the receiver said last."""

    event_id: UUID
    kind: str
    status: MessageStatus
    attempts: int
    answer: str | None
    next_attempt_at: datetime | None
    expires_at: datetime
    made_at: datetime
    finished_at: datetime | None
