"""Signed events as they were kept: to look at, to replay once they are understood, to close."""

import base64
from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from prepay_ledger.fields import GivenByProvider, PageById, Writer
from prepay_ledger.payments.close_payment_event import close_payment_event
from prepay_ledger.payments.credit import Decided
from prepay_ledger.payments.kept_event import UnknownEvent
from prepay_ledger.payments.ports import OpenUnit
from prepay_ledger.payments.postgres_queries import PaymentQueries
from prepay_ledger.payments.replay_payment_event import ReplayPaymentEvent
from prepay_ledger.payments.values import EventOutcome
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.fields import Reason
from prewatt_common.http.pages import Page


class PaymentEventOut(BaseModel, from_attributes=True):
    """A signed event. ``open``: it was not applied, and no person has dealt with it yet."""

    id: UUID
    provider: str
    event_id: str
    type: str | None
    payment_id: str | None
    outcome: EventOutcome
    reason: str
    open: bool
    received_at: datetime


class StepOut(BaseModel, from_attributes=True):
    """What a person did with an event, and why."""

    action: str
    who: str
    reason: str
    outcome_before: EventOutcome
    outcome: EventOutcome
    at: datetime


class WholeEventOut(PaymentEventOut):
    """A signed event with all that was kept of it. ``body``: none where it is no text; ``plain``:
    what it says, where the provider encrypts and a key of ours opened it. ``headers`` and
    ``body_base64``: none once they have left, years after the event was settled; the hash of the
    body, ``body_sha256`` in hexadecimal, stays, and is what the seal of the day holds."""

    headers: dict[str, str] | None
    body: str | None
    body_base64: str | None
    body_sha256: str
    plain: str | None
    steps: list[StepOut]


def payment_events_router(
    *,
    open_unit: OpenUnit,
    queries: PaymentQueries,
    replay_event: ReplayPaymentEvent,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/payment-events``."""
    router = APIRouter(prefix="/v1/payment-events", tags=["payments"])
    reading = [Depends(require("ledger:read"))]

    @router.get("", dependencies=reading)
    async def events(
        *,
        page: PageById,
        outcome: EventOutcome | None = None,
        open_only: Annotated[bool | None, Query(alias="open")] = None,
        provider: GivenByProvider | None = None,
    ) -> Page[PaymentEventOut]:
        """Events, newest first; ``open=true`` is what a person has to look at."""
        rows = await queries.events(
            outcome=outcome,
            open_=open_only,
            provider=provider,
            before=page.after,
            limit=page.rows_max,
        )
        return page.of(rows, key=lambda row: row.id, item=PaymentEventOut.model_validate)

    @router.get("/{event}", dependencies=reading)
    async def one(event: UUID) -> WholeEventOut:
        """An event with its body as it was signed, if that is kept still, and what people did with
        it."""
        return await _whole(queries, event)

    @router.post("/{event}/replay")
    async def replay(event: UUID, body: Reason, principal: Writer) -> WholeEventOut:
        """Apply the event as we know such events today. One that was applied stays as it is."""
        async with open_unit() as unit:
            decided = Decided(principal.subject, body.reason)
            await replay_event(unit, event_id=event, decided=decided, now=clock())
        committed()
        return await _whole(queries, event)

    @router.post("/{event}/close")
    async def close(event: UUID, body: Reason, principal: Writer) -> WholeEventOut:
        """Somebody has dealt with the event in another way: it is open no more."""
        async with open_unit() as unit:
            decided = Decided(principal.subject, body.reason)
            await close_payment_event(unit=unit, event_id=event, decided=decided, now=clock())
        return await _whole(queries, event)

    return router


async def _whole(queries: PaymentQueries, event_id: UUID) -> WholeEventOut:
    found = await queries.event(event_id)
    if found is None:
        message = f"payment event {event_id} does not exist"
        raise UnknownEvent(message)
    raw: bytes | None = found.event.body
    plain: bytes | None = found.event.plain
    return WholeEventOut(
        **PaymentEventOut.model_validate(found.event).model_dump(),
        headers=found.event.headers,
        body=None if raw is None else _text(raw),
        body_base64=None if raw is None else base64.b64encode(raw).decode(),
        body_sha256=found.event.body_sha256.hex(),
        plain=None if plain is None else _text(plain),
        steps=[StepOut.model_validate(step) for step in found.steps],
    )


def _text(raw: bytes) -> str | None:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None
