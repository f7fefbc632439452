"""Which partitions a consumer holds and where it stands in each."""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition

from prewatt_common.db.database import Database, is_passing_fault
from prewatt_common.kafka.offsets import OffsetRange, load_offsets

logger = logging.getLogger(__name__)

_RETRY_S = 0.5


class Assignment(ConsumerRebalanceListener):
    """Follows the group's assignment; every partition begins at the database's offset."""

    def __init__(self, *, consumer: AIOKafkaConsumer, database: Database, group: str) -> None:
        self._consumer = consumer
        self._database = database
        self._group = group
        self.joined = False
        self.positions: dict[TopicPartition, int] = {}
        self.processing = asyncio.Lock()
        """Held while a batch is processed, so that a rebalance waits for its commit."""

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Called by aiokafka before a rebalance."""
        async with self.processing:
            for place in revoked:
                self.positions.pop(place, None)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Called by aiokafka after a rebalance."""
        async with self.processing:
            await self._load(list(assigned))
            self.joined = True

    async def reload(self) -> None:
        """Go to the database's offsets again, after another member moved them."""
        await self._load(list(self._consumer.assignment()))

    async def _load(self, places: Sequence[TopicPartition]) -> None:
        if not places:
            return
        beginnings = await self._consumer.beginning_offsets(places)
        while True:
            try:
                async with self._database.transaction() as connection:
                    offsets = await load_offsets(connection, group=self._group, defaults=beginnings)
                break
            except Exception as error:
                if not is_passing_fault(error):
                    raise
                logger.warning("%s: offsets not loaded: %r; again", self._group, error)
                await asyncio.sleep(_RETRY_S)
        for place, offset in offsets.items():
            if offset < beginnings[place]:
                logger.error(
                    "%s: Kafka no longer has %s/%d from %d to %d: those records are lost to us",
                    self._group, place.topic, place.partition, offset, beginnings[place],
                )  # fmt: skip
            self._consumer.seek(place, max(offset, beginnings[place]))
            self.positions[place] = offset

    def ranges(
        self, polled: Mapping[TopicPartition, list[ConsumerRecord]]
    ) -> dict[TopicPartition, OffsetRange]:
        """The range of each polled partition that is still ours."""
        return {
            place: OffsetRange(self.positions[place], records[-1].offset + 1)
            for place, records in polled.items()
            if place in self.positions and records
        }

    def advance(self, ranges: Mapping[TopicPartition, OffsetRange]) -> None:
        """The batch is committed."""
        for place, moved in ranges.items():
            if place in self.positions:
                self.positions[place] = moved.end

    def forget(self) -> None:
        """The batch is not committed: hold nothing until the next session has loaded offsets."""
        self.positions.clear()
