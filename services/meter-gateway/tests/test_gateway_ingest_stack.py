"""Readings from Mosquitto to Kafka: every bad input, and what survives a kill."""

import asyncio
import json
from datetime import datetime, timedelta

import asyncpg
import msgspec
import psutil
import pytest

from prewatt_common.clock import utc_now
from prewatt_common.contracts.meter_readings_v1 import READINGS_MAX
from prewatt_common.contracts.mqtt_v1 import READING_BYTES_MAX, ROOT
from prewatt_common.contracts.topics import METER_READINGS
from prewatt_common.kafka.messages import header
from prewatt_common.kafka.readings import decode_readings

pytestmark = pytest.mark.stack

GOOD = json.dumps({"at": (utc_now() - timedelta(hours=1)).isoformat(), "import_wh": 1}).encode()


async def _publish(gateway, meter_id: str, *payloads: bytes, kind: str = "reading") -> None:
    async with gateway.mqtt() as client:
        for payload in payloads:
            await client.publish(f"{ROOT}/{meter_id}/{kind}", payload, qos=1)


def _numbered(registers: range) -> list[bytes]:
    """Readings a minute apart, the register as given."""
    begin = utc_now() - timedelta(minutes=len(registers) + 1)
    return [
        json.dumps(
            {"at": (begin + timedelta(minutes=place)).isoformat(), "import_wh": register}
        ).encode()
        for place, register in enumerate(registers)
    ]


async def _until(holds, *, what: str) -> None:
    for _ in range(300):
        if await holds():
            return
        await asyncio.sleep(0.1)
    pytest.fail(f"not in 30 s: {what}")


