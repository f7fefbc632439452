"""``/v1/notices``: what customers were told."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict

from notifier.contacts.values import Channel, Language
from notifier.deliveries.ports import NoticeRecords
from notifier.deliveries.values import RecordedNotice
from notifier.notices.values import Status, Template
from prewatt_common.http.auth import require


class NoticeOut(BaseModel):
    """A notice and what became of it. ``cause_id``: the event that called for it."""

    model_config = ConfigDict(from_attributes=True)

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
    def of(cls, records: Sequence[RecordedNotice], *, limit: int) -> Self:
        """The page of ``records``, which are one more than ``limit`` where there are more."""
        shown = records[:limit]
        return cls(
            notices=[NoticeOut.model_validate(each) for each in shown],
            next_cursor=str(shown[-1].sequence) if len(records) > limit else None,
        )


def notices_router(*, records: NoticeRecords) -> APIRouter:
    """``/v1/notices``."""
    router = APIRouter(prefix="/v1", tags=["notices"])

    @router.get("/notices", dependencies=[Depends(require("notifier:read"))])
    async def notices(
        account_id: UUID,
        cursor: Annotated[str | None, Query(pattern=r"^\d{1,18}$")] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> NoticePage:
        """Notices of an account, newest first; ``cursor`` is the page before's ``next_cursor``."""
        found = await records.of_account(
            account_id, before=int(cursor) if cursor else None, limit=limit + 1
        )
        return NoticePage.of(found, limit=limit)

    return router
