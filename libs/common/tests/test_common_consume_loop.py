"""The contract of the consume loop, on real Kafka and PostgreSQL."""

import asyncio
import random

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from prewatt_common.db.database import ChangedMeanwhile
from prewatt_common.kafka.messages import header
from prewatt_common.kafka.offsets import FencedOut, OffsetRange, fence
from prewatt_common.kafka.producer import BATCH_BYTES_MAX
from prewatt_common.refusals import Refusal

pytestmark = pytest.mark.stack


async def test_every_record_takes_effect_once(loop):
    await loop.send(*range(500))
    async with loop.running(loop.consumer()):
        await loop.until_effects(range(500))
        await loop.send(*range(500, 700))
        await loop.until_effects(range(700))


async def test_effects_are_kept_once_though_the_consumer_ends_at_any_moment(loop):
    random_ = random.Random(3)
    sent = 0

    async def slowly(_):
        await asyncio.sleep(0.001)

    loop.before_effect = slowly
    for _ in range(6):
        await loop.send(*range(sent, sent + 100))
        sent += 100
        # Cancelled as SIGKILL would end it: no stop, no leaving, in mid-transaction. The name
        # lets the next one have the partitions at once.
        task = asyncio.create_task(loop.consumer(instance_id="a").run(asyncio.Event()))
        await asyncio.sleep(random_.uniform(0.2, 1.5))
        task.cancel()
        await asyncio.wait({task})
    loop.before_effect = None
    async with loop.running(loop.consumer(instance_id="a")):
        await loop.until_effects(range(sent))


async def test_nothing_is_fetched_ahead_of_the_batch_in_hand(loop):
    in_hand, all_sent = asyncio.Event(), asyncio.Event()

    async def hold_the_first(number):
        if number == 0:
            in_hand.set()
            await all_sent.wait()

    loop.before_effect = hold_the_first
    await loop.send(0)
    async with loop.running(loop.consumer()):
        await in_hand.wait()
        for number in range(1, 21):
            await loop.send(number)
            await asyncio.sleep(0.02)
        all_sent.set()
        await loop.until_effects(range(21))
    assert loop.batches[0][1] == [0]
    # Fetched ahead, the next would be what came first; one partition may come a fetch later.
    assert len(loop.batches[1][1]) >= 10


async def test_records_gather_between_batches(loop):
    loop.linger_ms = 500
    await loop.send(0)
    async with loop.running(loop.consumer()):
        for number in range(1, 41):
            await loop.send(number)
            await asyncio.sleep(0.05)
        await loop.until_effects(range(41))
    # Some 2 s of records that would each have been a batch of their own.
    assert len(loop.batches) <= 15


async def test_poison_goes_to_the_dead_letters_and_the_rest_is_handled(loop):
    poison = {
        b"not json": b"1",
        b'{"number": "x"}': b"2",
        b'{"number": 99999999999999999999}': b"3",
        b"\xff\xfe": b"4",
        b"": b"5",
        b'{"number": 1, "more": ' + b"[" * 50_000: b"6",
    }
    await loop.send(*range(10))
    for value, key in poison.items():
        await loop.send_raw(value, key=key, headers=[("mine", b"kept")])
    await loop.send(*range(10, 20))
    async with loop.running(loop.consumer(), loop.relay):
        await loop.until_effects(range(20))
        letters = await loop.records(loop.topic.dead_letter, len(poison))
    assert {letter.value: letter.key for letter in letters} == poison
    for letter in letters:
        assert header(letter.headers, "mine") == "kept"
        assert header(letter.headers, "dlq_reason") == "undecodable"
        assert header(letter.headers, "dlq_detail")
        topic, partition, offset = str(header(letter.headers, "dlq_source")).split("/")
        assert (topic, header(letter.headers, "dlq_by")) == (loop.topic.name, loop.group)
        originals = await loop.records(loop.topic.name, 20 + len(poison))
        (original,) = [
            r for r in originals if (r.partition, r.offset) == (int(partition), int(offset))
        ]
        assert original.value == letter.value


