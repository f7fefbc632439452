"""An order to bring a notice to the door and its event are made together or not at all, and so is
its end: killed between the two, on the real PostgreSQL."""

import os
import signal
import sys
from asyncio import create_subprocess_exec
from collections.abc import Callable
from datetime import datetime

import asyncpg
import pytest
from test_notifier_door_orders_stack import AFTER, ends, look, orders, unreached
from test_notifier_store import START, database, paid, take, told

from prewatt_common.contracts.notice_events_v1 import DoorOrderEnd

pytestmark = pytest.mark.stack

USED = (database,)
"""Fixtures."""

_LOOK = """
import asyncio, sys
from datetime import datetime, timedelta
from notifier.door_orders.keep_orders import KeepDoorOrders
from notifier.door_orders.postgres import open_door_orders
from notifier.door_orders.values import Policy
from prewatt_common.db.database import Database

async def main(url, at):
    database = Database(url=url)
    await KeepDoorOrders(
        open_orders=lambda: open_door_orders(database), policy=Policy(timedelta()),
        clock=lambda: at, committed=lambda: None,
    )()

asyncio.run(main(sys.argv[1], datetime.fromisoformat(sys.argv[2])))
"""


async def killed_at_its_event(database_url: str, *, at: datetime, until: Callable) -> None:
    """Its row is written, and the event of it waits."""
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    holding = connection.transaction()
    await holding.start()
    await connection.execute("LOCK TABLE outbox IN EXCLUSIVE MODE")
    process = await create_subprocess_exec(
        sys.executable, "-c", _LOOK, database_url, at.isoformat(), env=dict(os.environ)
    )

    async def waits() -> bool:
        return bool(
            await connection.fetchval(
                "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'outbox'::regclass "
                "AND mode = 'RowExclusiveLock' AND NOT granted)"
            )
        )

    try:
        await until(waits, what="it waits for the outbox")
        process.send_signal(signal.SIGKILL)
        await process.wait()
    finally:
        await holding.rollback()
        await connection.close()


async def test_killed_between_an_order_and_its_event_it_is_neither(
    database, notifier_store_url, notifier_until
):
    account_id = await unreached(database)
    at = START + AFTER
    await killed_at_its_event(notifier_store_url, at=at, until=notifier_until)
    assert await orders(database, account_id) == []
    for _ in range(2):
        await look(database, at=at)
    assert await told(database) == ["failed", "door-ordered"]
    await take(database, paid(account_id), at=at)
    await killed_at_its_event(notifier_store_url, at=at, until=notifier_until)
    assert await ends(database, account_id) == [None]
    for _ in range(2):
        await look(database, at=at)
    assert await ends(database, account_id) == [DoorOrderEnd.OVERTAKEN]
    assert await told(database) == ["failed", "door-ordered", "door-order-ended"]
