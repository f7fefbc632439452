"""What stops a consumer, and how it goes on: on real Kafka and PostgreSQL."""

import asyncio

import pytest

from prewatt_common.db.migrations import migrate, newest_revision
from prewatt_common.kafka.schema import fits
from prewatt_common.kafka.stops import Stop
from prewatt_common.metrics import CONSUMER_STOPPED
from prewatt_common.refusals import Refusal

pytestmark = pytest.mark.stack


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Looked at again after a second, where it is half a minute."""
    monkeypatch.setattr(Stop, "again_s", 1.0)


def stopped_for(loop, reason):
    return CONSUMER_STOPPED.labels(loop.group, reason)._value.get()


async def test_a_defect_stops_the_consumer_and_skips_nothing(loop):
    async def fail_at_41(number):
        if number == 41:
            await loop.missing()

    loop.before_effect = fail_at_41
    loop.batch_records_max = 100
    consumer = loop.consumer()
    await loop.send(*range(100))
    async with loop.running(consumer, loop.relay):
        said = await loop.until_stopped(consumer, "AttributeError", "missing")
        assert f"a defect at {loop.topic.name}/" in said
        assert stopped_for(loop, "defect") == 1
        topic, partition, offset = said.split()[4].rstrip(":").split("/")
        (found,) = [
            record.value
            for record in await loop.records(topic, 100)
            if (record.partition, record.offset) == (int(partition), int(offset))
        ]
        assert found == b'{"number":41}'
        before = await loop.effects()
        await loop.send(*range(100, 200))
        await asyncio.sleep(3)
        # What shares no partition with it may have been taken before; nothing after.
        assert await loop.effects() == before
        loop.before_effect = None
        await loop.until_effects(range(200))
        async with asyncio.timeout(20):
            while stopped_for(loop, "defect"):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    assert await dead_letters(loop) == []


async def test_a_schema_error_stops_it_until_somebody_mends_the_table(loop):
    await loop.execute("ALTER TABLE effect RENAME TO gone")
    consumer = loop.consumer()
    await loop.send(*range(10))
    async with loop.running(consumer):
        await loop.until_stopped(consumer, 'relation "effect" does not exist')
        await loop.execute("ALTER TABLE gone RENAME TO effect")
        await loop.until_effects(range(10))


async def test_what_only_fails_together_stops_it_too(loop):
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
        assert await loop.effects() == []


async def test_a_stopped_member_stays_in_its_group_and_takes_nothing(loop):
    async def fail(_):
        message = "bad release"
        raise RuntimeError(message)

    loop.before_effect = fail
    bad = loop.consumer()
    await loop.send(*range(30))
    async with loop.running(bad):
        await loop.until_stopped(bad, "bad release")
        await asyncio.sleep(15)  # the group puts one that is silent out after ten
        await loop.until_stopped(bad, "bad release")
        assert await loop.effects() == []


async def test_consuming_begins_once_the_schema_fits(loop, empty_database):
    package = "billing"
    await asyncio.to_thread(migrate, package=package, database_url=empty_database)
    other = type(loop.database)(url=empty_database)
    loop.fits = fits(other, package=package)
    consumer = loop.consumer()
    await loop.send(*range(10))

    async def set_revision(revision):
        async with other.transaction() as connection:
            await connection.exec_driver_sql(
                f"UPDATE alembic_version SET version_num = '{revision}'"
            )

    await set_revision("0000")
    async with loop.running(consumer):
        newest = newest_revision(package)
        await loop.until_stopped(consumer, "at revision 0000", f"written for {newest}")
        assert stopped_for(loop, "schema") == 1
        assert await loop.effects() == []
        await set_revision(newest)
        await loop.until_effects(range(10))
    await other.close()


async def test_a_database_that_was_never_migrated_does_not_fit(loop):
    loop.fits = fits(loop.database, package="billing")
    consumer = loop.consumer()
    async with loop.running(consumer):
        await loop.until_stopped(consumer, "at revision none")


class Odd(Refusal):
    """What a bad release refuses."""

    kind = "odd"


async def refuse_all_from_100(number):
    if number >= 100:
        message = f"{number} is odd"
        raise Odd(message)


async def dead_letters(loop):
    """The numbers of the dead letters there are."""
    ends = await loop.ends(loop.topic.dead_letter)
    if not sum(ends.values()):
        return []
    letters = await loop.records(loop.topic.dead_letter, sum(ends.values()))
    return [int(letter.value.split(b":")[1][:-1]) for letter in letters]


async def test_the_breaker_stops_what_refuses_everything_and_a_restart_goes_on(loop):
    loop.before_effect = refuse_all_from_100
    consumer = loop.consumer()
    await loop.send(*range(100))
    async with loop.running(consumer, loop.relay):
        await loop.until_effects(range(100))
        await loop.send(*range(100, 200))
        said = await loop.until_stopped(consumer, "the breaker is open")
        assert "51 of the last 151 records are dead letters" in said
        assert stopped_for(loop, "breaker") == 1
        await asyncio.sleep(3)
        await loop.until_stopped(consumer, "the breaker is open")
    dead = await dead_letters(loop)
    assert len(dead) == len(set(dead)) == 51
    # The release that mends it.
    loop.before_effect = None
    async with loop.running(loop.consumer(), loop.relay):
        await loop.until_effects([n for n in range(200) if n not in dead])


async def test_a_restart_lets_what_is_refused_pass_until_the_next_fifty(loop):
    loop.before_effect = refuse_all_from_100
    await loop.send(*range(100, 220))
    for left in (69, 18, 0):
        consumer = loop.consumer()
        async with loop.running(consumer, loop.relay):
            if left:
                await loop.until_stopped(consumer, "the breaker is open")
            async with asyncio.timeout(30):
                while len(await dead_letters(loop)) < 120 - left:  # noqa: ASYNC110
                    await asyncio.sleep(0.2)
    assert sorted(await dead_letters(loop)) == list(range(100, 220))
