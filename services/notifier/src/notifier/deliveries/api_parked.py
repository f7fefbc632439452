"""``/v1/parked-notices``: notices whose handling raised, and what people decide about them."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from notifier.deliveries.end_parking import EndParking
from notifier.deliveries.ports import ParkingRecords
from notifier.deliveries.values import Doing, ParkedEnd, ParkedStep
from notifier.notices.values import Status
from notifier.templates.schemas import IdempotencyKey
from prewatt_common.http.auth import Principal, require
from prewatt_common.http.fields import Reason
from prewatt_common.http.pages import Page, PageRequest, PagesBy

Writer = Annotated[Principal, Depends(require("notifier:write"))]
"""Whoever decides, named by the token."""


class ParkedNoticeOut(BaseModel, from_attributes=True):
    """A notice that is set aside since its handling raised ``error``. ``doing``: at which step
    that was. ``peer_has_it``: its peer had accepted it, and released it may be said twice.
    ``status``: of the notice now, which a receipt may have changed since."""

    notice_id: UUID
    account_id: UUID
    template: str
    channel: str
    status: Status
    since: datetime
    doing: Doing
    error: str
    peer_has_it: bool


class ParkedNoticeStepOut(BaseModel):
    """Somebody released or dropped a parked notice. ``since``, ``doing``, ``error`` and
    ``peer_has_it`` say why it was parked."""

    id: UUID
    notice_id: UUID
    since: datetime
    doing: Doing
    error: str
    peer_has_it: bool
    what: ParkedEnd
    by: str
    reason: str
    at: datetime

    @classmethod
    def of(cls, step: ParkedStep) -> Self:
        """As it is shown."""
        parked = step.parked
        return cls(
            id=step.id,
            notice_id=parked.notice_id,
            since=parked.since,
            doing=parked.doing,
            error=parked.error,
            peer_has_it=parked.peer_has_it,
            what=step.what,
            by=step.by,
            reason=step.reason,
            at=step.at,
        )


def parked_notices_router(*, records: ParkingRecords, end: EndParking) -> APIRouter:
    """``/v1/parked-notices`` and ``/v1/parked-notice-steps``."""
    router = APIRouter(prefix="/v1", tags=["notices"])
    reading = [Depends(require("notifier:read"))]

    @router.get("/parked-notices", dependencies=reading)
    async def parked(
        page: Annotated[PageRequest[UUID], Depends(PagesBy(UUID))],
    ) -> Page[ParkedNoticeOut]:
        """Notices whose handling raised, by id; ten at most, beyond which deliveries stop."""
        rows = await records.page(after=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.notice_id, item=ParkedNoticeOut.model_validate)

    @router.get("/parked-notice-steps", dependencies=reading)
    async def steps(
        page: Annotated[PageRequest[UUID], Depends(PagesBy(UUID))],
    ) -> Page[ParkedNoticeStepOut]:
        """Who released or dropped which parked notice, and why, newest first."""
        rows = await records.steps(before=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.id, item=ParkedNoticeStepOut.of)

    @router.post("/parked-notices/{notice_id}/release")
    async def release(
        notice_id: UUID, body: Reason, key: IdempotencyKey, who: Writer
    ) -> ParkedNoticeStepOut:
        """Have it sent after all, now; where it raises again it is parked again. One that is true
        no more is withdrawn instead, and one whose time is over goes to the next channel."""
        return await _ended(notice_id, ParkedEnd.RELEASED, body, key, who)

    @router.post("/parked-notices/{notice_id}/drop")
    async def drop(
        notice_id: UUID, body: Reason, key: IdempotencyKey, who: Writer
    ) -> ParkedNoticeStepOut:
        """Have it never sent, over no channel: it ends as failed, and is told as that where it can
        be read."""
        return await _ended(notice_id, ParkedEnd.DROPPED, body, key, who)

    async def _ended(
        notice_id: UUID, what: ParkedEnd, body: Reason, key: str, who: Principal
    ) -> ParkedNoticeStepOut:
        step = await end(notice_id, what, by=who.subject, reason=body.reason, key=key)
        return ParkedNoticeStepOut.of(step)

    return router
