"""The outbox and the producer, on real Kafka and PostgreSQL."""

import asyncio
from collections import defaultdict

import pytest

from prewatt_common.clock import utc_now
from prewatt_common.kafka import outbox
from prewatt_common.kafka.messages import Message, Source, header
from prewatt_common.kafka.outbox import OutboxRelay
from prewatt_common.kafka.producer import (
    BATCH_BYTES_MAX,
    MessageTooLarge,
    ProduceFailed,
    Producer,
)

pytestmark = pytest.mark.stack


def message(loop, key, number):
    headers = Source("test").headers(event_type="test", event_id=f"{key}-{number}", at=utc_now())
    return Message(loop.topic.name, key.encode(), headers, str(number).encode())


async def pending(loop):
    async with loop.database.transaction() as connection:
        return (await connection.exec_driver_sql("SELECT count(*) FROM outbox")).scalar_one()


async def test_what_was_committed_is_published_in_order(loop):
    for first in range(0, 100, 10):
        async with loop.database.transaction() as connection:
            await outbox.append(
                connection,
                [message(loop, key, n) for n in range(first, first + 10) for key in "abcde"],
            )
    with pytest.raises(ZeroDivisionError):
        async with loop.database.transaction() as connection:
            await outbox.append(connection, [message(loop, "a", 666)])
            _ = 1 // 0
    other = OutboxRelay(database=loop.database, producer=loop.producer)
    async with loop.running(loop.relay, other):
        records = await loop.records(loop.topic.name, 500)
    by_key = defaultdict(list)
    for record in sorted(records, key=lambda r: (r.partition, r.offset)):
        by_key[record.key].append(int(record.value))
    assert dict(by_key) == {key.encode(): list(range(100)) for key in "abcde"}
    assert await pending(loop) == 0


async def test_a_relay_that_ends_before_it_deleted_publishes_again_with_the_same_id(loop):
    async with loop.database.transaction() as connection:
        await outbox.append(connection, [message(loop, "a", n) for n in range(5)])

    class EndsAfterSending(Producer):
        async def send(self, messages):
            await super().send(messages)
            raise ProduceFailed("as if the process had ended here")

    ending = EndsAfterSending(bootstrap=loop.stack.endpoints.kafka_bootstrap)
    task = asyncio.create_task(
        OutboxRelay(database=loop.database, producer=ending).run(asyncio.Event())
    )
    await loop.records(loop.topic.name, 5)
    task.cancel()
    await asyncio.wait({task})
    await ending.stop()
    assert await pending(loop) == 5
    async with loop.running(loop.relay):
        records = await loop.records(loop.topic.name, 10)
    ids = [header(record.headers, "ce_id") for record in records]
    assert set(ids) == {f"a-{n}" for n in range(5)}


async def test_a_bulk_topic_holds_up_no_other(loop):
    bulk = "bulk.v1"
    async with loop.database.transaction() as connection:
        first = message(loop, "a", 1)._replace(topic=bulk)
        await outbox.append(connection, [first, message(loop, "a", 2)])

    class Holds(Producer):
        async def send(self, messages):
            messages = list(messages)
            if messages[0].topic == bulk:
                await asyncio.Event().wait()
            await super().send(messages)

    holds = Holds(bootstrap=loop.stack.endpoints.kafka_bootstrap)
    relay = OutboxRelay(database=loop.database, producer=holds, bulk=[bulk])
    task = asyncio.create_task(relay.run(asyncio.Event()))
    (record,) = await loop.records(loop.topic.name, 1)
    assert record.value == b"2"
    task.cancel()
    await asyncio.wait({task})
    await holds.stop()


async def test_a_message_that_kafka_would_not_take_is_refused_where_it_is_written(loop):
    large = Message(loop.topic.name, b"k", [], b"x" * BATCH_BYTES_MAX)
    with pytest.raises(MessageTooLarge, match=f"over {BATCH_BYTES_MAX}"):
        async with loop.database.transaction() as connection:
            await outbox.append(connection, [message(loop, "a", 1), large])
    assert await pending(loop) == 0
    with pytest.raises(MessageTooLarge):
        await loop.producer.send([message(loop, "a", 1), large])
    fits = Message(loop.topic.name, b"k", [], b"x" * (BATCH_BYTES_MAX - 200))
    await loop.producer.send([fits])
    (record,) = await loop.records(loop.topic.name, 1)
    assert record.value == fits.value


@pytest.mark.chaos
async def test_what_is_sent_while_kafka_is_away_arrives_once_it_is_back(loop):
    await loop.send(1)
    await asyncio.to_thread(loop.stack.kill, "kafka")
    try:
        async with loop.database.transaction() as connection:
            await outbox.append(connection, [message(loop, "a", n) for n in range(5)])
        waiting = asyncio.create_task(loop.send(2))
        fresh = Producer(bootstrap=loop.stack.endpoints.kafka_bootstrap)
        with pytest.raises(ProduceFailed, match="no Kafka broker"):
            await fresh.start()
    finally:
        await asyncio.to_thread(loop.stack.start, "kafka")
    async with loop.running(loop.relay), asyncio.timeout(60):
        await asyncio.wait({waiting})
        if waiting.exception() is not None:
            # It says so where it gave up; the next send builds a producer anew.
            assert isinstance(waiting.exception(), ProduceFailed)
            await loop.send(2)
        records = await loop.records(loop.topic.name, 7)
    values = {record.value for record in records}
    numbers = {str(n).encode() for n in range(5)}
    assert values == {b'{"number":1}', b'{"number":2}', *numbers}
