"""Billing on the real PostgreSQL and Kafka: its own database, its consumers, messages to feed."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from uuid import uuid4

import asyncpg
import pytest

from billing.bootstrap import subscriptions
from billing.meters.kafka import KafkaPastReadings
from billing.meters.postgres import open_meters
from billing.meters.rederive import Rederive
from billing.reconciliation.postgres import PostgresComparisons
from billing.settings import BillingSettings
from prewatt_common.clock import utc_now
from prewatt_common.contracts.base import Event
from prewatt_common.contracts.ledger_charges_v1 import ChargesPosted
from prewatt_common.contracts.ledger_events_v1 import AccountOpened, MeterBound, TariffPublished
from prewatt_common.contracts.meter_readings_v1 import Reading, readings_event
from prewatt_common.contracts.topics import LEDGER_CHARGES, LEDGER_EVENTS, METER_READINGS
from prewatt_common.db.database import Database
from prewatt_common.db.migrations import migrate
from prewatt_common.kafka.consumer import Consumer
from prewatt_common.kafka.messages import Message, Source
from prewatt_common.kafka.outbox import OutboxRelay
from prewatt_common.kafka.producer import Producer
from prewatt_common.kafka.schema import fits

_WAIT_S = 30.0


@dataclass
class Billing:
    """Billing's parts for a test. Topics are shared with other tests: look at own meters only."""

    database: Database
    bootstrap: str
    comparisons: PostgresComparisons
    producer: Producer
    settings: BillingSettings

    async def publish(self, events: Sequence[Event]) -> None:
        """Put events on their topics, as ledger and gateway do."""
        await self.producer.send([_message(event) for event in events])

    @asynccontextmanager
    async def consuming(self, *names: str) -> AsyncGenerator[None]:
        """Run the consumers whose groups end in ``names``."""
        stop = asyncio.Event()
        relay = OutboxRelay(database=self.database, producer=self.producer)
        workers = [
            Consumer(
                subscription=replace(each, group=f"{each.group}.{uuid4()}"),
                database=self.database,
                bootstrap=self.bootstrap,
                relay=relay,
                fits=fits(self.database, package="billing"),
            )
            for each in subscriptions(self.settings)
            if each.group.rpartition(".")[2] in names
        ]
        tasks = [asyncio.create_task(worker.run(stop)) for worker in (relay, *workers)]
        try:
            yield
        finally:
            stop.set()
            relay.wake()
            await asyncio.gather(*tasks)

    async def rederive(self) -> int:
        """Take again what was asked for; gives how many meters."""
        worker = Rederive(
            open_meters=lambda: open_meters(self.database),
            past=KafkaPastReadings(bootstrap=self.bootstrap),
            passing=lambda _: False,
            every_s=1,
        )
        return await worker.once(asyncio.Event())

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        """Wait for what must come to hold."""
        async with asyncio.timeout(_WAIT_S):
            while not await holds():  # noqa: ASYNC110 - what it looks at is outside this process
                await asyncio.sleep(0.05)


def _message(event: Event | Reading) -> Message:
    source = Source("test")
    match event:
        case Reading():
            topic, key, event = METER_READINGS, event.meter_id, readings_event([event])
        case ChargesPosted():
            topic, key = LEDGER_CHARGES, "0"
        case TariffPublished():
            topic, key = LEDGER_EVENTS, event.tariff_code
        case AccountOpened() | MeterBound():
            topic, key = LEDGER_EVENTS, str(event.account_id)
        case _:
            message = f"not for billing: {event}"
            raise TypeError(message)
    return source.message(topic=topic, key=key, event=event, at=utc_now())


@pytest.fixture
async def billing(stack) -> AsyncGenerator[Billing]:
    """Billing on a database of its own."""
    bootstrap = stack.endpoints.kafka_bootstrap
    url = await _new_database(stack.endpoints.database_url("billing"))
    await asyncio.to_thread(migrate, package="billing", database_url=url)
    database = Database(url=url)
    producer = Producer(bootstrap=bootstrap)
    yield Billing(
        database=database,
        bootstrap=bootstrap,
        comparisons=PostgresComparisons(database),
        producer=producer,
        settings=BillingSettings(
            database_url=url, kafka_bootstrap=bootstrap, auth_public_key="unused"
        ),
    )
    await producer.stop()
    await database.close()


async def _new_database(beside: str) -> str:
    """A database of a test's own, on the server of the URL ``beside``."""
    name = f"billing_{uuid4().hex}"
    base = beside.rpartition("/")[0]
    connection = await asyncpg.connect(beside.replace("+asyncpg", ""))
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    return f"{base}/{name}"
