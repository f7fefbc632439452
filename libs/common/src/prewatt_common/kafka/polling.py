"""Polls of one aiokafka consumer that end in time and fetch nothing ahead."""

import asyncio
from collections.abc import Collection, Coroutine, Mapping
from typing import Any, TypeAlias

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

_POLL_MS = 500
_GIVEN_UP_S = 5.0

Polled: TypeAlias = Mapping[TopicPartition, list[ConsumerRecord]]


class Polling:
    """Of one session."""

    def __init__(self, consumer: AIOKafkaConsumer, *, records_max: int) -> None:
        self._consumer = consumer
        self._records_max = records_max

    async def some(self, stop: asyncio.Event, *, first: Collection[TopicPartition] = ()) -> Polled:
        """The next records, none at ``stop`` or after a while; of ``first`` alone, where any of
        those is ours."""
        return await _within_time(self._fetch(first), stop)

    async def nothing(self, stop: asyncio.Event) -> None:
        """A poll all the same: who does not poll is put out of the group. What had been fetched
        before is dropped, and comes again when the offsets are loaded."""
        self._consumer.pause(*self._consumer.assignment())
        await _within_time(self._consumer.getmany(timeout_ms=_POLL_MS), stop)

    async def _fetch(self, first: Collection[TopicPartition]) -> Polled:
        """What has come. Nothing is fetched ahead while it is then processed: what aiokafka fetches
        in that time would be old when its turn comes, and the newer would wait behind it."""
        consumer = self._consumer
        assigned = consumer.assignment()
        places = assigned.intersection(first) or assigned
        consumer.resume(*places)
        polled = await consumer.getmany(*places, timeout_ms=_POLL_MS, max_records=self._records_max)
        if polled:
            # In the same step as the last line, before aiokafka can send the next fetch.
            consumer.pause(*consumer.assignment())
        return polled


async def _within_time(fetch: Coroutine[Any, Any, Polled], stop: asyncio.Event) -> Polled:
    """While the group cannot form, aiokafka waits without regard to its timeout."""
    poll = asyncio.ensure_future(fetch)
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait(
            {poll, stopping}, timeout=_GIVEN_UP_S, return_when=asyncio.FIRST_COMPLETED
        )
        return poll.result() if poll.done() else {}
    finally:
        poll.cancel()
        stopping.cancel()
