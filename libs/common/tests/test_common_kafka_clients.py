"""aiokafka's clients while Kafka is away, on a real Kafka that is frozen or killed."""

import asyncio
import gc
import random
import signal
import time

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.consumer.group_coordinator import GroupCoordinator

from prewatt_common.kafka.clients import stop_client
from prewatt_common.kafka.producer import ProduceFailed

pytestmark = [pytest.mark.stack, pytest.mark.chaos]

CLIENTS = 12
"""Of each kind, for it is chance what a client is at when it is stopped."""


def background_tasks():
    """What aiokafka runs by itself, by name."""
    names = [getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()]
    parts = ("AIOKafka", "Fetcher.", "Sender.", "GroupCoordinator.", "MessageAccumulator.")
    return [name for name in names if name.startswith(parts)]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_client_stops_within_seconds_and_leaves_nothing_behind(loop, how):
    bootstrap = loop.stack.endpoints.kafka_bootstrap
    consumers = [
        AIOKafkaConsumer(
            loop.topic.name,
            bootstrap_servers=bootstrap,
            group_id=f"{loop.group}-{number}",
            enable_auto_commit=False,
        )
        for number in range(CLIENTS)
    ]
    producers = [
        AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, acks="all")
        for _ in range(CLIENTS)
    ]
    admins = [AIOKafkaAdminClient(bootstrap_servers=bootstrap) for _ in range(CLIENTS)]
    clients = [*consumers, *producers, *admins]
    await asyncio.gather(*(client.start() for client in clients))
    await asyncio.gather(*(consumer.getmany(timeout_ms=200) for consumer in consumers))
    await asyncio.gather(*(producer.send_and_wait(loop.topic.name, b"x") for producer in producers))

    async def stop_some_time_later(client):
        await asyncio.sleep(random.uniform(0, 4))
        if client in producers[::2]:
            await client.send(loop.topic.name, b"never sent")
        began = time.monotonic()
        await stop_client(client)
        return time.monotonic() - began

    async with loop.kafka_away(how):
        # A CancelledError that got out would come out of here.
        took_s = await asyncio.gather(*map(stop_some_time_later, clients))
        # What was connecting gives up by itself, within aiokafka's request timeout.
        async with asyncio.timeout(60):
            while background_tasks():  # noqa: ASYNC110 - they are aiokafka's
                await asyncio.sleep(0.5)
    assert max(took_s) < 20


async def test_a_consumer_outlives_kafka_and_its_stop_is_not_mistaken_for_an_end(loop):
    """Each error ends a session and so a client, again and again while Kafka is away."""
    await loop.send(*range(30))
    stop = asyncio.Event()
    running = [
        asyncio.create_task(consumer.run(stop))
        for consumer in (loop.consumer(instance_id="a"), loop.consumer(instance_id="b"))
    ]
    await loop.until_effects(range(30))
    for number in range(3):
        async with loop.kafka_away(signal.SIGKILL):
            # The database's fault ends the session; the stop that follows finds no Kafka.
            await asyncio.to_thread(loop.stack.kill, "postgres")
            await asyncio.sleep(number * 2)
            await asyncio.to_thread(loop.stack.start, "postgres")
        assert not any(task.done() for task in running)
    stop.set()
    async with asyncio.timeout(30):
        await asyncio.gather(*running)


async def test_a_cancelled_stop_is_a_cancelled_stop(loop):
    consumer = AIOKafkaConsumer(
        loop.topic.name,
        bootstrap_servers=loop.stack.endpoints.kafka_bootstrap,
        group_id=loop.group,
    )
    await consumer.start()
    async with loop.kafka_away(signal.SIGSTOP):
        stopping = asyncio.create_task(stop_client(consumer))
        await asyncio.sleep(0.5)
        stopping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stopping
    await stop_client(consumer)


async def test_a_producer_whose_sender_ended_is_replaced_and_no_send_waits_for_it(loop):
    """As a broker answers that lost what it had acknowledged: numbers are missing to it."""
    await loop.send(1)
    inner = await loop.producer._producer()
    partitions = await loop.producer.partitions(loop.topic.name)
    for partition in range(partitions):
        inner._txn_manager.increment_sequence_number((loop.topic.name, partition), 7)
    async with asyncio.timeout(30):
        with pytest.raises(ProduceFailed, match="OutOfOrderSequenceNumber"):
            await loop.send(*range(2, 12))
        await loop.send(*range(2, 12))
        # Ended without an error, which aiokafka tells nobody.
        inner = await loop.producer._producer()
        await asyncio.sleep(0.2)  # until it waits for something to send
        waiting = asyncio.create_task(loop.send(12))
        inner._sender.sender_task.cancel()
        with pytest.raises(ProduceFailed, match="a task in the background ended"):
            await waiting
        await loop.send(12)


async def test_no_send_waits_for_a_producer_whose_metadata_is_fetched_no_more(loop):
    await loop.send(1)
    inner = await loop.producer._producer()
    async with loop.kafka_away(signal.SIGKILL):
        waiting = asyncio.create_task(loop.send(2))
        await asyncio.sleep(0.5)
        inner.client._sync_task.cancel()
        with pytest.raises(ProduceFailed, match="a task in the background ended"):
            await waiting
    async with asyncio.timeout(30):
        await loop.send(2)


@pytest.mark.parametrize(
    "routine", ["Fetcher._fetch_requests_routine", "AIOKafkaClient._md_synchronizer"]
)
async def test_a_consumer_whose_background_ended_in_silence_begins_anew(loop, routine):
    await loop.send(1)
    before = asyncio.all_tasks()
    async with loop.running(loop.consumer(instance_id="a")):
        await loop.until_effects([1])
        (task,) = [
            task for task in asyncio.all_tasks() - before if task.get_coro().__qualname__ == routine
        ]
        task.cancel()
        await loop.send(2)
        await loop.until_effects([1, 2])


async def test_a_consumer_that_waits_for_ever_for_a_kafka_that_is_back_begins_anew(loop):
    """As seen after a broker's restart under load: aiokafka's look for the group's coordinator
    waited for metadata that nobody fetched any more, and everything else waited for it."""
    await loop.send(1)
    async with loop.running(loop.consumer(instance_id="a")):
        await loop.until_effects([1])
        (coordinator,) = [
            found
            for found in gc.get_objects()
            if isinstance(found, GroupCoordinator) and found.group_id == loop.group
        ]
        async with loop.kafka_away(signal.SIGKILL):
            await coordinator._coordinator_lookup_lock.acquire()
        await loop.send(2)
        await loop.until_effects([1, 2])
