"""Use case: a text is sent to a number or address that a person names, to see how it arrives.

No notice is made, nothing is told, and it is evidence of nothing. It is kept before it is sent, so
that who asks again after a crash is told that nobody knows, and nobody is sent it twice unasked.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from notifier.channels.ports import ChannelPort, PermanentFailure, TransientFailure
from notifier.contacts.values import Channel, masked
from notifier.metrics import SEGMENTS
from notifier.notices.treatment import PRIORITIES
from notifier.notices.values import Notice, Status, Text
from notifier.templates.ports import OpenTexts, Renderer
from notifier.templates.refusals import (
    OtherRequest,
    TestNotSent,
    TextRefused,
    TooManyTests,
    UnknownText,
)
from notifier.templates.samples import SAMPLE_NUMBER, sample_facts
from notifier.templates.values import SENT, PublishedText, TemplateText, TestSend
from prewatt_common.clock import Clock
from prewatt_common.ids import new_id

TESTS_MAX = 20
"""An hour, from all replicas together."""
_WITHIN = timedelta(hours=1)
_LIFETIME = timedelta(minutes=10)
_MARK = "[TEST] "
_OUTCOME_MAX = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class TestOrder:
    """Who wants which text sent where, and under which Idempotency-Key."""

    __test__ = False

    text_id: UUID
    to: str
    by: str
    key: str


class SendTest:
    """Sends a text with its fullest sample, marked as a test."""

    def __init__(
        self,
        *,
        open_texts: OpenTexts,
        channels: Mapping[Channel, ChannelPort],
        renderer: Renderer,
        timeout_s: float,
        clock: Clock,
    ) -> None:
        self._open_texts = open_texts
        self._channels = channels
        self._renderer = renderer
        self._timeout_s = timeout_s
        self._clock = clock

    async def __call__(self, order: TestOrder) -> TestSend:
        """Once the channel's peer has it. Raises a `Refusal`; `TestNotSent` where the channel did
        not take it."""
        test, text = await self._begin(order)
        if text is not None:
            test = replace(test, outcome=await self._send(test, text, order.to))
            async with self._open_texts() as store:
                await store.end_test(test)
        if test.outcome != SENT:
            why = test.outcome or "nobody knows whether it went: the notifier ended meanwhile"
            message = f"{why}; ask under another Idempotency-Key to try again"
            raise TestNotSent(message)
        return test

    async def _begin(self, order: TestOrder) -> tuple[TestSend, TemplateText | None]:
        """The test, and the text where it is still to be sent."""
        to = masked(order.to)
        async with self._open_texts() as store:
            now = self._clock()
            begun = await store.sent_tests(since=now - _WITHIN)
            known = await store.test_asked(by=order.by, key=order.key)
            if known is not None:
                if (known.text_id, known.to) == (order.text_id, to):
                    return known, None
                message = f"the Idempotency-Key {order.key} came before with another test"
                raise OtherRequest(message)
            text = await store.get(order.text_id)
            if text is None:
                message = f"there is no text {order.text_id}"
                raise UnknownText(message)
            if text.key.channel not in self._channels:
                message = f"the channel {text.key.channel} is not configured here"
                raise TextRefused(message)
            if begun >= TESTS_MAX:
                message = f"{begun} tests were sent within an hour; wait, at most an hour"
                raise TooManyTests(message)
            test = TestSend(id=new_id(), text_id=text.id, key=order.key, to=to, by=order.by, at=now)
            await store.add_test(test)
        return test, text

    async def _send(self, test: TestSend, text: TemplateText, to: str) -> str:
        notice = _notice(test, text, to)
        published = PublishedText(text.number or 0, text.source)
        worded = self._renderer.render(notice, account_number=SAMPLE_NUMBER, published=published)
        try:
            async with asyncio.timeout(self._timeout_s):
                acceptance = await self._channels[text.key.channel].send(
                    notice, _marked(worded.text)
                )
        except (PermanentFailure, TransientFailure) as error:
            return f"the channel did not take it: {error}"[:_OUTCOME_MAX]
        except TimeoutError:
            return f"no answer in {self._timeout_s:g} s"
        if acceptance.segments is not None:
            SEGMENTS.labels(text.key.channel).inc(acceptance.segments)
        return SENT


def _notice(test: TestSend, text: TemplateText, to: str) -> Notice:
    """What the channel takes it for. It is no row, so no receipt is joined to it."""
    until = test.at + _LIFETIME
    return Notice(
        id=test.id,
        cause_id=test.id,
        account_id=UUID(int=0),
        template=text.key.template,
        language=text.key.language,
        channel=text.key.channel,
        recipient=to,
        facts=sample_facts(text.key.template)[0],
        settled_above_micro=None,
        position=0,
        status=Status.SENDING,
        priority=PRIORITIES[text.key.template],
        expires_at=until,
        give_up_at=until,
    )


def _marked(text: Text) -> Text:
    """Whoever gets it by mistake does not take it for a notice of theirs. A gateway that has the
    words itself says them without the mark."""

    def mark(part: str) -> str:
        return part and f"{_MARK}{part}"

    return replace(text, subject=mark(text.subject), body=mark(text.body), short=mark(text.short))
