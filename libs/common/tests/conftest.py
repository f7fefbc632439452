"""The shared parts on real Kafka and PostgreSQL: a database and a topic for each test."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from own_databases import own_database
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from prewatt_common.clock import utc_now
from prewatt_common.contracts.base import Event, Whole
from prewatt_common.contracts.topics import Topic
from prewatt_common.db.database import Database, driver
from prewatt_common.db.tables import shared_metadata
from prewatt_common.kafka.batches import Park, Subscription
from prewatt_common.kafka.consumer import Consumer
from prewatt_common.kafka.decoding import decode_one
from prewatt_common.kafka.messages import Message, Source
from prewatt_common.kafka.outbox import OutboxRelay
from prewatt_common.kafka.producer import Producer
from prewatt_common.kafka.topics import create_topics
from prewatt_common.workers import NotRunning
from prewatt_devstack import Stack

WAIT_S = 90.0
PARTITIONS = 3


class Counted(Event, frozen=True, kw_only=True):
    """What the tests send."""

    ce_type: ClassVar[str] = "test.counted.v1"
    number: Whole


async def _always() -> None:
    """The database is what the tests expect."""


@dataclass
class Loop:
    """A topic, a database whose table ``effect`` shows what was handled, and the parts between."""

    stack: Stack
    topic: Topic
    group: str
    url: str
    database: Database
    producer: Producer
    relay: OutboxRelay
    before_effect: Callable[[int], Awaitable[None]] | None = None
    park: Park[Counted] | None = None
    fits: Callable[[], Awaitable[None]] = _always
    batch_records_max: int = 50
    linger_ms: int = 0
    handled: list[int] = field(default_factory=list)
    batches: list[tuple[float, list[int]]] = field(default_factory=list)
    """When each came to be handled (monotonic), and its numbers."""

    async def handle(self, connection: Any, batch: Sequence[Any]) -> None:
        """One row a record; more than once is more rows than one."""
        self.batches.append((time.monotonic(), sorted(event.number for event, _ in batch)))
        for event, _ in batch:
            if self.before_effect is not None:
                await self.before_effect(event.number)
        await self.insert_effects(connection, [event.number for event, _ in batch])
        self.handled += [event.number for event, _ in batch]

    async def insert_effects(self, connection: Any, numbers: Sequence[int]) -> None:
        """A row of ``effect`` for each, in the batch's transaction."""
        await (await driver(connection)).executemany(
            "INSERT INTO effect (number) VALUES ($1)", [(number,) for number in numbers]
        )

    def subscription(self) -> Subscription[Counted]:
        """What the group reads, and how."""
        return Subscription(
            group=self.group,
            topics=(self.topic,),
            decode=decode_one(Counted),
            handle=self.handle,
            park=self.park,
            batch_records_max=self.batch_records_max,
            linger_ms=self.linger_ms,
        )

    def consumer(self, *, instance_id: str | None = None) -> Consumer:
        """A member of the group."""
        return Consumer(
            subscription=self.subscription(),
            database=self.database,
            bootstrap=self.stack.endpoints.kafka_bootstrap,
            relay=self.relay,
            fits=self.fits,
            instance_id=instance_id,
        )

    @asynccontextmanager
    async def running(self, *workers: Any) -> AsyncGenerator[None]:
        """Workers that are stopped in order."""
        stop = asyncio.Event()
        tasks = [asyncio.create_task(worker.run(stop)) for worker in workers]
        try:
            yield
        finally:
            stop.set()
            async with asyncio.timeout(WAIT_S):
                await asyncio.gather(*tasks)

    @asynccontextmanager
    async def kafka_away(self, how: signal.Signals) -> AsyncGenerator[None]:
        """Frozen (SIGSTOP) it keeps its connections and says nothing; killed it has none."""
        pids = self.stack.pids("kafka")
        for pid in pids:
            os.kill(pid, how)
        try:
            yield
        finally:
            if how is signal.SIGKILL:
                await asyncio.to_thread(self.stack.start, "kafka")
            else:
                for pid in pids:
                    os.kill(pid, signal.SIGCONT)

    async def send(self, *numbers: int) -> None:
        """Records, spread over the partitions."""
        source = Source("test")
        await self.producer.send(
            [
                source.message(topic=self.topic, key=str(n), event=Counted(number=n), at=utc_now())
                for n in numbers
            ]
        )

    async def send_raw(self, value: bytes, *, key: bytes = b"raw", headers: Any = ()) -> None:
        """Bytes that nobody checked."""
        await self.producer.send([Message(self.topic.name, key, list(headers), value)])

    async def make_topic_anew(self) -> None:
        """Deleted, and made again under its name: empty, with another id."""
        async with self.admin() as admin:
            await admin.delete_topics([self.topic.name])
        await self.make_topic()

    async def make_topic(self) -> None:
        """Once Kafka has forgotten the one before."""
        async with self.admin() as admin:
            async with asyncio.timeout(WAIT_S):
                while True:
                    new = NewTopic(self.topic.name, PARTITIONS, 1)
                    ((_, code, _),) = (await admin.create_topics([new])).topic_errors
                    if code == 0:
                        return
                    await asyncio.sleep(0.1)

    @asynccontextmanager
    async def admin(self) -> AsyncGenerator[Any]:
        """aiokafka's admin client."""
        admin: Any = AIOKafkaAdminClient(bootstrap_servers=self.stack.endpoints.kafka_bootstrap)
        await admin.start()
        try:
            yield admin
        finally:
            await admin.close()

    async def execute(self, statement: str) -> Any:
        """SQL on the database, in a transaction of its own."""
        async with self.database.transaction() as connection:
            return await connection.exec_driver_sql(statement)

    async def effects(self) -> list[int]:
        """What has taken effect, sorted."""
        async with self.database.transaction() as connection:
            rows = await connection.execute(text("SELECT number FROM effect ORDER BY number"))
            return [row.number for row in rows]

    async def until_stopped(self, consumer: Consumer, *words: str) -> str:
        """Wait until it says that it stopped, with all ``words``; gives what it says."""
        said, deadline = "", time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            try:
                said = await consumer.check()
            except NotRunning as reason:
                said = str(reason)
                if said.startswith("stopped: ") and all(word in said for word in words):
                    return said
            await asyncio.sleep(0.1)
        pytest.fail(f"it says {said!r}, without {words}")

    async def until_effects(self, numbers: Sequence[int]) -> None:
        """Wait for exactly these."""
        deadline = time.monotonic() + WAIT_S
        while (found := await self.effects()) != sorted(numbers):
            assert len(found) <= len(numbers), "something took effect twice"
            assert time.monotonic() < deadline, f"{len(found)} of {len(numbers)} took effect"
            await asyncio.sleep(0.05)

    async def ends(self, topic: str) -> dict[TopicPartition, int]:
        """Where each partition of a topic ends now."""
        reader = AIOKafkaConsumer(bootstrap_servers=self.stack.endpoints.kafka_bootstrap)
        await reader.start()
        try:
            count = await self.producer.partitions(topic)
            return await reader.end_offsets([TopicPartition(topic, p) for p in range(count)])
        finally:
            await reader.stop()

    async def records(self, topic: str, count: int) -> list[ConsumerRecord]:
        """The first ``count`` records of a topic, or a few more."""
        reader = AIOKafkaConsumer(
            bootstrap_servers=self.stack.endpoints.kafka_bootstrap,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=8_000_000,
        )
        await reader.start()
        try:
            partitions = await self.producer.partitions(topic)
            reader.assign([TopicPartition(topic, p) for p in range(partitions)])
            found: list[ConsumerRecord] = []
            async with asyncio.timeout(WAIT_S):
                while len(found) < count:
                    for some in (await reader.getmany(timeout_ms=500)).values():
                        found += some
            return found
        finally:
            await reader.stop()


