"""One attempt at a notice whose channel is cancelled: from inside, or because the service ends."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from notifier.channels.ports import PermanentFailure
from notifier.contacts.values import Channel
from notifier.deliveries.deliver import Deliver
from notifier.deliveries.retries import RetryPolicy
from notifier.notices.values import Text
from notifier.templates.values import Worded

DELIVERY = SimpleNamespace(
    notice=SimpleNamespace(channel=Channel.LOG, campaign_id=None),
    account_number="1",
    attempts=1,
    published=None,
)
RENDERER = SimpleNamespace(render=lambda *_, **__: Worded(Text("", "", "text"), 0))


def deliver_over(send):
    return Deliver(
        open_deliveries=lambda: None,
        channels={Channel.LOG: SimpleNamespace(send=send)},
        renderer=RENDERER,
        retries=RetryPolicy(first_s=1, longest_s=9),
        quiet=None,
        zone=ZoneInfo("Asia/Shanghai"),
        timeout_s=60,
        prices={},
        clock=lambda: datetime(2026, 1, 1, tzinfo=UTC),
        jitter=lambda: 0.0,
    )


async def test_a_cancellation_from_inside_the_channel_is_an_attempt_that_failed():
    async def cancelled_inside(*_):
        gone = asyncio.get_running_loop().create_future()
        gone.cancel()
        await gone

    outcome = await deliver_over(cancelled_inside).send(DELIVERY)
    assert outcome.retry_after == timedelta(seconds=0.5)


async def test_the_end_of_the_service_is_none():
    began = asyncio.Event()

    async def slow(*_):
        began.set()
        await asyncio.Event().wait()

    sending = asyncio.create_task(deliver_over(slow).send(DELIVERY))
    await began.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending


async def test_an_answer_in_another_coding_is_kept_as_text():
    """The database takes no halves of characters and no zero: it would end the notifier."""

    async def in_gbk(*_):
        raise PermanentFailure(
            "550 " + "用户".encode("gbk").decode("utf-8", "surrogateescape") + "\0"
        )

    outcome = await deliver_over(in_gbk).send(DELIVERY)
    assert outcome.reason is not None
    assert outcome.reason.encode("utf-8").startswith(b"550 ?")
    assert "\0" not in outcome.reason


async def test_a_notice_that_its_peer_hangs_on_stands_back_further_each_time():
    """Or the one trial of a channel that is down would be its own, for ever."""

    async def hangs(*_):
        await asyncio.Event().wait()

    deliver = Deliver(
        open_deliveries=lambda: None,
        channels={Channel.LOG: SimpleNamespace(send=hangs)},
        renderer=RENDERER,
        retries=RetryPolicy(first_s=1, longest_s=900),
        quiet=None,
        zone=ZoneInfo("Asia/Shanghai"),
        timeout_s=0.01,
        prices={},
        clock=lambda: datetime(2026, 1, 1, tzinfo=UTC),
        jitter=lambda: 0.0,
    )
    pauses = []
    for attempts in (1, 2, 7):
        delivery = SimpleNamespace(**vars(DELIVERY) | {"attempts": attempts})
        outcome = await deliver.send(delivery)
        assert outcome.peer_answers is False
        pauses.append(outcome.retry_after.total_seconds())
    assert pauses == [0.5, 1.5, 364.5]
