"""Which partitions a consumer holds and where it stands in each."""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from prewatt_common.db.database import Database
from prewatt_common.kafka.lag import LagGauge
from prewatt_common.kafka.offsets import OffsetRange, load_offsets
from prewatt_common.workers import Trouble

logger = logging.getLogger(__name__)

# A fetch that finds nothing comes back after half a second.
_JUST_NOW_S = 5.0


class OffsetBeyondLog(KafkaError):
    """Kafka has fewer records than were processed: it lost some, or it is another cluster. Nothing
    is processed until somebody has decided what ``consumer_offset`` shall say."""


class Assignment(ConsumerRebalanceListener):
    """Follows the group's assignment; every partition begins at the database's offset."""

    def __init__(
        self, *, consumer: AIOKafkaConsumer, database: Database, group: str, lag: LagGauge
    ) -> None:
        self._consumer = consumer
        self._lag = lag
        self._database = database
        self._group = group
        self._failure: Exception | None = None
        self._sought: dict[TopicPartition, int] = {}
        self.waits = Trouble("waits for its group")
        """In the group, with its partitions' offsets loaded, or not yet."""
        self.positions: dict[TopicPartition, int] = {}
        self.processing = asyncio.Lock()
        """Held while a batch is processed, so that a rebalance waits for its commit."""

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Called by aiokafka before a rebalance."""
        async with self.processing:
            self.waits.begin("waits for its group")
            for place in revoked:
                self.positions.pop(place, None)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Called by aiokafka after a rebalance."""
        async with self.processing:
            places = list(assigned)
            self._lag.keep_only(places)
            try:
                await self._load(places)
            except Exception as error:  # noqa: BLE001 - aiokafka would log it and stall: see check
                self._failure = error
            else:
                self.waits.end()

    def at_end(self) -> set[int]:
        """Partitions in which nothing is left to process, as far as Kafka said just now."""
        fetched_after_ms = (time.time() - _JUST_NOW_S) * 1000
        assigned = self._consumer.assignment()
        return {
            place.partition
            for place, position in self.positions.items()
            if place in assigned
            and (self._consumer.last_poll_timestamp(place) or 0) > fetched_after_ms
            and position >= (self._consumer.highwater(place) or 0)
        }

    def check(self) -> None:
        """Raises what kept the offsets from being loaded: the session cannot go on."""
        if self._failure is not None:
            raise self._failure

    async def reload(self) -> None:
        """Go to the database's offsets again, after another member moved them."""
        await self._load(list(self._consumer.assignment()))

    async def _load(self, places: Sequence[TopicPartition]) -> None:
        if not places:
            return
        beginnings = await self._consumer.beginning_offsets(places)
        ends = await self._consumer.end_offsets(places)
        async with self._database.transaction() as connection:
            offsets = await load_offsets(connection, group=self._group, defaults=beginnings)
        self._sought.clear()
        for place, offset in offsets.items():
            if offset > ends[place]:
                raise _beyond(self._group, place, offset, ends[place])
            self._consumer.seek(place, max(offset, beginnings[place]))
            self.positions[place] = offset
            if offset < beginnings[place]:
                self._sought[place] = offset

    def ranges(
        self, polled: Mapping[TopicPartition, list[ConsumerRecord]]
    ) -> dict[TopicPartition, OffsetRange]:
        """The range of each polled partition that is still ours and begins where we stand."""
        return {
            place: OffsetRange(self.positions[place], records[-1].offset + 1)
            for place, records in polled.items()
            if place in self.positions and records and self._continues(place, records[0].offset)
        }

    def _continues(self, place: TopicPartition, found: int) -> bool:
        """Whether records from ``found`` on are the next ones.

        aiokafka polls from its own idea of the offset while ours are still being loaded: such
        records are dropped and polled again. Only where that changes nothing is there a gap.
        """
        position = self.positions[place]
        if found == position:
            return True
        if self._sought.get(place) != position:
            self._sought[place] = position
            self._consumer.seek(place, position)
            return False
        if found < position:
            raise _beyond(self._group, place, position, found)
        logger.error(
            "%s: Kafka no longer has %s/%d from %d to %d: those records are lost to us",
            self._group, place.topic, place.partition, position, found,
        )  # fmt: skip
        return True

    def advance(self, ranges: Mapping[TopicPartition, OffsetRange]) -> None:
        """The batch is committed."""
        for place, moved in ranges.items():
            if place in self.positions:
                self.positions[place] = moved.end

    def forget(self) -> None:
        """The batch is not committed: hold nothing until the next session has loaded offsets."""
        self.positions.clear()


def _beyond(group: str, place: TopicPartition, offset: int, end: int) -> OffsetBeyondLog:
    message = (
        f"{group} has processed {place.topic}/{place.partition} up to {offset}, but Kafka has it "
        f"only up to {end}; nothing was processed. Restore the topic, or set consumer_offset"
    )
    return OffsetBeyondLog(message)
