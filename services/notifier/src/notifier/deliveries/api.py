"""``/v1/notices``: what customers were told."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict

from notifier.contacts.values import Channel, Language
from notifier.deliveries.ports import NoticeRecords
from notifier.deliveries.refusals import NotSaid, UnknownNotice
from notifier.deliveries.resend import ResendNotice, ResendOrder
from notifier.deliveries.values import said_with
from notifier.notices.values import Status, Template
from notifier.templates.ports import Renderer, Unrenderable
from notifier.templates.schemas import IdempotencyKey
from prewatt_common.contracts.notice_events_v1 import Proof, Role
from prewatt_common.http.auth import Principal, require
from prewatt_common.http.fields import Reason
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
    """A notice and what became of it. ``cause_id``: the event that called for it; of a campaign's,
    which ``campaign_id`` names, the account's place in it. ``role``: whom it went to, the customer
    or a person whom they named. ``segments``: so many SMS the network counts for it.
    ``text_version``: of the text that it is said with; 0 is shipped, null was not tried yet."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    cause_id: UUID
    campaign_id: UUID | None
    account_id: UUID
    role: Role
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


class SaidOut(BaseModel):
    """What a notice says. ``text_version`` 0: of what is shipped. ``is_exact``: these are the words
    that the peer has accepted, by their digest; false where the shipped text, or the utility's
    name, was changed since; null where no peer has accepted it."""

    notice_id: UUID
    text_version: int
    subject: str | None
    body: str
    is_exact: bool | None


class ResendOut(BaseModel, from_attributes=True):
    """Notice ``of`` is said anew as ``id``."""

    id: UUID
    of: UUID
    by: str
    reason: str
    at: datetime


def notices_router(
    *, records: NoticeRecords, renderer: Renderer, resend: ResendNotice
) -> APIRouter:
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

    @router.get("/notices/{notice_id}/text", dependencies=[Depends(require("notifier:read"))])
    async def text(notice_id: UUID) -> SaidOut:
        """What the customer was told, in words: said again from what is kept of it."""
        kept = await records.kept(notice_id)
        if kept is None:
            message = f"there is no notice {notice_id}"
            raise UnknownNotice(message)
        delivery = kept.delivery
        if delivery.attempts == 0:
            message = f"notice {notice_id} was not said yet"
            raise NotSaid(message)
        try:
            worded = renderer.render(
                delivery.notice,
                account_number=delivery.account_number,
                published=delivery.published,
            )
        except Unrenderable as error:
            raise NotSaid(str(error)) from error
        said = kept.said_sha256
        return SaidOut(
            notice_id=notice_id,
            text_version=worded.version,
            subject=worded.text.subject or None,
            body=worded.text.body or worded.text.short,
            is_exact=None if said is None else said == said_with(worded).sha256,
        )

    @router.post("/notices/{notice_id}/resend", status_code=HTTPStatus.CREATED)
    async def say_anew(
        notice_id: UUID,
        body: Reason,
        key: IdempotencyKey,
        principal: Annotated[Principal, Depends(require("notifier:write"))],
    ) -> ResendOut:
        """Say it anew, to what the contact says now, such as a number that was put right. Refused
        where it is true no more, is on its way, or its time is over."""
        order = ResendOrder(notice_id=notice_id, by=principal.subject, reason=body.reason, key=key)
        return ResendOut.model_validate(await resend(order))

    return router
