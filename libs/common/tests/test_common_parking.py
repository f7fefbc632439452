"""Events that fail alone by a bug are parked, within limits: on real Kafka and PostgreSQL."""

import asyncio

import pytest
from sqlalchemy import text

from prewatt_common.kafka.stops import Stop
from prewatt_common.refusals import Refusal

pytestmark = pytest.mark.stack

PARKED_MAX = 3


class Unwanted(Refusal):
    """What the domain says no to."""

    kind = "unwanted"


@pytest.fixture(autouse=True)
async def places(loop, monkeypatch):
    """Places for three, in the database; looked at again after a second."""
    monkeypatch.setattr(Stop, "again_s", 1.0)
    await loop.execute("CREATE TABLE parked (number bigint PRIMARY KEY, error text NOT NULL)")

    async def park(connection, one, error):
        taken = await connection.scalar(text("SELECT count(*) FROM parked"))
        if taken == PARKED_MAX:
            return False
        await connection.execute(
            text("INSERT INTO parked VALUES (:number, :error)"),
            {"number": one.event.number, "error": repr(error)},
        )
        return True

    loop.park = park
    loop.batch_records_max = 200


def failing(numbers):
    async def fail(number):
        if number in numbers:
            message = f"{number} is odd"
            raise ValueError(message)

    return fail


async def send_together(loop, *numbers):
    """In one partition: after a defect each partition is tried by itself."""
    for number in numbers:
        await loop.send_raw(b'{"number":%d}' % number)


async def parked(loop):
    async with loop.database.transaction() as connection:
        rows = await connection.execute(text("SELECT * FROM parked ORDER BY number"))
        return [(row.number, row.error) for row in rows]


async def test_what_fails_alone_is_parked_and_the_rest_of_its_batch_is_handled(loop):
    loop.before_effect = failing({5, 41, 42})
    consumer = loop.consumer()
    await loop.send(*range(100))
    async with loop.running(consumer):
        await loop.until_effects([n for n in range(100) if n not in {5, 41, 42}])
        await loop.send(*range(100, 150))
        await loop.until_effects([n for n in range(150) if n not in {5, 41, 42}])
        assert "stopped" not in await consumer.check()
    assert await parked(loop) == [(n, f"ValueError('{n} is odd')") for n in (5, 41, 42)]


async def test_one_more_than_there_are_places_stops_it_and_nothing_of_the_batch_is_parked(loop):
    loop.before_effect = failing({1})
    await send_together(loop, *range(10))
    async with loop.running(loop.consumer()):
        await loop.until_effects([n for n in range(10) if n != 1])
    # Two places are left.
    loop.before_effect = failing({11, 12, 13})
    await send_together(loop, *range(10, 20))
    consumer = loop.consumer()
    async with loop.running(consumer):
        await loop.until_stopped(consumer, "a defect at", "13 is odd")
        for _ in range(2):
            assert [number for number, _ in await parked(loop)] == [1]
            assert await loop.effects() == [n for n in range(10) if n != 1]
            await asyncio.sleep(3)
        # The release that mends it.
        loop.before_effect = None
        await loop.until_effects([n for n in range(20) if n != 1])
    assert [number for number, _ in await parked(loop)] == [1]


async def test_a_batch_that_finds_no_place_leaves_nothing_of_itself(loop):
    loop.before_effect = failing(set(range(50)))
    await loop.send(*range(50))
    consumer = loop.consumer()
    async with loop.running(consumer):
        await loop.until_stopped(consumer, "a defect at", "is odd")
        assert await parked(loop) == []
        assert await loop.effects() == []


async def test_what_only_fails_together_is_not_parked(loop):
    async def handle(connection, batch):
        if len(batch) > 1:
            message = "more than one"
            raise ValueError(message)
        return await one(connection, batch)

    one, loop.handle = loop.handle, handle
    consumer = loop.consumer()
    await loop.send(*range(10))
    async with loop.running(consumer):
        await loop.until_stopped(consumer, "or one of the", "ValueError: more than one")
        assert (await parked(loop), await loop.effects()) == ([], [])


async def test_what_the_domain_refuses_is_a_dead_letter_and_not_parked(loop):
    async def fail(number):
        if number == 3:
            message = "3 is unwanted"
            raise Unwanted(message)
        await failing({4})(number)

    loop.before_effect = fail
    await loop.send(*range(10))
    async with loop.running(loop.consumer(), loop.relay):
        await loop.until_effects([n for n in range(10) if n not in {3, 4}])
        (letter,) = await loop.records(loop.topic.dead_letter, 1)
    assert letter.value == b'{"number":3}'
    assert [number for number, _ in await parked(loop)] == [4]


async def test_no_event_is_parked_for_a_table_that_is_not_there(loop):
    await loop.execute("ALTER TABLE effect RENAME TO gone")
    consumer = loop.consumer()
    await loop.send(1)
    async with loop.running(consumer):
        await loop.until_stopped(consumer, 'relation "effect" does not exist')
        await loop.execute("ALTER TABLE gone RENAME TO effect")
        await loop.until_effects([1])
    assert await parked(loop) == []
