"""Topic ``notice.events.v1``: evidence of what customers were told."""

from typing import ClassVar
from uuid import UUID

from prewatt_common.contracts.base import Event, Instant, Words


class NoticeDelivered(Event, frozen=True, kw_only=True):
    """A channel's peer accepted the notice."""

    ce_type: ClassVar[str] = "prewatt.notice.delivered.v1"

    notice_id: UUID
    account_id: UUID
    template: Words
    channel: Words
    cause_id: Words
    """``ce_id`` of the event that called for it."""
    at: Instant


class NoticeFailed(Event, frozen=True, kw_only=True):
    """No channel could deliver it; ``reason`` says why."""

    ce_type: ClassVar[str] = "prewatt.notice.failed.v1"

    notice_id: UUID
    account_id: UUID
    template: Words
    channel: Words
    cause_id: Words
    reason: Words
    at: Instant
