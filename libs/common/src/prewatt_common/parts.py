"""What every service stands on: its database, its way to Kafka and the outbox between them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from prewatt_common.db.database import Database
from prewatt_common.kafka.batches import Subscription
from prewatt_common.kafka.consumer import Consumer
from prewatt_common.kafka.outbox import OutboxRelay
from prewatt_common.kafka.producer import Producer
from prewatt_common.kafka.schema import fits
from prewatt_common.settings import ServiceSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Made once in a service's bootstrap. ``relay`` is one of its workers."""

    package: str
    settings: ServiceSettings
    database: Database
    producer: Producer
    relay: OutboxRelay

    def consumer(self, subscription: Subscription[Any]) -> Consumer:
        """A worker that reads ``subscription`` into the database."""
        return Consumer(
            subscription=subscription,
            database=self.database,
            bootstrap=self.settings.kafka_bootstrap,
            relay=self.relay,
            fits=fits(self.database, package=self.package),
            instance_id=self.settings.instance_id,
        )


@asynccontextmanager
async def parts_of(settings: ServiceSettings, *, package: str) -> AsyncGenerator[Parts]:
    """The parts of the service whose code is ``package``, closed at the end."""
    database = Database(
        url=settings.database_url.get_secret_value(), pool_size=settings.database_pool_size
    )
    producer = Producer(bootstrap=settings.kafka_bootstrap)
    relay = OutboxRelay(database=database, producer=producer)
    try:
        yield Parts(
            package=package, settings=settings, database=database, producer=producer, relay=relay
        )
    finally:
        await producer.stop()
        await database.close()
