"""Consumers that stop for a reason of their own: alarmed, said, mended as the runbooks say."""

import asyncio
import re
import time
from contextlib import suppress
from datetime import timedelta
from typing import Any

import httpx
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from alarms import Alarms
from test_alerts_meters import OPENING_WH, TOPPED_UP_MICRO, open_account
from test_alerts_parts import _sql
from test_dead_letters import prewatt
from test_main_loop import KWH_A_STEP, step
from world import MICRO, WAIT_S, World, until

from prewatt_common.clock import utc_now
from prewatt_common.contracts.base import RelayState
from prewatt_common.contracts.meter_readings_v1 import Reading, readings_event
from prewatt_common.contracts.topics import METER_READINGS
from prewatt_common.kafka.messages import Message, Source
from prewatt_common.kafka.producer import Producer

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

PRICE_MICRO_PER_WH = 520


async def consuming(world: World, service: str) -> httpx.Response:
    """`/readyz/consume` as a probe sees it."""
    async with httpx.AsyncClient() as client:
        return await client.get(f"{world.target.url(service)}/readyz/consume", timeout=10)


async def stopped(world: World, service: str, consumer: str, *words: str) -> str:
    """Wait until the consumer says so, with all ``words``; gives what it says."""
    said, deadline = "", time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):  # while it starts
            answer = await consuming(world, service)
            said = answer.json()["checks"][consumer]["detail"]
            if answer.status_code == 503 and all(word in said for word in ("stopped:", *words)):
                return said
        await asyncio.sleep(0.2)
    pytest.fail(f"{consumer} says {said!r}, without {words}")


async def test_a_wrong_table_stops_readings_while_a_payment_brings_the_supply_back(
    world: World, alarms: Alarms
) -> None:
    home = world.household(balance_micro=2 * MICRO)
    await world.register(home)
    async with world.fleet([home], load=KWH_A_STEP) as fleet:
        for number in range(1, 5):
            await world.settled(home, read_at=await step(world, fleet, number))
        await fleet.wait_relay(home.meter_id, RelayState.OPEN, timeout=60)
        await world.in_state(home, "disconnected")

        await _sql(world, "prepay_ledger", "ALTER TABLE meter_state RENAME last_wh TO last")
        try:
            at = await step(world, fleet, 5)
            said = await stopped(world, "prepay-ledger", "prepay-ledger.readings", "a defect at")
            assert re.search(rf"{METER_READINGS.name}/\d+/\d+: .*last_wh.* does not exist", said)
            await alarms.fires("ConsumerDefect", group="prepay-ledger.readings", reason="defect")

            # Payments, reviews and reconnections go on.
            paid = await world.pay(home.number, 3 * MICRO)
            assert paid.json()["outcome"] == "credited"
            await fleet.wait_relay(home.meter_id, RelayState.CLOSED, timeout=60)
            await stopped(world, "prepay-ledger", "prepay-ledger.readings", "a defect at")
        finally:
            await _sql(world, "prepay_ledger", "ALTER TABLE meter_state RENAME last TO last_wh")
        # Its reading was not skipped: it goes on by itself, within half a minute.
        await world.settled(home, read_at=at)
        await alarms.resolves("ConsumerDefect")
    assert (await consuming(world, "prepay-ledger")).status_code == 200


async def test_consuming_waits_for_the_schema_that_the_release_is_written_for(
    world: World, alarms: Alarms
) -> None:
    set_revision = "UPDATE alembic_version SET version_num = $1"
    await _sql(world, "notifier", set_revision, "0000")
    try:
        await asyncio.to_thread(world.stack.stop, "notifier")
        starting = asyncio.create_task(asyncio.to_thread(world.stack.start, "notifier"))
        said = await stopped(world, "notifier", "notifier.ledger-events", "at revision 0000")
        assert "written for 0001" in said
        await alarms.fires("ConsumerDefect", reason="schema", group="notifier.ledger-events")
        assert (await world._clients["notifier"].get("/readyz")).status_code == 200
    finally:
        await _sql(world, "notifier", set_revision, "0001")
    await starting
    await alarms.resolves("ConsumerDefect")
    assert (await consuming(world, "notifier")).status_code == 200


def reading_of(meter_id: str, *, minute: int, import_wh: int) -> Message:
    """As the gateway sends it."""
    at = utc_now() - timedelta(days=1) + timedelta(minutes=minute)
    event = readings_event([Reading(meter_id, at, import_wh, utc_now())])
    return Source("meter-gateway").message(
        topic=METER_READINGS, key=meter_id, event=event, at=utc_now()
    )


async def offsets(world: World, service: str) -> dict[int, dict[str, Any]]:
    """By partition, where the service's readers of readings stand."""
    found = (await world._get(service, "/v1/offsets"))["offsets"]
    return {each["partition"]: each for each in found if each["topic"] == METER_READINGS.name}


async def taken(world: World, service: str) -> bool:
    """Whether all readings are."""
    return all(
        each["offset"] == each["log_end"] for each in (await offsets(world, service)).values()
    )


