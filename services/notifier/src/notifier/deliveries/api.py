"""``/v1/notices``: what customers were told."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict

from notifier.contacts.values import Channel, Language
from notifier.deliveries.ports import NoticeRecords
from notifier.notices.values import Status, Template
from prewatt_common.contracts.notice_events_v1 import Proof
from prewatt_common.http.auth import require
from prewatt_common.http.pages import Page, PageRequest, PagesBy
from prewatt_common.http.problems import Problem


class UnknownAccount(Problem):
    """404."""

    def __init__(self, account_id: UUID) -> None:
        detail = (
            f"The notifier knows no account {account_id}: it has no contact, and the ledger has "
            "told nothing of it yet."
        )
        super().__init__(status=HTTPStatus.NOT_FOUND, kind="unknown-account", detail=detail)


class NoticeOut(BaseModel):
    """A notice and what became of it. ``cause_id``: the event that called for it. ``segments``: so
    many SMS the network counts for it. ``text_version``: of the text that it is said with; 0 is
    shipped, null was not tried yet."""

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
    proof: Proof | None
    segments: int | None
    text_version: int | None
    created_at: datetime
    accepted_at: datetime | None
    finished_at: datetime | None


def notices_router(*, records: NoticeRecords) -> APIRouter:
    """``/v1/notices``."""
    router = APIRouter(prefix="/v1", tags=["notices"])

    @router.get("/notices", dependencies=[Depends(require("notifier:read"))])
    async def notices(
        account_id: UUID,
        page: Annotated[PageRequest[int], Depends(PagesBy(int))],
    ) -> Page[NoticeOut]:
        """Notices of an account, newest first."""
        found = await records.of_account(account_id, before=page.after, limit=page.rows_max)
        if found is None:
            raise UnknownAccount(account_id)
        return page.of(found, key=lambda each: each.sequence, item=NoticeOut.model_validate)

    return router
