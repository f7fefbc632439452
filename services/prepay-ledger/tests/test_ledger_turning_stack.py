"""Readings of a day that was left become sealed rows of it, whoever turns them, on PostgreSQL."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, Sequence
from datetime import date, timedelta

import asyncpg
import pytest
from ledger_scratch import Scratch

from prepay_ledger.charging import turn_readings
from prepay_ledger.charging.postgres_turning import turn_days
from prewatt_common.clock import utc_now
from prewatt_common.workers import NotRunning

pytestmark = pytest.mark.stack

TODAY = utc_now().date()
YESTERDAY = TODAY - timedelta(days=1)


@pytest.fixture
async def scratch(own_database_url: str) -> AsyncGenerator[Scratch]:
    """Its open day is yesterday."""
    made = Scratch(own_database_url)
    await made.open(YESTERDAY)
    yield made
    await made.database.close()


async def add_meters(scratch: Scratch, count: int) -> list[str]:
    """Meters with readings that came yesterday, each other ones."""
    rows = await scratch.sql(
        "INSERT INTO meter_state (meter_id, day, today) "
        "SELECT 'm' || n, $1, int4send(n) FROM generate_series(1, $2::int) AS n RETURNING meter_id",
        YESTERDAY,
        count,
    )
    return [row["meter_id"] for row in rows]


async def sealed_meters(scratch: Scratch) -> int | None:
    """How many rows of readings the only seal has; none: there is no seal."""
    seals = await scratch.sql("SELECT body FROM seal")
    return int(json.loads(seals[0]["body"])["tables"]["meter_day"]["rows"]) if seals else None


async def read(connection: asyncpg.Connection, meter_ids: Sequence[str], day: date) -> None:
    """What a batch of today does to meters, in the transaction of ``connection``."""
    await connection.execute("SELECT open_day()")
    await turn_days(connection, meter_ids, day)
    await connection.execute(
        "UPDATE meter_state SET version = version + 1, day = $2, today = 'now' "
        "WHERE meter_id = ANY($1::text[])",
        meter_ids,
        day,
    )


async def test_readings_of_meters_that_say_nothing_more_are_sealed(scratch, monkeypatch) -> None:
    monkeypatch.setattr(turn_readings, "METERS_AT_ONCE", 3)
    await add_meters(scratch, 10)
    await scratch.sql("INSERT INTO meter_state (meter_id) VALUES ('m0')")  # none yet
    await scratch.close_days()
    assert await sealed_meters(scratch) == 10
    rows = await scratch.sql("SELECT meter_id, day, packed FROM meter_day ORDER BY packed")
    expected = [(f"m{n}", YESTERDAY, n.to_bytes(4, "big")) for n in range(1, 11)]
    assert [tuple(row) for row in rows] == expected
    (left,) = await scratch.sql("SELECT count(*) FROM meter_state WHERE today <> '' OR version > 1")
    assert left["count"] == 0
    await scratch.publish_heads()
    assert await scratch.findings() == []


async def test_a_meter_in_hand_elsewhere_delays_the_seal_and_nobody_waits(scratch) -> None:
    await add_meters(scratch, 4)
    batch = await scratch.connect()
    under_way = batch.transaction()
    await under_way.start()
    await batch.execute("SELECT FROM meter_state WHERE meter_id = 'm2' FOR NO KEY UPDATE")
    await scratch.close_days()
    assert await sealed_meters(scratch) is None
    with pytest.raises(NotRunning, match=f"{YESTERDAY} is not sealed: it is not all rows yet"):
        await scratch.close_days.check()
    await read(batch, ["m1", "m2"], TODAY)  # one is turned already, one is not
    await scratch.close_days()
    assert await sealed_meters(scratch) is None
    await under_way.commit()
    await batch.close()
    await scratch.close_days()
    assert await scratch.close_days.check() == "days are sealed"
    assert await sealed_meters(scratch) == 4
    rows = await scratch.sql("SELECT meter_id, today FROM meter_state WHERE today <> '' ORDER BY 1")
    assert [tuple(row) for row in rows] == [("m1", b"now"), ("m2", b"now")]


async def test_batches_and_the_close_turn_each_meter_once(scratch, monkeypatch) -> None:
    monkeypatch.setattr(turn_readings, "METERS_AT_ONCE", 50)
    meters = await add_meters(scratch, 2_000)
    random.Random(3).shuffle(meters)
    await scratch.sql("UPDATE posting_day SET day = $1, unsealed = $2", TODAY, YESTERDAY)
    waiting = [meters[at : at + 40] for at in range(0, 1_600, 40)]

    async def batches() -> None:
        connection = await scratch.connect()
        while waiting:
            some = waiting.pop()
            async with connection.transaction():
                await read(connection, some, TODAY)
        await connection.close()

    async def closes() -> None:
        while await sealed_meters(scratch) is None:
            await scratch.close_days()

    await asyncio.gather(batches(), batches(), batches(), closes())
    assert await sealed_meters(scratch) == 2_000
    rows = await scratch.sql("SELECT meter_id, packed FROM meter_day")
    assert {row["meter_id"]: row["packed"] for row in rows} == {
        f"m{n}": n.to_bytes(4, "big") for n in range(1, 2_001)
    }
    (now,) = await scratch.sql(
        "SELECT count(*) FROM meter_state WHERE today = 'now' AND day = $1", TODAY
    )
    assert now["count"] == 1_600


@pytest.mark.parametrize("day", [TODAY, YESTERDAY, TODAY - timedelta(days=9)])
async def test_readings_of_a_day_that_does_not_wait_for_its_seal_are_refused(scratch, day) -> None:
    await add_meters(scratch, 1)
    await scratch.close_days()
    with pytest.raises(asyncpg.RaiseError, match="rows of meter_day for a day that does not wait"):
        await scratch.sql("INSERT INTO meter_day VALUES ('m9', $1, 'x')", day)
