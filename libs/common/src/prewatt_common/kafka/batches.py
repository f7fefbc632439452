"""One batch of records in one transaction with its offsets.

A record that cannot be decoded, or that the domain refuses by name, goes to the dead letters in the
same transaction that moves past it, and the rest of its batch is handled without it. Any other
error is a defect of the code or the schema: what fails alone by one may be parked by whoever
subscribed, in the same transaction; else all is rolled back, and the consumer stops.
"""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, cast

from aiokafka import ConsumerRecord, TopicPartition
from sqlalchemy.ext.asyncio import AsyncConnection

from prewatt_common.clock import utc_now
from prewatt_common.contracts.topics import Topic
from prewatt_common.db.database import (
    Begin,
    Database,
    is_conflict,
    is_passing_fault,
    is_schema_fault,
)
from prewatt_common.kafka import outbox
from prewatt_common.kafka.breaker import Breaker
from prewatt_common.kafka.dead_letters import dead_letter, reason_of
from prewatt_common.kafka.decoding import Decode, Delivered, EventT, Several, Undecodable
from prewatt_common.kafka.offsets import OffsetRange, fence
from prewatt_common.kafka.stops import defect_at, in_words, place_of
from prewatt_common.metrics import CONSUMER_RECORDS, CONSUMER_RETRIES, DEAD_LETTERS
from prewatt_common.refusals import Refusal

logger = logging.getLogger(__name__)

_AT_ONCE_MAX = 3
"""How often a transaction that was in another's way is tried at once."""

AfterCommit = Callable[[], None]
Handle = Callable[[AsyncConnection, Sequence[Delivered[EventT]]], Awaitable[AfterCommit | None]]
"""Handles a batch inside the transaction; what it returns is called once that has committed."""
Park = Callable[[AsyncConnection, Delivered[EventT], Exception], Awaitable[bool]]
"""Sets one event aside inside the batch's transaction, whose handling alone failed by a bug; False
where it will not, and then nothing of the batch is committed."""


@dataclass(frozen=True, kw_only=True)
class Subscription(Generic[EventT]):
    """What a consumer reads and what is done with it: ``handle`` takes what ``decode`` gives."""

    group: str
    topics: tuple[Topic, ...]
    decode: Decode[EventT | Several[EventT] | None]
    handle: Handle[EventT]
    one_of: Callable[[bytes, int], bytes] | None = None
    """For records of many: the value of a record of the one with that index."""
    park: Park[EventT] | None = None
    """For events that fail alone by a bug; without it each of them is a `Defect`, and where the
    schema is wrong it is not asked."""
    batch_records_max: int = 5_000
    linger_ms: int = 0
    """The least time from one batch's start to the next. A batch costs about as much for one
    record as for a hundred, and all consumers together would take every core for batches of one."""


class Dead(NamedTuple):
    """A record that is not handled, and why; of a record of many, the one at that place."""

    record: ConsumerRecord
    reason: str
    detail: str
    place: int | None = None


@dataclass(frozen=True, slots=True)
class _Fates:
    """What became of a batch's records."""

    after: list[AfterCommit] = field(default_factory=lambda: [])
    dead: list[Dead] = field(default_factory=lambda: [])
    parked: list[tuple[ConsumerRecord, Exception]] = field(default_factory=lambda: [])
    several: dict[int, Several[Any]] = field(default_factory=lambda: {})
    """Of records of many, by the record's `id`."""


class _Narrow(Exception):
    """Some of a batch cannot be handled: to find which, it is begun again."""


class _Room(Exception):
    """With these records the breaker opens, before the batch is done."""

    def __init__(self, records: int) -> None:
        super().__init__(records)
        self.records = records


