"""What the notices' API gives."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel

from notifier.contacts.values import Channel, Language
from notifier.notices.values import Status, Template


class NoticeOut(BaseModel):
    """A notice and what became of it. ``cause_id``: the event that called for it."""

    id: UUID
    cause_id: UUID
    account_id: UUID
    template: Template
    language: Language
    channel: Channel
    recipient: str
    status: Status
    attempts: int
    next_attempt_at: datetime | None
    reason: str | None
    created_at: datetime
    finished_at: datetime | None


class NoticePage(BaseModel):
    """Notices, newest first. ``next_cursor`` is none on the last page."""

    notices: list[NoticeOut]
    next_cursor: str | None

    @classmethod
    def of(cls, rows: list[dict[str, Any]], *, limit: int) -> Self:
        """The page of ``rows``, which are one more than ``limit`` where there are more."""
        shown = rows[:limit]
        return cls(
            notices=[NoticeOut(**row) for row in shown],
            next_cursor=str(shown[-1]["sequence"]) if len(rows) > limit else None,
        )
