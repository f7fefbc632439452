"""What a consumer says about itself, on real Kafka and PostgreSQL that come and go."""

import asyncio
import re
import signal
import time

import pytest

from prewatt_common.db.database import Database
from prewatt_common.workers import NotRunning

pytestmark = [pytest.mark.stack, pytest.mark.chaos]

WAIT_S = 90.0


async def until_said(consumer, pattern):
    """Wait for these words, be it as a state or as the reason for none."""
    said, deadline = "", time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        try:
            said = await consumer.check()
        except NotRunning as reason:
            said = f"not running: {reason}"
        if re.match(pattern, said):
            return
        await asyncio.sleep(0.1)
    pytest.fail(f"it says {said!r} and not {pattern!r}")


async def test_it_says_what_it_is_at(loop):
    consumer = loop.consumer(instance_id="a")
    await until_said(consumer, "not running: has not begun to read")
    await loop.send(*range(10))
    async with loop.running(consumer):
        await until_said(consumer, "3 partitions, 0 records behind")
        for how in (signal.SIGSTOP, signal.SIGKILL):
            async with loop.kafka_away(how):
                await until_said(consumer, r"not running: Kafka is away: .* \(since ..:..:.. UTC\)")
            await until_said(consumer, "3 partitions, 0 records behind")
        await asyncio.to_thread(loop.stack.kill, "postgres")
        await loop.send(10)
        await until_said(consumer, "not running: tries again after .*since")
        await asyncio.to_thread(loop.stack.start, "postgres")
        await until_said(consumer, "3 partitions")
    await loop.until_effects(range(11))


async def test_a_member_without_partitions_is_well(loop):
    members = [loop.consumer(instance_id=str(number)) for number in range(4)]
    async with loop.running(*members):
        async with asyncio.timeout(WAIT_S):
            while True:
                said = [await _or_reason(member) for member in members]
                if sum("no partitions: other members hold them" in each for each in said) == 1:
                    break
                await asyncio.sleep(0.2)


async def _or_reason(consumer):
    try:
        return await consumer.check()
    except NotRunning as reason:
        return str(reason)


async def test_a_batch_that_waits_for_a_lock_is_said(loop, monkeypatch):
    monkeypatch.setattr("prewatt_common.workers.IN_HAND_MAX_S", 1.0)
    consumer = loop.consumer()
    async with loop.running(consumer):
        async with loop.database.transaction() as connection:
            await connection.exec_driver_sql("LOCK TABLE effect")
            await loop.send(1)
            await until_said(consumer, r"not running: one batch has been in hand for \d+ s")
        await until_said(consumer, "3 partitions")


async def test_the_databases_check_neither_waits_for_the_pool_nor_takes_from_it(loop):
    database = Database(url=loop.url, pool_size=1)
    try:
        async with database.transaction(), asyncio.timeout(20):
            assert await database.check() == "answers"
    finally:
        await database.close()