@pytest.fixture
async def loop(stack: Stack, database_of_loop: str) -> AsyncGenerator[Loop]:
    """A topic, a group and a database of its own."""
    name = f"t-{uuid4().hex[:10]}"
    bootstrap = stack.endpoints.kafka_bootstrap
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await create_topics(admin, [NewTopic(name, PARTITIONS, 1), NewTopic(f"{name}.dlq", 1, 1)])
    await admin.close()
    engine = create_async_engine(database_of_loop)
    async with engine.begin() as connection:
        await connection.run_sync(shared_metadata.create_all)
        await connection.execute(text("CREATE TABLE effect (number bigint NOT NULL)"))
    await engine.dispose()
    database = Database(url=database_of_loop)
    producer = Producer(bootstrap=bootstrap)
    yield Loop(
        stack=stack,
        topic=Topic(name, "number", (Counted,)),
        group=f"g-{name}",
        url=database_of_loop,
        database=database,
        producer=producer,
        relay=OutboxRelay(database=database, producer=producer),
    )
    await producer.stop()
    await database.close()


@pytest.fixture
async def empty_database(stack: Stack) -> AsyncGenerator[str]:
    """The URL of a database that nothing was made in yet."""
    async with own_database(stack, "billing") as url:
        yield url


@pytest.fixture
async def database_of_loop(stack: Stack) -> AsyncGenerator[str]:
    """Another one, for `loop`."""
    async with own_database(stack, "billing") as url:
        yield url