async def test_a_dead_letter_that_is_too_large_is_cut_short_and_says_so(loop):
    value = b"x" * (BATCH_BYTES_MAX - 300)
    await loop.send_raw(value)
    await loop.send(1)
    async with loop.running(loop.consumer(), loop.relay):
        (letter,) = await loop.records(loop.topic.dead_letter, 1)
        await loop.until_effects([1])
    assert header(letter.headers, "dlq_truncated_from") == str(len(value))
    assert letter.value == b"x" * len(letter.value)


class NotToMyLiking(Refusal):
    """What the domain of these tests refuses."""

    kind = "not-to-my-liking"


async def test_one_record_that_the_domain_refuses_stops_no_other(loop):
    async def refuse_41(number):
        if number == 41:
            message = "41 is odd"
            raise NotToMyLiking(message)

    loop.before_effect = refuse_41
    loop.batch_records_max = 100
    await loop.send(*range(100))
    async with loop.running(loop.consumer(), loop.relay):
        await loop.until_effects([n for n in range(100) if n != 41])
        (letter,) = await loop.records(loop.topic.dead_letter, 1)
    assert letter.value == b'{"number":41}'
    assert header(letter.headers, "dlq_reason") == "not-to-my-liking"
    assert header(letter.headers, "dlq_detail") == "41 is odd"


async def test_a_passing_fault_is_tried_again(loop):
    faults = iter(
        [
            ChangedMeanwhile("somebody was quicker"),
            asyncpg.DeadlockDetectedError("deadlock"),
            ConnectionResetError("gone"),
            TimeoutError(),
        ]
    )

    async def fail_a_few_times(_):
        for fault in faults:
            raise fault

    loop.before_effect = fail_a_few_times
    await loop.send(*range(50))
    async with loop.running(loop.consumer(instance_id="a")):
        await loop.until_effects(range(50))


async def test_a_deadlock_is_tried_again_at_once_and_in_place(loop, caplog):
    """PostgreSQL ends one of two transactions that wait for each other."""
    caplog.set_level("INFO")
    await loop.execute("CREATE TABLE held (id int PRIMARY KEY)")
    await loop.execute("INSERT INTO held VALUES (1), (2)")
    waits, tries = asyncio.Event(), []
    lock = "SELECT FROM held WHERE id = %d FOR UPDATE"

    async def lock_both(connection, batch):
        tries.append(len(batch))
        await connection.exec_driver_sql("SET LOCAL deadlock_timeout = '100ms'")
        await connection.exec_driver_sql(lock % 1)
        waits.set()
        if len(tries) == 1:
            await asyncio.sleep(0.5)
        await connection.exec_driver_sql(lock % 2)
        return await handle(connection, batch)

    async def the_other_way():
        async with loop.database.transaction() as connection:
            await connection.exec_driver_sql("SET LOCAL deadlock_timeout = '60s'")
            await connection.exec_driver_sql(lock % 2)
            await waits.wait()
            await connection.exec_driver_sql(lock % 1)

    handle, loop.handle = loop.handle, lock_both
    other = asyncio.create_task(the_other_way())
    await asyncio.sleep(0.5)
    await loop.send(*range(20))
    async with loop.running(loop.consumer()):
        await loop.until_effects(range(20))
    await other
    assert "the same batch at once" in caplog.text
    assert "again in" not in caplog.text
    assert tries[1] == tries[0]


@pytest.mark.chaos
async def test_the_database_and_kafka_may_die_and_come_back(loop):
    await loop.send(*range(100))
    async with loop.running(loop.consumer(instance_id="a"), loop.relay):
        await loop.until_effects(range(100))
        await asyncio.to_thread(loop.stack.kill, "postgres")
        await loop.send(*range(100, 200))
        await asyncio.sleep(1)
        await asyncio.to_thread(loop.stack.start, "postgres")
        await loop.until_effects(range(200))
        await asyncio.to_thread(loop.stack.kill, "kafka")
        await asyncio.sleep(1)
        await asyncio.to_thread(loop.stack.start, "kafka")
        await send_until_taken(loop, 200)
        await loop.until_effects(range(201))