@pytest.mark.parametrize(
    ("kind", "payload", "reason"),
    [
        ("reading", b'{"at":"2026-01-01T00:00:00Z"', "undecodable"),
        ("reading", b"", "undecodable"),
        ("reading", b'{"at":"2026-01-01T00:00:00Z","import_wh":"\xc3\x28"}', "undecodable"),
        ("reading", b"\x00\xff\xfe", "undecodable"),
        ("reading", b'{"at":"2026-01-01T00:00:00Z","import_wh":1.0}', "undecodable"),
        ("reading", b'{"at":"2026-01-01T00:00:00Z","import_wh":1,"x":1}', "undecodable"),
        ("reading", b'{"at":"2126-01-01T00:00:00Z","import_wh":1}', "in_future"),
        ("reading", b'{"at":"2000-01-01T00:00:00Z","import_wh":1}', "implausible_time"),
        ("reading", b'{"at":"1970-01-01T00:00:00Z","import_wh":1}', "implausible_time"),
        ("reading", GOOD + b" " * READING_BYTES_MAX, "oversized"),
        ("profile", b'{"readings":[]}', "undecodable"),
        ("profile", b'{"readings":[' + GOOD + b"," + GOOD + b"]}", "not_ascending"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[:20].decode("ascii", "replace"),
)
async def test_bad_input_is_dead_lettered_and_stops_nothing(gateway, kind, payload, reason) -> None:
    (meter_id,) = await gateway.meters()
    await _publish(gateway, meter_id, payload, kind=kind)
    (dead,) = await gateway.dead_letters(METER_READINGS.name, meter_id)
    assert dead.value == payload
    assert header(dead.headers, "dlq_reason") == reason
    assert header(dead.headers, "dlq_detail")
    assert header(dead.headers, "dlq_source") == f"mqtt/{ROOT}/{meter_id}/{kind}"
    assert header(dead.headers, "dlq_by") == "meter-gateway"
    assert header(dead.headers, "dlq_at")
    await _publish(gateway, meter_id, GOOD)
    (reading,) = await gateway.readings({(meter_id, 1)})
    assert reading.received_at > reading.read_at


async def test_unknown_meter_is_refused_until_it_is_registered(gateway) -> None:
    (meter_id,) = await gateway.meters(registered=False)
    await _publish(gateway, meter_id, GOOD)
    (dead,) = await gateway.dead_letters(METER_READINGS.name, meter_id)
    assert header(dead.headers, "dlq_reason") == "unknown_meter"
    assert dead.value == GOOD

    # As another replica does it: this process learns of it from the database only.
    url = gateway.stack.endpoints.database_url("meter_gateway").replace("+asyncpg", "")
    connection = await asyncpg.connect(url)
    await connection.execute(
        "INSERT INTO device (meter_id, model, codec, created_at)"
        " VALUES ($1, 'm', 'canonical', now())",
        meter_id,
    )
    await connection.close()
    await _publish(gateway, meter_id, GOOD)
    await gateway.readings({(meter_id, 1)})


async def test_profile_becomes_its_readings_in_order(gateway) -> None:
    (meter_id,) = await gateway.meters()
    snapshots = b",".join(_numbered(range(1, 2977)))
    await _publish(gateway, meter_id, b'{"readings":[' + snapshots + b"]}", kind="profile")
    readings = await gateway.readings({(meter_id, 2976)})
    assert [reading.import_wh for reading in readings] == list(range(1, 2977))


async def test_many_large_profiles_are_taken_in_bounded_memory(gateway) -> None:
    meter_ids = await gateway.meters(60)
    snapshots = b",".join(_numbered(range(1, 2977)))
    async with gateway.mqtt() as client:
        for meter_id in meter_ids:
            topic = f"{ROOT}/{meter_id}/profile"
            await client.publish(topic, b'{"readings":[' + snapshots + b"]}", qos=1)
    await gateway.readings({(meter_id, 2976) for meter_id in meter_ids})
    (pid,) = gateway.stack.pids("meter-gateway")
    assert psutil.Process(pid).memory_info().rss < 300 * 2**20


async def test_readings_that_come_together_share_a_record(gateway) -> None:
    """One a partition, its key one of its meters, a meter's readings in the order they came in."""
    meter_ids = await gateway.meters(60)
    async with gateway.mqtt() as client:
        for at in (b"2026-01-01T00:15:00Z", b"2026-01-01T00:30:00Z"):
            for meter_id in meter_ids:
                topic = f"{ROOT}/{meter_id}/reading"
                await client.publish(topic, b'{"at":"%b","import_wh":5}' % at, qos=1)

    def holds(record):
        return set(msgspec.json.decode(record.value)["meters"]) & set(meter_ids)

    def all_there(records):
        return sum(len(decode_readings(record)) for record in records if holds(record)) >= 120

    records = [r for r in await gateway.records(METER_READINGS.name, all_there) if holds(r)]
    assert len(records) < 60
    order: dict[str, list[datetime]] = {}
    for record in records:
        headers = {name: value.decode() for name, value in record.headers}
        assert headers.keys() == {"ce_specversion", "ce_source", "ce_type", "ce_id", "ce_time"}
        assert headers["ce_type"] == "prewatt.meter.readings.v1"
        events = decode_readings(record).events
        assert record.key.decode() == events[0].meter_id
        assert len(events) <= READINGS_MAX
        for each in events:
            order.setdefault(each.meter_id, []).append(each.read_at)
    assert all(instants == sorted(instants) for instants in order.values())


async def test_nothing_is_acknowledged_while_kafka_is_down(gateway) -> None:
    """The broker keeps what the gateway could not place: even a killed gateway loses nothing."""
    (meter_id,) = await gateway.meters()
    registers = range(1, 301)
    async with gateway.without("kafka"):
        await _publish(gateway, meter_id, *_numbered(registers))

        async def all_in_flight() -> bool:
            return await gateway.metric("prewatt_gateway_in_flight") >= len(registers)

        await _until(all_in_flight, what="the messages are in flight")
        await asyncio.to_thread(gateway.stack.kill, "meter-gateway")
    await asyncio.to_thread(gateway.stack.start, "meter-gateway")
    await gateway.readings({(meter_id, register) for register in registers})


async def test_a_gateway_that_waited_for_kafka_goes_on_by_itself(gateway) -> None:
    (meter_id,) = await gateway.meters()
    accepted = await gateway.metric("prewatt_gateway_accepted_total")
    async with gateway.without("kafka"):
        await _publish(gateway, meter_id, *_numbered(range(1, 301)))
        await asyncio.sleep(3)
        assert await gateway.metric("prewatt_gateway_accepted_total") == accepted
    await gateway.readings({(meter_id, register) for register in range(1, 301)})

    async def acknowledged() -> bool:
        return await gateway.metric("prewatt_gateway_in_flight") == 0

    await _until(acknowledged, what="all is acknowledged")
    await gateway.ready()


@pytest.mark.parametrize("how", ["kill", "stop"])
async def test_no_reading_is_lost_when_the_gateway_ends_in_mid_flow(gateway, how) -> None:
    (meter_id,) = await gateway.meters()
    registers = range(1, 6001)
    publishing = asyncio.create_task(_publish(gateway, meter_id, *_numbered(registers)))
    await asyncio.sleep(0.5)
    await asyncio.to_thread(getattr(gateway.stack, how), "meter-gateway")
    await publishing
    await asyncio.to_thread(gateway.stack.start, "meter-gateway")
    # QoS 1: what was handed over without a PUBACK that the broker saw comes again, after a stop
    # too where the machine is busy. The same reading again charges nothing.
    await gateway.readings({(meter_id, register) for register in registers})


async def test_no_message_is_unaccounted_for(gateway) -> None:
    (meter_id,) = await gateway.meters()
    await _publish(gateway, meter_id, GOOD, b"{", GOOD, b"[]")

    async def balanced() -> bool:
        names = ("received_total", "accepted_total", "rejected_total", "returned_total")
        counts = [await gateway.metric(f"prewatt_gateway_{name}") for name in (*names, "in_flight")]
        return counts[0] == sum(counts[1:])

    await gateway.dead_letters(METER_READINGS.name, meter_id, 2)
    await _until(balanced, what="received = accepted + rejected + returned + in flight")


async def test_a_late_reading_is_kept_from_its_arrival_on(gateway) -> None:
    """Kafka's retention counts from the record's time: were that the reading's, a late one could be
    removed minutes after the meter was told that it had been taken."""
    (meter_id,) = await gateway.meters()
    begin = utc_now() - timedelta(days=40)
    snapshots = [
        {"at": (begin + timedelta(minutes=15 * place)).isoformat(), "import_wh": wh}
        for place, wh in enumerate((1_000, 1_500))
    ]
    sent_at = utc_now()
    profile = json.dumps({"readings": snapshots}).encode()
    await _publish(gateway, meter_id, profile, kind="profile")

    def mine(records):
        return [record for record in records if record.key == meter_id.encode()]

    records = await gateway.records(METER_READINGS.name, lambda found: len(mine(found)) == 1)
    for record in mine(records):
        assert [each.import_wh for each in decode_readings(record).events] == [1_000, 1_500]
        assert record.timestamp >= int(sent_at.timestamp() * 1000)
