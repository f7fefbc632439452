"""``/v1/templates``: the texts that notices are said with, to look at."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, Field

from notifier.contacts.values import Channel, Language
from notifier.notices.values import Template
from notifier.templates.catalogue import built_in
from notifier.templates.check_source import TextLimits, check_source, sample_of
from notifier.templates.find_holes import find_holes
from notifier.templates.language import Unsaid
from notifier.templates.ports import OpenTexts
from notifier.templates.publish_text import text_by_id
from notifier.templates.refusals import InvalidText, TextRefused, UnknownNotice, UnknownText
from notifier.templates.registering import Provider, texts_to_register
from notifier.templates.schemas import (
    CheckedOut,
    HoleOut,
    HolesOut,
    InForceOut,
    RegisteredTextOut,
    SampleOut,
    SourceIn,
    TextOut,
    ToRegisterOut,
)
from notifier.templates.values import TextKey
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.pages import Page, PageRequest, PagesBy

_At = Annotated[
    AwareDatetime,
    Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2100, 1, 1, tzinfo=UTC)),
]


def templates_router(
    *, open_texts: OpenTexts, limits: TextLimits, fallback: Language, clock: Clock
) -> APIRouter:
    """``/v1/templates``."""
    router = APIRouter(prefix="/v1/templates", tags=["templates"])
    reading = [Depends(require("notifier:read"))]

    @router.get("", dependencies=reading)
    async def texts(page: Annotated[PageRequest[UUID], Depends(PagesBy(UUID))]) -> Page[TextOut]:
        """Drafts and what became of them, the newest first."""
        async with open_texts() as store:
            rows = await store.drafts(before=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.id, item=TextOut.of)

    @router.post("/check", dependencies=reading)
    async def check(body: SourceIn) -> CheckedOut:
        """What is wrong with a text, and how each kind of notice would read. Nothing is kept."""
        return CheckedOut.of(check_source(body.source(), body.key(), limits=limits))

    @router.get("/in-force", dependencies=reading)
    async def in_force(
        template: Template,
        language: Language,
        channel: Channel,
        campaign_id: UUID | None = None,
        at: _At | None = None,
    ) -> InForceOut:
        """What notices are said with at an instant (left out: now)."""
        key = TextKey(template, language, channel, campaign_id)
        async with open_texts() as store:
            text = await store.in_force(key, at=at or clock())
        found = InForceOut.of(key, text, built_in(replace(key, campaign_id=None)))
        if found is None:
            message = f"{template} has no text in {language}"
            raise UnknownText(message)
        return found

    @router.get("/holes", dependencies=reading)
    async def holes() -> HolesOut:
        """Where a language or channel has no text of its own, and texts in force that would not be
        taken today."""
        async with open_texts() as store:
            found = await find_holes(store=store, limits=limits, fallback=fallback, now=clock())
        return HolesOut(holes=[HoleOut.of(each) for each in found])

    @router.get("/to-register", dependencies=reading)
    async def to_register(provider: Provider, language: Language) -> ToRegisterOut:
        """The texts that are registered with a provider that sends approved ones alone, as shipped,
        each with its places in order and what the account's document gives them."""
        found = texts_to_register(provider, language, signature=limits.signature)
        return ToRegisterOut(texts=[RegisteredTextOut.model_validate(each) for each in found])

    @router.get("/{text_id}", dependencies=reading)
    async def one(text_id: UUID) -> TextOut:
        """A text with its words."""
        async with open_texts() as store:
            return TextOut.of(await text_by_id(store, text_id))

    @router.get("/{text_id}/preview", dependencies=reading)
    async def preview(text_id: UUID, notice_id: UUID | None = None) -> CheckedOut:
        """How samples would read; with a notice's id how that one would have, whatever it was said
        with."""
        async with open_texts() as store:
            text = await text_by_id(store, text_id)
            found = None if notice_id is None else await store.notice(notice_id)
        if notice_id is None:
            return CheckedOut.of(check_source(text.source, text.key, limits=limits))
        if found is None:
            message = f"there is no notice {notice_id}"
            raise UnknownNotice(message)
        notice, number = found
        if notice.template is not text.key.template:
            message = f"notice {notice_id} is of {notice.template}, not of {text.key.template}"
            raise TextRefused(message)
        try:
            sample = sample_of(
                text.source,
                text.key,
                notice.facts,
                account_number=number,
                signature=limits.signature,
            )
        except Unsaid as error:
            raise InvalidText(str(error)) from error
        return CheckedOut(findings=[], samples=[SampleOut.of(sample)])

    return router