async def send_until_taken(loop, number):
    """The producer is rebuilt by the send after the one that failed."""
    async with asyncio.timeout(60):
        while True:
            try:
                await loop.send(number)
            except Exception as error:
                if type(error).__name__ != "ProduceFailed":
                    raise
                await asyncio.sleep(0.5)
            else:
                return


@pytest.mark.chaos
async def test_a_stop_does_not_wait_for_a_database_or_kafka_that_is_gone(loop):
    await loop.send(*range(10))
    for part in ("postgres", "kafka"):
        stop = asyncio.Event()
        task = asyncio.create_task(loop.consumer(instance_id="a").run(stop))
        await loop.until_effects(range(10))
        await asyncio.to_thread(loop.stack.kill, part)
        try:
            await asyncio.sleep(2)
            stop.set()
            async with asyncio.timeout(15):
                await task
        finally:
            await asyncio.to_thread(loop.stack.start, part)


async def test_a_member_that_was_overtaken_cannot_commit(loop):
    await loop.send(*range(30))
    async with loop.running(loop.consumer()):
        await loop.until_effects(range(30))
    async with loop.database.transaction() as connection:
        (row,) = (
            await connection.exec_driver_sql(
                "SELECT partition, next_offset FROM consumer_offset WHERE next_offset > 0 LIMIT 1"
            )
        ).all()
    place = TopicPartition(loop.topic.name, row.partition)
    other = TopicPartition(loop.topic.name, (row.partition + 1) % 3)
    stale = {place: OffsetRange(row.next_offset - 1, row.next_offset)}
    with pytest.raises(FencedOut):
        async with loop.database.transaction() as connection:
            await fence(connection, group=loop.group, ranges=stale)
    with pytest.raises(FencedOut):
        async with loop.database.transaction() as connection:
            await fence(
                connection,
                group=loop.group,
                ranges={place: OffsetRange(row.next_offset, 99), other: OffsetRange(77, 78)},
            )
    async with loop.database.transaction() as connection:
        after = await connection.exec_driver_sql(
            "SELECT count(*) FROM consumer_offset WHERE next_offset IN (99, 78)"
        )
        assert after.scalar_one() == 0


async def test_two_members_lose_and_repeat_nothing_while_one_comes_and_goes(loop):
    loop.batch_records_max = 10

    async def slowly(_):
        await asyncio.sleep(0.0005)

    loop.before_effect = slowly
    sent = 0
    async with loop.running(loop.consumer()):
        for _ in range(3):
            await loop.send(*range(sent, sent + 300))
            sent += 300
            async with loop.running(loop.consumer()):
                await asyncio.sleep(1.5)
                await loop.send(*range(sent, sent + 300))
                sent += 300
                await asyncio.sleep(1.5)
        await loop.until_effects(range(sent))


async def test_records_from_another_offset_than_ours_are_not_handled(loop):
    """Kafka's own idea of the group's offset differs: the database's is the truth."""
    await loop.send(*range(60))
    async with loop.running(loop.consumer(instance_id="a")):
        await loop.until_effects(range(60))
    reader = loop.consumer(instance_id="a")
    admin_offsets = {TopicPartition(loop.topic.name, p): 0 for p in range(3)}
    await set_kafka_offsets(loop, admin_offsets)
    await loop.send(*range(60, 90))
    async with loop.running(reader):
        await loop.until_effects(range(90))


async def set_kafka_offsets(loop, offsets):
    consumer = AIOKafkaConsumer(
        bootstrap_servers=loop.stack.endpoints.kafka_bootstrap,
        group_id=loop.group,
        group_instance_id="a",
        enable_auto_commit=False,
    )
    consumer.subscribe([loop.topic.name])
    await consumer.start()
    await consumer.commit(offsets)
    await consumer.stop()