@pytest.mark.chaos
async def test_the_breaker_stops_what_refuses_everything_until_a_restart(
    world: World, alarms: Alarms
) -> None:
    meter_id = f"breaker-{utc_now():%H%M%S%f}"
    await world.register_devices(meter_id)
    number = await open_account(world, meter_id, since=utc_now() - timedelta(days=2))
    producer = Producer(bootstrap=world.stack.endpoints.kafka_bootstrap)
    bad = Message(METER_READINGS.name, meter_id.encode(), [], b"no reading")
    await producer.send([bad] * 60)
    await producer.send([reading_of(meter_id, minute=0, import_wh=OPENING_WH + 1_000)])
    await producer.stop()
    services = {"prepay-ledger": "prepay-ledger.readings", "billing": "billing.readings"}
    for service, consumer in services.items():
        said = await stopped(world, service, consumer, "the breaker is open")
        assert "51 of the last" in said
        await alarms.fires("DeadLetterBreaker", group=consumer)
    assert (await world.account(number))["balance_micro"] == TOPPED_UP_MICRO
    listed = await asyncio.to_thread(prewatt, world, "dlq", "list", "--service", "prepay-ledger")
    assert listed.stdout.count(meter_id) == 51

    for service in services:
        await asyncio.to_thread(world.stack.stop, service)
        await asyncio.to_thread(world.stack.start, service)

    async def charged() -> bool:
        balance = (await world.account(number))["balance_micro"]
        return balance == TOPPED_UP_MICRO - 1_000 * PRICE_MICRO_PER_WH

    await until(charged, what="the reading after them is charged")
    await alarms.resolves("DeadLetterBreaker")
    listed = await asyncio.to_thread(prewatt, world, "dlq", "list", "--service", "prepay-ledger")
    assert listed.stdout.count(meter_id) == 60


@pytest.mark.chaos
async def test_a_topic_made_anew_is_refused_until_a_person_accepts_it(
    world: World, alarms: Alarms
) -> None:
    """A stored offset of so many, and a new log of more: none of it is skipped."""
    meters = [f"anew-{utc_now():%H%M%S%f}-{each}" for each in range(8)]
    await world.register_devices(*meters)
    since = utc_now() - timedelta(days=2)
    numbers = [await open_account(world, each, since=since) for each in meters]
    producer = Producer(bootstrap=world.stack.endpoints.kafka_bootstrap)
    await producer.send(
        [
            reading_of(meter, minute=n, import_wh=OPENING_WH + 1 + n)
            for n in range(200)
            for meter in meters
        ]
    )
    services = {"prepay-ledger": "prepay-ledger.readings", "billing": "billing.readings"}
    for service in services:
        await until(lambda service=service: taken(world, service), what=f"{service} took them")
    before = {service: await offsets(world, service) for service in services}

    await make_anew(world, partitions=len(before["billing"]))
    await producer.stop()
    producer = Producer(bootstrap=world.stack.endpoints.kafka_bootstrap)
    stored = sum(each["offset"] for each in before["billing"].values())
    await producer.send(
        [
            reading_of(meters[n % len(meters)], minute=200 + n // 8, import_wh=OPENING_WH + 201 + n)
            for n in range(stored + 500)
        ]
    )
    await producer.stop()
    for service, consumer in services.items():
        said = await stopped(world, service, consumer, "the topic was made anew")
        place = re.search(rf"{METER_READINGS.name}/(\d+) up to offset (\d+) ", said)
        assert place is not None
        was = before[service][int(place[1])]
        now = (await offsets(world, service))[int(place[1])]
        assert int(place[2]) == was["offset"]
        assert was["topic_id"] in said
        assert f"offsets 0 to {now['log_end']} of {now['log_topic_id']}" in said
        await alarms.fires("TopicMadeAnew", group=consumer)
        shown = await asyncio.to_thread(prewatt, world, "offsets", "show", "--service", service)
        assert shown.exit_code == 1
        assert "topic-made-anew" in shown.stdout
        assert {p: each["offset"] for p, each in (await offsets(world, service)).items()} == {
            p: each["offset"] for p, each in before[service].items()
        }
    paid = await world.pay(numbers[0], MICRO)
    assert paid.json()["balance_micro"] == TOPPED_UP_MICRO + MICRO - 200 * PRICE_MICRO_PER_WH

    for service in services:
        accepted = await asyncio.to_thread(
            prewatt, world, "offsets", "accept", "--service", service,
            "--topic", METER_READINGS.name, "--reason", "the disk is gone", "--who", "ann",
        )  # fmt: skip
        assert accepted.exit_code == 0, accepted.output
    for service in services:
        await until(lambda service=service: taken(world, service), what=f"{service} goes on")
        kept = (await world._get(service, "/v1/offsets"))["accepted"]
        assert {(each["who"], each["reason"]) for each in kept} == {("ann", "the disk is gone")}
    await alarms.resolves("TopicMadeAnew")

    async def charged() -> bool:
        # The last reading of the first meter.
        last = (stored + 499) // 8 * 8
        balance = (await world.account(numbers[0]))["balance_micro"]
        return balance == TOPPED_UP_MICRO + MICRO - (201 + last) * PRICE_MICRO_PER_WH

    await until(charged, what="the new log is charged")


async def make_anew(world: World, *, partitions: int) -> None:
    """Readings' topic, deleted and made again."""
    admin: Any = AIOKafkaAdminClient(bootstrap_servers=world.stack.endpoints.kafka_bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([METER_READINGS.name])
        new = NewTopic(METER_READINGS.name, partitions, 1, topic_configs={"retention.ms": "-1"})

        async def made() -> bool:
            ((_, code, _),) = (await admin.create_topics([new])).topic_errors
            return code == 0

        await until(made, what="the topic is made anew")
    finally:
        await admin.close()
