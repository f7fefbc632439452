"""Whether the ledger's events that wait on Kafka have been taken."""

from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition

from prewatt_common.contracts.topics import LEDGER_EVENTS
from prewatt_common.db.database import Database, driver
from prewatt_common.kafka.clients import stop_client


class KafkaBacklog:
    """The backlog as of the first look: what comes later is no part of it."""

    def __init__(self, *, bootstrap: str, database: Database, group: str) -> None:
        self._bootstrap = bootstrap
        self._database = database
        self._group = group
        self._ends: Mapping[TopicPartition, int] | None = None

    async def is_taken(self) -> bool:
        """Whether this or another replica has taken all of it. Raises where Kafka or the database
        does not answer."""
        if self._ends is None:
            self._ends = await self._newest()
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(
                """
                SELECT partition, next_offset FROM consumer_offset
                WHERE consumer_group = $1 AND topic = $2
                """,
                self._group,
                LEDGER_EVENTS.name,
            )
        reached = {row["partition"]: row["next_offset"] for row in rows}
        return all(reached.get(place.partition, 0) >= end for place, end in self._ends.items())

    async def _newest(self) -> Mapping[TopicPartition, int]:
        consumer = AIOKafkaConsumer(LEDGER_EVENTS.name, bootstrap_servers=self._bootstrap)
        try:
            await consumer.start()
            return await consumer.end_offsets(list(consumer.assignment()))
        finally:
            await stop_client(consumer)
