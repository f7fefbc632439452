"""Offsets that do not fit Kafka's log: refused, said with both, and accepted by a person only."""

import asyncio

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete
from sqlalchemy import text

from prewatt_common.clock import utc_now
from prewatt_common.kafka.accept import GoOn, NothingToAccept, Offsets
from prewatt_common.kafka.stops import Stop
from prewatt_common.workers import NotRunning

pytestmark = pytest.mark.stack


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Looked at again after a second, where it is half a minute."""
    monkeypatch.setattr(Stop, "again_s", 1.0)


def offsets_of(loop):
    return Offsets(
        database=loop.database,
        bootstrap=loop.stack.endpoints.kafka_bootstrap,
        subscriptions=[loop.subscription()],
        clock=utc_now,
    )


async def stored(loop):
    rows = await loop.execute(
        "SELECT partition, next_offset, topic_id FROM consumer_offset ORDER BY partition"
    )
    return {row.partition: (row.next_offset, str(row.topic_id)) for row in rows}


async def test_a_topic_made_anew_is_refused_though_its_log_is_longer(loop):
    await loop.send(*range(160))
    async with loop.running(loop.consumer()):
        await loop.until_effects(range(160))
    before = await stored(loop)
    await loop.make_topic_anew()
    await loop.send(*range(1_000, 1_210))
    consumer = loop.consumer()
    async with loop.running(consumer):
        said = await loop.until_stopped(consumer, "the topic was made anew")
        offset, topic_id = before[0]
        assert f"{loop.topic.name}/0 up to offset {offset} of the topic with id {topic_id}" in said
        ends = await loop.ends(loop.topic.name)
        assert f"offsets 0 to {ends[TopicPartition(loop.topic.name, 0)]} of" in said
        assert await loop.effects() == list(range(160))
        assert await stored(loop) == before

        found = await offsets_of(loop).standings()
        assert [each.state for each in found] == ["topic-made-anew"] * 3
        accepted = await offsets_of(loop).accept(
            topic=loop.topic.name, go_on=GoOn.BEGIN, who="ann", reason="the disk was lost"
        )
        assert {(each.partition, each.new_offset) for each in accepted} == {(0, 0), (1, 0), (2, 0)}
        await loop.until_effects([*range(160), *range(1_000, 1_210)])
    kept = await offsets_of(loop).acceptances()
    assert {(each.who, each.reason) for each in kept} == {("ann", "the disk was lost")}
    assert {each.partition: (each.old_offset, str(each.old_topic_id)) for each in kept} == before
    with pytest.raises(NothingToAccept):
        await offsets_of(loop).accept(
            topic=loop.topic.name, go_on=GoOn.END, who="ann", reason="again"
        )


@pytest.mark.parametrize("instance_id", [None, "a"])
async def test_a_topic_made_anew_under_a_running_consumer_is_refused_at_once(loop, instance_id):
    consumer = loop.consumer(instance_id=instance_id)
    await loop.send(*range(10))
    async with loop.running(consumer):
        await loop.until_effects(range(10))
        await loop.make_topic_anew()
        # More than were there, before anybody looks.
        await loop.send(*range(1_000, 1_100))
        await loop.until_stopped(consumer, "the topic was made anew")
        assert await loop.effects() == list(range(10))


@pytest.mark.parametrize("instance_id", [None, "a"])
async def test_a_topic_that_was_away_for_a_while_is_said_when_it_is_there(
    loop, instance_id, caplog
):
    consumer = loop.consumer(instance_id=instance_id)
    await loop.send(*range(10))
    async with loop.running(consumer):
        await loop.until_effects(range(10))
        async with loop.admin() as admin:
            await admin.delete_topics([loop.topic.name])
        async with asyncio.timeout(60):
            while f"topic {loop.topic.name} does not exist" not in caplog.text:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        with pytest.raises(NotRunning):
            await consumer.check()
        await asyncio.sleep(12)
        await loop.make_topic()
        await loop.until_stopped(consumer, "the topic was made anew")
        assert await loop.effects() == list(range(10))


async def test_an_offset_beyond_the_log_is_refused_until_somebody_accepts_its_end(loop):
    await loop.send(1)
    async with loop.running(loop.consumer()):
        await loop.until_effects([1])
    await loop.execute("UPDATE consumer_offset SET next_offset = 1000")
    consumer = loop.consumer()
    await loop.send(2)
    async with loop.running(consumer):
        await loop.until_stopped(consumer, "up to offset 1000", "it lost the records after those")
        assert await loop.effects() == [1]
        await offsets_of(loop).accept(
            topic=loop.topic.name, go_on=GoOn.END, who="ann", reason="2 is known elsewhere"
        )
        await loop.send(3)
        await loop.until_effects([1, 3])


async def remove_before(loop, offset):
    async with loop.admin() as admin:
        await admin.delete_records(
            {
                TopicPartition(loop.topic.name, partition): RecordsToDelete(before_offset=offset)
                for partition in range(3)
            }
        )


async def test_records_that_kafka_removed_are_not_skipped_in_silence(loop):
    await loop.send(*range(30))
    async with loop.running(loop.consumer()):
        await loop.until_effects(range(30))
    await loop.send(*range(30, 300))
    await remove_before(loop, 50)
    consumer = loop.consumer()
    async with loop.running(consumer):
        await loop.until_stopped(consumer, "it removed the records before those")
        assert await loop.effects() == list(range(30))
        await offsets_of(loop).accept(
            topic=loop.topic.name, go_on=GoOn.BEGIN, who="ann", reason="retention was wrong"
        )
        left = [
            int(record.value.split(b":")[1][:-1])
            for record in await loop.records(loop.topic.name, 300 - 3 * 50)
        ]
        await loop.until_effects([*range(30), *left])


async def test_what_fits_is_left_alone(loop):
    await loop.send(*range(30))
    async with loop.running(loop.consumer()):
        await loop.until_effects(range(30))
    found = await offsets_of(loop).standings()
    assert [(each.state, each.offset == each.log_end) for each in found] == [("fits", True)] * 3
    for topic in (loop.topic.name, "another"):
        with pytest.raises(NothingToAccept):
            await offsets_of(loop).accept(topic=topic, go_on=GoOn.END, who="ann", reason="why")
    async with loop.database.transaction() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM offset_acceptance")) == 0
