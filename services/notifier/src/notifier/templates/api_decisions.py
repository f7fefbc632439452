"""``/v1/templates``: what people decide about the texts."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import TypeAdapter, ValidationError

from notifier.contacts.schemas import Chat, Email, OpenId, Phone
from notifier.contacts.values import Channel
from notifier.templates.check_source import TextLimits
from notifier.templates.ports import OpenTexts
from notifier.templates.publish_text import (
    DraftOrder,
    draft_text,
    publish_text,
    text_by_id,
    withdraw_text,
)
from notifier.templates.refusals import InvalidText
from notifier.templates.schemas import IdempotencyKey, TestIn, TestOut, TextIn, TextOut
from notifier.templates.send_test import SendTest, TestOrder
from notifier.templates.values import Decided
from prewatt_common.clock import Clock
from prewatt_common.http.auth import Principal, require
from prewatt_common.http.fields import Reason

Writer = Annotated[Principal, Depends(require("notifier:write"))]
"""Whoever asks, named by the token."""
_ADDRESSES: dict[Channel, tuple[TypeAdapter[str], str]] = {
    Channel.EMAIL: (TypeAdapter(Email), "li@example.com"),
    Channel.SMS: (TypeAdapter(Phone), "+8613800000000"),
    Channel.WECHAT: (TypeAdapter(OpenId), "oReader0000000000000000000000"),
    Channel.CHAT: (TypeAdapter(Chat), "telegram:123456789"),
    Channel.VOICE: (TypeAdapter(Phone), "+8613800000000"),
}
"""What a channel's addresses are like, and one of them."""


def decisions_router(
    *, open_texts: OpenTexts, send_test: SendTest, limits: TextLimits, clock: Clock
) -> APIRouter:
    """``/v1/templates``."""
    router = APIRouter(prefix="/v1/templates", tags=["templates"])

    @router.post("", status_code=HTTPStatus.CREATED)
    async def draft(body: TextIn, key: IdempotencyKey, principal: Writer) -> TextOut:
        """Draft a text: nothing changes before another person publishes it. Refused is what some
        notice could not be said with, with the place and the reason."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        order = DraftOrder(
            key=body.key(),
            source=body.source(),
            effective_from=body.effective_from,
            asked_as=key,
        )
        async with open_texts() as store:
            text = await draft_text(store=store, order=order, limits=limits, decided=decided)
        return TextOut.of(text)

    @router.post("/{text_id}/test")
    async def test(text_id: UUID, body: TestIn, key: IdempotencyKey, principal: Writer) -> TestOut:
        """Send it to an address that you name, with sample facts and marked as a test. It is no
        notice, and evidence of nothing; twenty an hour at most."""
        async with open_texts() as store:
            channel = (await text_by_id(store, text_id)).key.channel
        order = TestOrder(
            text_id=text_id, to=_address(body.to, channel), by=principal.subject, key=key
        )
        return TestOut.model_validate(await send_test(order))

    @router.post("/{text_id}/publish")
    async def publish(text_id: UUID, body: Reason, principal: Writer) -> TextOut:
        """Publish what another person drafted. Every notice that is first sent from its instant on
        is said with it, on every replica. The same again changes nothing."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_texts() as store:
            text = await publish_text(store=store, text_id=text_id, limits=limits, decided=decided)
        return TextOut.of(text)

    @router.post("/{text_id}/withdraw")
    async def withdraw(text_id: UUID, body: Reason, principal: Writer) -> TextOut:
        """No notice is said with it any more: the version before holds again, or what is shipped.
        The same again changes nothing."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_texts() as store:
            text = await withdraw_text(store=store, text_id=text_id, decided=decided)
        return TextOut.of(text)

    return router


def _address(to: str, channel: Channel) -> str:
    """As a contact's. Raises `InvalidText`."""
    adapter, example = _ADDRESSES.get(channel, (None, ""))
    if adapter is None:
        return to
    try:
        return adapter.validate_python(to)
    except ValidationError as error:
        message = f"{to!r} is no address like {example}; nothing was sent"
        raise InvalidText(message) from error
