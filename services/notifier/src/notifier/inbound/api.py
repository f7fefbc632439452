"""``/v1/inbound-messages``: what customers have written to us, and what became of it."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from notifier.contacts.values import masked
from notifier.inbound.ports import InboundRecords
from notifier.inbound.values import Outcome, RecordedMessage, Word
from notifier.notices.values import Template
from prewatt_common.http.auth import require
from prewatt_common.http.pages import Page, PageRequest, PagesBy


class InboundMessageOut(BaseModel):
    """A message of a customer. ``sender``: hardly any of the number. ``word``: what was asked for;
    ``outcome``: null while it waits; ``answer``: the template of the notice that answers it, whose
    ``cause_id`` is this message's id. ``account_id``: whose it was taken for."""

    id: UUID
    gateway: str
    sender: str
    text: str
    heard_at: datetime
    attempts: int
    word: Word | None
    outcome: Outcome | None
    answer: Template | None
    account_id: UUID | None
    worked_at: datetime | None

    @classmethod
    def of(cls, message: RecordedMessage) -> Self:
        """As it is shown."""
        return cls(
            id=message.id,
            gateway=message.gateway,
            sender=masked(message.sender),
            text=message.text,
            heard_at=message.heard_at,
            attempts=message.attempts,
            word=message.word,
            outcome=message.outcome,
            answer=message.answer,
            account_id=message.account_id,
            worked_at=message.worked_at,
        )


def inbound_router(*, records: InboundRecords) -> APIRouter:
    """``GET /v1/inbound-messages``."""
    router = APIRouter(prefix="/v1", tags=["inbound"])

    @router.get("/inbound-messages", dependencies=[Depends(require("notifier:read"))])
    async def messages(
        page: Annotated[PageRequest[int], Depends(PagesBy(int))],
        account_id: UUID | None = None,
    ) -> Page[InboundMessageOut]:
        """What customers have written, newest first; of one account where it is given."""
        found = await records.list(account_id=account_id, before=page.after, limit=page.rows_max)
        return page.of(found, key=lambda each: each.sequence, item=InboundMessageOut.of)

    return router
