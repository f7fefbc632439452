"""One batch of records in one transaction with its offsets.

A record that cannot be decoded, or whose handling fails for good, goes to the dead letters in the
same transaction that moves past it, and the rest of its batch is handled without it.
"""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic

from aiokafka import ConsumerRecord, TopicPartition
from sqlalchemy.ext.asyncio import AsyncConnection

from prewatt_common.clock import utc_now
from prewatt_common.contracts.topics import Topic
from prewatt_common.db.database import Database, is_passing_fault
from prewatt_common.kafka import outbox
from prewatt_common.kafka.dead_letters import dead_letter
from prewatt_common.kafka.decoding import Decode, Delivered, EventT, Undecodable
from prewatt_common.kafka.messages import Message
from prewatt_common.kafka.offsets import OffsetRange, fence
from prewatt_common.metrics import CONSUMER_RECORDS, DEAD_LETTERS

logger = logging.getLogger(__name__)

AfterCommit = Callable[[], None]
Handle = Callable[[AsyncConnection, Sequence[Delivered[EventT]]], Awaitable[AfterCommit | None]]
"""Handles a batch inside the transaction; what it returns is called once that has committed."""


@dataclass(frozen=True, kw_only=True)
class Subscription(Generic[EventT]):
    """What a consumer reads and what is done with it: ``handle`` takes what ``decode`` gives."""

    group: str
    topics: tuple[Topic, ...]
    decode: Decode[EventT | None]
    handle: Handle[EventT]
    batch_records_max: int = 5_000
    linger_ms: int = 0
    """The least time from one batch's start to the next. A batch costs about as much for one
    record as for a hundred, and all consumers together would take every core for batches of one."""


class Batches:
    """Handles the batches of one subscription."""

    def __init__(
        self, *, subscription: Subscription[Any], database: Database, relay: outbox.OutboxRelay
    ) -> None:
        self._subscription = subscription
        self._database = database
        self._relay = relay

    async def process(
        self, records: list[ConsumerRecord], ranges: dict[TopicPartition, OffsetRange]
    ) -> None:
        """All records in one transaction. Where one cannot be handled, narrow down to it: halves
        share the outer transaction through savepoints, so the offsets still move once."""
        delivered: list[Delivered[Any]] = []
        dead: list[tuple[ConsumerRecord, str, str]] = []
        for record in records:
            try:
                event = self._subscription.decode(record)
            except Undecodable as error:
                dead.append((record, "undecodable", str(error)))
            else:
                if event is not None:
                    delivered.append(Delivered(event, record))
        after: list[AfterCommit] = []
        async with self._database.transaction() as connection:
            await fence(connection, group=self._subscription.group, ranges=ranges)
            await self._handle(connection, delivered, after, dead)
            await outbox.append(connection, [self._dead_letter(*item) for item in dead])
        self._relay.wake()
        for call in after:
            call()
        for topic, count in Counter(record.topic for record in records).items():
            CONSUMER_RECORDS.labels(self._subscription.group, topic).inc(count)
        for record, reason, detail in dead:
            DEAD_LETTERS.labels(self._subscription.group, record.topic, reason).inc()
            logger.error(
                "dead letter: %s", detail,
                extra={"topic": record.topic, "partition": record.partition,
                       "offset": record.offset, "reason": reason},
            )  # fmt: skip

    async def _handle(
        self,
        connection: AsyncConnection,
        delivered: Sequence[Delivered[Any]],
        after: list[AfterCommit],
        dead: list[tuple[ConsumerRecord, str, str]],
    ) -> None:
        if not delivered:
            return
        try:
            async with connection.begin_nested():
                call = await self._subscription.handle(connection, delivered)
        except Exception as error:
            if is_passing_fault(error):
                raise
            if len(delivered) == 1:
                logger.exception("consumer %s could not handle a record", self._subscription.group)
                reason = "undecodable" if isinstance(error, Undecodable) else "unprocessable"
                dead.append((delivered[0].record, reason, f"{type(error).__name__}: {error}"))
                return
            middle = len(delivered) // 2
            await self._handle(connection, delivered[:middle], after, dead)
            await self._handle(connection, delivered[middle:], after, dead)
        else:
            if call is not None:
                after.append(call)

    def _dead_letter(self, record: ConsumerRecord, reason: str, detail: str) -> Message:
        return dead_letter(
            record=record,
            reason=reason,
            detail=detail,
            by=self._subscription.group,
            at=utc_now(),
        )
