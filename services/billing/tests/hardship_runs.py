"""Looks at all households in a test, as `bootstrap` makes them, and what happens to an account."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from hardship_cases import example_policy

from billing.hardship.postgres import open_look
from billing.hardship.postgres_policies import open_policies
from billing.hardship.publish_policy import publish_policy
from billing.hardship.run_look import RunLook
from billing.intake import subscriptions
from billing.settings import BillingSettings
from prewatt_common.contracts.base import Event
from prewatt_common.contracts.ledger_events_v1 import SupplyChanged, SupplyState, ToppedUp
from prewatt_common.db.database import Database
from prewatt_common.kafka.decoding import Delivered

Opening = Callable[[], AbstractAsyncContextManager[Any]]
KEEP = timedelta(days=100)


def look(database: Database, now: datetime, *, turn: Opening | None = None) -> RunLook:
    """Without rests, of the day before ``now``."""
    return RunLook(
        open_turn=turn or (lambda: open_look(database)),
        clock=lambda: now,
        hour=0,
        keep=KEEP,
        rest_factor=0,
    )


async def look_at(database: Database, now: datetime) -> None:
    """All of a look."""
    work = look(database, now)
    while await work.once() is not None:
        pass


async def publish_example(database: Database, now: datetime, *, key: str = "1") -> None:
    """The policy of docs/hardship."""
    async with open_policies(database) as store:
        await publish_policy(
            store=store, policy=example_policy(), by="li", reason="a test", key=key, now=now
        )


async def take_hardship(billing: Any, *events: Event) -> None:
    """As the consumer does, without Kafka."""
    settings = BillingSettings(database_url="x", kafka_bootstrap="x", auth_public_key="unused")
    (consumer,) = [x for x in subscriptions(settings) if x.group == "billing.hardship"]
    async with billing.database.transaction() as connection:
        await consumer.handle(connection, [Delivered(each, None) for each in events])


def topped_up(account_id: UUID, at: datetime, yuan: int) -> ToppedUp:
    return ToppedUp(
        account_id=account_id,
        payment_id=str(uuid4()),
        provider="p",
        amount_micro=yuan * 1_000_000,
        balance_micro=0,
        balance_number=1,
        currency="CNY",
        at=at,
    )


def supply(account_id: UUID, at: datetime, state: SupplyState) -> SupplyChanged:
    return SupplyChanged(
        account_id=account_id,
        meter_ids=(),
        previous=SupplyState.PENDING,
        state=state,
        decision_id=None,
        rules=(),
        balance_micro=0,
        balance_number=1,
        currency="CNY",
        at=at,
    )


def hard_life(account_id: UUID, now: datetime) -> list[Event]:
    """Ran out twice in the last weeks, and buys by the tenth of what it did."""
    told: list[Event] = []
    for ago in (10, 5):
        begin = now - timedelta(days=ago)
        told.append(supply(account_id, begin, SupplyState.DISCONNECTING))
        told.append(supply(account_id, begin + timedelta(minutes=1), SupplyState.DISCONNECTED))
        told.append(supply(account_id, begin + timedelta(hours=9), SupplyState.RECONNECTING))
        told.append(supply(account_id, begin + timedelta(hours=10), SupplyState.CONNECTED))
    bought = [(ago, 100) for ago in range(100, 30, -10)] + [(ago, 10) for ago in range(24, 2, -4)]
    return told + [topped_up(account_id, now - timedelta(days=ago), yuan) for ago, yuan in bought]
