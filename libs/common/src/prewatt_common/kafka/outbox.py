"""The outbox: messages written in the transaction of what they tell, published after it.

A crash between publishing and deleting publishes again; the ``ce_id`` stays the same.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from prewatt_common.db.database import Begin, Database, driver, insert_rows, is_passing_fault
from prewatt_common.kafka.messages import Headers, Message
from prewatt_common.kafka.producer import ProduceFailed, Producer, check_size
from prewatt_common.metrics import OUTBOX_PENDING, OUTBOX_PUBLISHED
from prewatt_common.workers import wait_any

logger = logging.getLogger(__name__)

_ROWS_MAX = 2_000
_POLL_S = 1.0
_RETRY_S = 1.0
_STOP_GRACE_S = 3.0
_LOCK_KEY = 0x0B0C5
# One statement takes the lock and reads. It may have begun before whoever had the lock deleted what
# it had published: FOR UPDATE passes over rows that are gone by now.
_NEXT = """
SELECT id, topic, key, headers, value FROM outbox
WHERE {which} AND (SELECT pg_try_advisory_xact_lock($3))
ORDER BY id LIMIT $1 FOR UPDATE
"""
_DONE = "DELETE FROM outbox WHERE id = ANY($1::bigint[])"
_encode_headers = msgspec.json.Encoder().encode
_headers_decoder = msgspec.json.Decoder(Headers)


def check(messages: Sequence[Message]) -> None:
    """Raises `MessageTooLarge`: one that Kafka never takes would hold up all that come after it."""
    for message in messages:
        check_size(message)


async def append(connection: AsyncConnection, messages: Sequence[Message]) -> None:
    """Write ``messages`` to be published once the transaction of ``connection`` has committed.

    Raises as `check` does.
    """
    check(messages)
    if messages:
        # The rows' ids, and so the order on Kafka, are the order given.
        await insert_rows(
            connection,
            "outbox",
            columns=["topic", "key", "headers", "value"],
            rows=[
                (message.topic, message.key, _encode_headers(message.headers), message.value)
                for message in messages
            ],
        )


class OutboxRelay:
    """A worker that publishes outbox rows in order and deletes them.

    One replica at a time holds the advisory lock, so the order of an account's messages (whose
    rows are written under the account's row lock) is the order on Kafka: within a topic. Rows of
    the ``bulk`` topics are published beside the others, or a payment's command would wait for the
    hundreds of kilobytes before it.
    """

    name = "outbox"

    def __init__(
        self, *, database: Database, producer: Producer, bulk: Collection[str] = ()
    ) -> None:
        topics = list(bulk)
        lanes = [_Lane("ordinary", _LOCK_KEY, "topic <> ALL($2::text[])", topics)]
        if topics:
            lanes.append(_Lane("bulk", _LOCK_KEY + 1, "topic = ANY($2::text[])", topics))
        self._lanes = [_LaneRelay(each, database, producer) for each in lanes]

    def wake(self) -> None:
        """There may be new rows: look now and not at the next poll."""
        for each in self._lanes:
            each.due.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until ``stop``; what is then left is published by whoever starts next."""
        async with asyncio.TaskGroup() as group:
            for each in self._lanes:
                group.create_task(each.run(stop))


class _Lane(NamedTuple):
    name: str
    lock_key: int
    which: str
    topics: list[str]


class _LaneRelay:
    """Publishes the rows of some topics."""

    def __init__(self, lane: _Lane, database: Database, producer: Producer) -> None:
        self._lane = lane
        self._next = _NEXT.format(which=lane.which)
        self._database = database
        self._producer = producer
        self._pending = OUTBOX_PENDING.labels(lane.name)
        self.due = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        stopping = asyncio.create_task(stop.wait())
        while not stop.is_set():
            self.due.clear()
            try:
                published = await self._publish_unless_stopped(stopping)
            except ProduceFailed as error:
                logger.warning("outbox: %s; the rows are kept and tried again", error)
                await asyncio.sleep(_RETRY_S)
                continue
            except Exception as error:
                if not is_passing_fault(error):
                    raise
                logger.warning("outbox: database: %r; trying again", error)
                await asyncio.sleep(_RETRY_S)
                continue
            if not published:
                await wait_any(self.due, stop, timeout_s=_POLL_S)

    async def _publish_unless_stopped(self, stopping: asyncio.Task[bool]) -> int:
        """Without a broker sending takes for ever: a stop ends it, and the rows stay."""
        publishing = asyncio.ensure_future(self._publish_some())
        try:
            await asyncio.wait({publishing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not publishing.done():
                await asyncio.wait({publishing}, timeout=_STOP_GRACE_S)
        finally:
            if not publishing.done():
                publishing.cancel()
                await asyncio.wait({publishing})
        return 0 if publishing.cancelled() else await publishing

    async def _publish_some(self) -> int:
        # A deletion that a crash of PostgreSQL undoes is published again, as after a crash before
        # it: nobody need wait for the disk.
        async with self._database.transaction(Begin.MAY_BE_LOST) as connection:
            inner = await driver(connection)
            rows = await inner.fetch(self._next, _ROWS_MAX, self._lane.topics, self._lane.lock_key)
            self._pending.set(len(rows))  # none where another has the lock, who tells
            if not rows:
                return 0
            await self._producer.send(
                Message(topic, key, _headers_decoder.decode(headers), value)
                for _, topic, key, headers, value in rows
            )
            await inner.execute(_DONE, [row["id"] for row in rows])
        for topic, published in Counter(row["topic"] for row in rows).items():
            OUTBOX_PUBLISHED.labels(topic).inc(published)
        return len(rows)
