"""Use case: what the paper that is brought to the door says."""

from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

from notifier.contacts.values import Channel, Language
from notifier.door_orders.ports import DoorOrderRecords
from notifier.door_orders.refusals import NotSayable, UnknownDoorOrder
from notifier.templates.ports import OpenTexts, Renderer, Unrenderable
from notifier.templates.values import PublishedText, TextKey
from prewatt_common.clock import Clock

_AS = Channel.EMAIL
"""A paper is a letter: it has a subject, and as many words as it needs."""


class Letter(NamedTuple):
    """What is to be brought, in words. ``text_version``: 0 is shipped."""

    language: Language
    subject: str
    body: str
    text_version: int


class SayDoorOrder:
    """In the letter's words that are in force, with what its notice told and its code."""

    def __init__(
        self, *, records: DoorOrderRecords, open_texts: OpenTexts, renderer: Renderer, clock: Clock
    ) -> None:
        self._records = records
        self._open_texts = open_texts
        self._renderer = renderer
        self._clock = clock

    async def __call__(self, order_id: UUID) -> Letter:
        """Raises `UnknownDoorOrder` or `NotSayable`."""
        notice_id = await self._records.notice_of(order_id)
        if notice_id is None:
            message = f"there is no door order {order_id}"
            raise UnknownDoorOrder(message)
        async with self._open_texts() as store:
            found = await store.notice(notice_id)
            assert found is not None, f"door order {order_id} is of no notice"
            notice, number = found
            key = TextKey(notice.template, notice.language, _AS)
            text = await store.in_force(key, at=self._clock())
        published = None
        if text is not None and text.number is not None:
            published = PublishedText(text.number, text.source)
        try:
            worded = self._renderer.render(
                replace(notice, channel=_AS), account_number=number, published=published
            )
        except Unrenderable as error:
            raise NotSayable(str(error)) from error
        return Letter(notice.language, worded.text.subject, worded.text.body, worded.version)
