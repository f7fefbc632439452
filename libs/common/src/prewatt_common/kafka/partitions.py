"""Which partitions a consumer holds and where it stands in each."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

from prewatt_common.contracts.topics import Topic
from prewatt_common.db.database import Database
from prewatt_common.kafka.clients import client_of
from prewatt_common.kafka.lag import LagGauge
from prewatt_common.kafka.offsets import OffsetRange, load_offsets, logs_of, misfit
from prewatt_common.kafka.stops import OffsetBeforeLog, Stop
from prewatt_common.kafka.topic_ids import topic_ids
from prewatt_common.workers import Trouble

# A fetch that finds nothing comes back after half a second.
_JUST_NOW_S = 5.0


class TopicLost(KafkaError):
    """A topic does not exist, or it was away and is there again as another."""


class Assignment(ConsumerRebalanceListener):
    """Follows the group's assignment; every partition begins at the database's offset."""

    def __init__(
        self,
        *,
        consumer: AIOKafkaConsumer,
        database: Database,
        group: str,
        topics: Sequence[Topic],
        lag: LagGauge,
    ) -> None:
        self._consumer = consumer
        self._lag = lag
        self._database = database
        self._group = group
        self._failure: Exception | None = None
        self._topics = [topic.name for topic in topics]
        self._topic_ids: Mapping[str, UUID] = {}
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
            await self._try_to_load(places)

    async def try_again(self) -> None:
        """Load the offsets anew, after something stood in the way."""
        async with self.processing:
            await self._try_to_load(list(self._consumer.assignment()))

    async def _try_to_load(self, places: Sequence[TopicPartition]) -> None:
        self._failure = None
        try:
            await self._load(places)
        except Exception as error:  # noqa: BLE001 - aiokafka would log it and stall: see check
            self._failure = error
            if not isinstance(error, Stop):
                return
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

    async def check_topics(self) -> None:
        """Raises `TopicMadeAnew` where a topic is not the one that our offsets are of any more, and
        `TopicLost` where the group has to form anew to find that out."""
        try:
            found = await topic_ids(client_of(self._consumer), self._topics)
        except UnknownTopicOrPartitionError as error:
            message = f"{error.args[0]} does not exist"
            raise TopicLost(message) from error
        if any(found[name] != known for name, known in self._topic_ids.items()):
            await self.reload()
        elif all(map(self._consumer.partitions_for_topic, self._topics)):
            return
        # While the topic was away the group gave nobody its partitions, and aiokafka would not look
        # for minutes: a new session does.
        message = f"{', '.join(self._topics)}: not there a moment ago"
        raise TopicLost(message)

    async def _load(self, places: Sequence[TopicPartition]) -> None:
        self._sought.clear()
        self.positions.clear()
        if not places:
            return
        logs = await logs_of(self._consumer, places)
        shown = {place: await self._consumer.committed(place) for place in places}
        async with self._database.transaction() as connection:
            stands = await load_offsets(connection, group=self._group, logs=logs)
        for place, stand in stands.items():
            stop = misfit(
                group=self._group,
                place=place,
                stand=stand,
                log=logs[place],
                shown=shown[place],
            )
            if stop is not None:
                raise stop
        for place, stand in stands.items():
            self._consumer.seek(place, stand.offset)
            self.positions[place] = stand.offset
        self._topic_ids = {place.topic: log.topic_id for place, log in logs.items()}

    async def ranges(
        self, polled: Mapping[TopicPartition, list[ConsumerRecord]]
    ) -> dict[TopicPartition, OffsetRange]:
        """The range of each polled partition that is still ours and begins where we stand."""
        return {
            place: OffsetRange(self.positions[place], records[-1].offset + 1)
            for place, records in polled.items()
            if place in self.positions
            and records
            and await self._continues(place, records[0].offset)
        }

    async def _continues(self, place: TopicPartition, found: int) -> bool:
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
        # The log may have lost its end or its beginning since: whichever it was is raised here.
        await self.reload()
        if found > position:
            message = (
                f"{self._group} stands at offset {position} of {place.topic}/{place.partition}, "
                f"and the next record that Kafka has is {found}: those between are gone from "
                "within its log. Nothing was processed or skipped; `prewatt offsets` shows it."
            )
            raise OffsetBeforeLog(message)
        return False

    def advance(self, ranges: Mapping[TopicPartition, OffsetRange]) -> None:
        """The batch is committed."""
        for place, moved in ranges.items():
            if place in self.positions:
                self.positions[place] = moved.end

    def forget(self) -> None:
        """The batch is not committed: hold nothing until the next session has loaded offsets."""
        self.positions.clear()