class Batches:
    """Handles the batches of one subscription."""

    def __init__(
        self,
        *,
        subscription: Subscription[Any],
        database: Database,
        relay: outbox.OutboxRelay,
        breaker: Breaker,
    ) -> None:
        self._subscription = subscription
        self._database = database
        self._relay = relay
        self._breaker = breaker

    async def process(
        self, records: Sequence[ConsumerRecord], ranges: Mapping[TopicPartition, OffsetRange]
    ) -> Mapping[TopicPartition, OffsetRange]:
        """All records in one transaction, or those up to the one that opens the breaker; gives how
        far that is. Raises `Defect` where the code failed, and nothing is committed then."""
        narrows = False
        tries_left = _AT_ONCE_MAX
        while True:
            tries_left -= 1
            try:
                fates = await self._in_one_transaction(records, ranges, narrows=narrows)
            except _Room as room:
                records = records[: room.records]
                return await self.process(records, _up_to(records, ranges))
            except _Narrow:
                # Nearly no batch fails, and none pays for savepoints before it has.
                narrows = True
                tries_left = _AT_ONCE_MAX
            except Exception as error:
                if not (tries_left and is_conflict(error)):
                    raise
                CONSUMER_RETRIES.labels(self._subscription.group).inc()
                logger.info("%s: %r; the same batch at once", self._subscription.group, error)
            else:
                self._committed(records, fates)
                return ranges

    async def _in_one_transaction(
        self,
        records: Sequence[ConsumerRecord],
        ranges: Mapping[TopicPartition, OffsetRange],
        *,
        narrows: bool,
    ) -> _Fates:
        fates = _Fates()
        delivered: list[Delivered[Any]] = []
        for record in records:
            try:
                event = self._subscription.decode(record)
            except Undecodable as error:
                fates.dead.append(_dead(record, error))
                continue
            except Exception as error:
                raise defect_at([record], error) from error
            if isinstance(event, Several):
                event = cast(Several[Any], event)
                fates.several[id(record)] = event
                delivered += [Delivered(each, record) for each in event.events]
                fates.dead.extend(
                    _dead(record, Undecodable(why), index) for index, why in event.bad
                )
            elif event is not None:
                delivered.append(Delivered(event, record))
        async with self._database.transaction(Begin.BATCH) as connection:
            await fence(connection, group=self._subscription.group, ranges=ranges)
            if narrows:
                await self._narrow(connection, delivered, fates)
            else:
                await self._handle(connection, delivered, fates)
            room = self._room(records, fates)
            if room < len(records):
                raise _Room(room)
            now = utc_now()
            await outbox.append(
                connection,
                [
                    dead_letter(
                        record=record,
                        reason=reason,
                        detail=detail,
                        by=self._subscription.group,
                        at=now,
                        one=self._one(record, index),
                    )
                    for record, reason, detail, index in fates.dead
                ],
            )
        return fates

    def _one(self, record: ConsumerRecord, index: int | None) -> tuple[int, bytes] | None:
        if index is None:
            return None
        assert self._subscription.one_of is not None, "who decodes several knows how to part them"
        return index, self._subscription.one_of(record.value or b"", index)

    def _room(self, records: Sequence[ConsumerRecord], fates: _Fates) -> int:
        """How many of the records may be taken before the breaker opens, the one that opens it
        included."""
        room = self._breaker.room(_places(records, fates))
        if room is None:
            return len(records)
        for place, record in enumerate(records):
            room -= _size(record, fates)
            if room <= 0:
                return place + 1
        return len(records)

    def _committed(self, records: Sequence[ConsumerRecord], fates: _Fates) -> None:
        counts: Counter[str] = Counter()
        for record in records:
            counts[record.topic] += _size(record, fates)
        self._breaker.note(_places(records, fates), taken=counts.total())
        self._relay.wake()
        for call in fates.after:
            call()
        for topic, count in counts.items():
            CONSUMER_RECORDS.labels(self._subscription.group, topic).inc(count)
        for record, reason, detail, _ in fates.dead:
            DEAD_LETTERS.labels(self._subscription.group, record.topic, reason).inc()
            logger.error(
                "dead letter: %s", detail,
                extra={"topic": record.topic, "partition": record.partition,
                       "offset": record.offset, "reason": reason},
            )  # fmt: skip
        for record, error in fates.parked:
            logger.error(
                "parked, for a defect at %s: %s", place_of(record), in_words(error), exc_info=error,
                extra={"topic": record.topic, "partition": record.partition,
                       "offset": record.offset},
            )  # fmt: skip

    async def _handle(
        self, connection: AsyncConnection, delivered: Sequence[Delivered[Any]], fates: _Fates
    ) -> None:
        """All of them. Raises `_Narrow` where some cannot be handled."""
        if not delivered:
            return
        try:
            call = await self._subscription.handle(connection, delivered)
        except Exception as error:
            if is_passing_fault(error):
                raise
            raise _Narrow from error
        if call is not None:
            fates.after.append(call)

    async def _narrow(
        self, connection: AsyncConnection, delivered: Sequence[Delivered[Any]], fates: _Fates
    ) -> None:
        """Down to those that cannot be handled: halves share the outer transaction through
        savepoints, so the offsets still move once."""
        try:
            async with connection.begin_nested():
                call = await self._subscription.handle(connection, delivered)
        except Exception as error:
            if is_passing_fault(error):
                raise
            failure = error
        else:
            if call is not None:
                fates.after.append(call)
            return
        # Outside of the `except`, so that a record's traceback is not that of every half before.
        if len(delivered) == 1:
            await self._settle(connection, delivered[0], failure, fates)
            return
        parked_before = len(fates.parked)
        middle = len(delivered) // 2
        await self._narrow(connection, delivered[:middle], fates)
        await self._narrow(connection, delivered[middle:], fates)
        if not isinstance(failure, Undecodable | Refusal) and len(fates.parked) == parked_before:
            # Each for itself went well, so it is none of them; all together they do not.
            raise defect_at([each.record for each in delivered], failure) from failure

    async def _settle(
        self,
        connection: AsyncConnection,
        one: Delivered[Any],
        error: Exception,
        fates: _Fates,
    ) -> None:
        """The one place that decides what becomes of a single event whose handling failed: a dead
        letter where the domain refuses it, parked where it fails by a bug and somebody takes it.
        Raises `Defect` for anything else."""
        if isinstance(error, Undecodable | Refusal):
            several = fates.several.get(id(one.record))
            index = None if several is None else several.index_of(one.event)
            fates.dead.append(_dead(one.record, error, index))
            return
        park = self._subscription.park
        # No event is at fault for a table that is not there.
        if park and not is_schema_fault(error) and await park(connection, one, error):
            fates.parked.append((one.record, error))
            return
        raise defect_at([one.record], error) from error


def _dead(record: ConsumerRecord, error: Undecodable | Refusal, index: int | None = None) -> Dead:
    return Dead(record, reason_of(error), str(error), index)


def _size(record: ConsumerRecord, fates: _Fates) -> int:
    """How many a record counts for: one, or those that it holds."""
    several = fates.several.get(id(record))
    return 1 if several is None else len(several)


def _places(records: Sequence[ConsumerRecord], fates: _Fates) -> list[int]:
    """Where the dead ones are, counting each of a record of many."""
    if not fates.dead:
        return []
    of_record: dict[int, list[int]] = {}
    for each in fates.dead:
        of_record.setdefault(id(each.record), []).append(each.place or 0)
    places: list[int] = []
    begin = 0
    for record in records:
        places += [begin + index for index in sorted(of_record.get(id(record), ()))]
        begin += _size(record, fates)
    return places


def _up_to(
    records: Sequence[ConsumerRecord], ranges: Mapping[TopicPartition, OffsetRange]
) -> dict[TopicPartition, OffsetRange]:
    """``ranges`` as far as ``records`` go."""
    ends = {TopicPartition(each.topic, each.partition): each.offset + 1 for each in records}
    return {place: OffsetRange(ranges[place].start, end) for place, end in ends.items()}
