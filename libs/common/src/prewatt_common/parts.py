"""What every service stands on: its database, its way to Kafka and the outbox between them."""

from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter

from prewatt_common.clock import utc_now
from prewatt_common.db.database import Database
from prewatt_common.http.dead_letters import dead_letters_router
from prewatt_common.http.offsets import offsets_router
from prewatt_common.kafka.accept import Offsets, Restored
from prewatt_common.kafka.batches import Subscription
from prewatt_common.kafka.consumer import Consumer
from prewatt_common.kafka.letters import Letters
from prewatt_common.kafka.outbox import OutboxRelay
from prewatt_common.kafka.producer import Producer
from prewatt_common.kafka.replay import Replay
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
    subscriptions: list[Subscription[Any]] = field(default_factory=lambda: [])
    """Of the consumers made so far."""

    def consumer(self, subscription: Subscription[Any]) -> Consumer:
        """A worker that reads ``subscription`` into the database."""
        self.subscriptions.append(subscription)
        return Consumer(
            subscription=subscription,
            database=self.database,
            bootstrap=self.settings.kafka_bootstrap,
            relay=self.relay,
            fits=fits(self.database, package=self.package),
            instance_id=self.settings.instance_id,
        )

    def operators_routers(
        self, *, scope: str, restored: Restored | None = None
    ) -> Sequence[APIRouter]:
        """``/v1/dead-letters`` and ``/v1/offsets`` of the consumers made so far, for tokens with
        ``scope``:read or ``scope``:write. ``restored``: see `Offsets`."""
        bootstrap = self.settings.kafka_bootstrap
        letters = Letters(
            bootstrap=bootstrap,
            topics={topic for each in self.subscriptions for topic in each.topics},
            groups={each.group for each in self.subscriptions},
        )
        replay = Replay(
            database=self.database,
            letters=letters,
            subscriptions=self.subscriptions,
            committed=self.relay.wake,
            clock=utc_now,
        )
        offsets = Offsets(
            database=self.database,
            bootstrap=bootstrap,
            subscriptions=self.subscriptions,
            clock=utc_now,
            restored=restored,
        )
        return [
            dead_letters_router(scope=scope, letters=letters, replay=replay),
            offsets_router(scope=scope, offsets=offsets),
        ]


@asynccontextmanager
async def parts_of(
    settings: ServiceSettings, *, package: str, bulk: Collection[str] = ()
) -> AsyncGenerator[Parts]:
    """The parts of the service whose code is ``package``, closed at the end; ``bulk``: topics that
    its outbox publishes beside the others."""
    database = Database(
        url=settings.database_url.get_secret_value(), pool_size=settings.database_pool_size
    )
    producer = Producer(bootstrap=settings.kafka_bootstrap)
    relay = OutboxRelay(database=database, producer=producer, bulk=bulk)
    try:
        yield Parts(
            package=package, settings=settings, database=database, producer=producer, relay=relay
        )
    finally:
        await producer.stop()
        await database.close()
