"""What goes wrong outside the services: broker, replicas, topics, zone data. Alarmed, and ended."""

import asyncio
import json
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import aiomqtt
import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from alarms import Alarms
from test_alerts_meters import OPENING_WH, TOPPED_UP_MICRO, open_account, reading
from world import World, until

from prewatt_common.clock import utc_now
from prewatt_common.contracts.topics import METER_READINGS
from prewatt_devstack.ports import HOST, free_ports, listens

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

ACL = Path(__file__).parents[2] / "deploy" / "mosquitto" / "acl"
SECOND = "gw-second"
METER = f"drops-{uuid4().hex[:8]}"
QUEUE_MAX = 1_000
SENT = 1_500


@pytest.fixture(scope="module")
def small_broker(tmp_path_factory: pytest.TempPathFactory):
    """A Mosquitto with the shipped access rules and Mosquitto's own limit of queued messages."""
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if program is None or shutil.which("mosquitto_passwd") is None:
        pytest.skip("needs the package mosquitto")
    folder = tmp_path_factory.mktemp("small-broker")
    (port,) = free_ports(1)
    for user in ("gateway", METER):
        made = ["-c"] if user == "gateway" else []
        subprocess.run(
            ["mosquitto_passwd", "-b", *made, folder / "passwords", user, "secret"], check=True
        )
    shutil.copy(ACL, folder / "acl")
    (folder / "mosquitto.conf").write_text(
        f"""
user root
listener {port} {HOST}
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/acl
max_queued_messages {QUEUE_MAX}
sys_interval 1
""",
        encoding="ascii",
    )
    process = subprocess.Popen([program, "-c", folder / "mosquitto.conf"])
    try:
        while not listens(port):
            assert process.poll() is None
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(scope="module")
async def second_gateway(world: World, alarms: Alarms, small_broker: int):
    """One more replica, on the small broker."""
    stack = world.stack
    url = f"http://{HOST}:{alarms.second_gateway_port}"
    env = stack.service_env("meter-gateway") | {
        "PREWATT_HTTP_PORT": str(alarms.second_gateway_port),
        "PREWATT_INSTANCE_ID": SECOND,
        "PREWATT_MQTT_HOST": HOST,
        "PREWATT_MQTT_PORT": str(small_broker),
        "PREWATT_MQTT_USERNAME": "gateway",
        "PREWATT_MQTT_PASSWORD": "secret",
    }
    argv = [sys.executable, "-m", "meter_gateway"]
    await asyncio.to_thread(
        stack.start_service, SECOND, argv, env=env, ready_url=f"{url}/readyz/consume"
    )
    try:
        yield url
    finally:
        await asyncio.to_thread(stack.stop, SECOND)
        await _sql(world, "meter_gateway", "DELETE FROM replica WHERE name = $1", SECOND)


async def _sql(world: World, database: str, statement: str, *values: object) -> None:
    url = world.stack.endpoints.database_url(database).replace("+asyncpg", "")
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement, *values)
    finally:
        await connection.close()


async def _metrics(world: World, url: str) -> str:
    return (await world.gateway.get(f"{url}/metrics")).text


@pytest.mark.chaos
async def test_what_the_broker_drops_is_alarmed_and_an_absent_replica_named(
    world: World, alarms: Alarms, second_gateway: str, small_broker: int
) -> None:
    await world.register_devices(METER)
    begin = utc_now() - timedelta(hours=1)
    number = await open_account(world, METER, since=begin)
    label = f'{{broker="{HOST}:{small_broker}"}}'

    async def counted() -> bool:
        metrics = await _metrics(world, second_gateway)
        return f"prewatt_gateway_broker_queued_messages{label} 0.0" in metrics

    await until(counted, what="the broker tells its figures")
    await asyncio.to_thread(world.stack.stop, SECOND)

    async with aiomqtt.Client(HOST, small_broker, username=METER, password="secret") as meter:
        for wh in range(1, SENT + 1):
            at = begin + timedelta(seconds=wh)
            # Every one of them is acknowledged.
            await meter.publish(f"prewatt/v1/{METER}/reading", reading(at, OPENING_WH + wh), qos=1)
    await alarms.fires("ReplicaGone", f"{SECOND}-readings", f"{SECOND}-reports", replica=SECOND)
    replicas = await world.items("meter-gateway", "/v1/replicas")
    assert {each["name"] for each in replicas} >= {SECOND, "meter-gateway-1"}

    _, summary = await asyncio.gather(
        asyncio.to_thread(world.stack.start, SECOND),
        alarms.fires("BrokerDropped", broker=f"{HOST}:{small_broker}"),
    )
    # A minute or two later: the broker tells no count any more, but an average that fades.
    (dropped,) = re.findall(r"at least (\d+) messages", summary)
    assert (SENT - QUEUE_MAX) / 2 < int(dropped) < (SENT - QUEUE_MAX) * 1.05
    await alarms.resolves("ReplicaGone", replica=SECOND)

    # The registers carry what the dropped readings would have told.
    async with aiomqtt.Client(HOST, small_broker, username=METER, password="secret") as meter:
        payload = reading(utc_now(), OPENING_WH + SENT + 1)
        await meter.publish(f"prewatt/v1/{METER}/reading", payload, qos=1)

    async def charged() -> bool:
        balance = (await world.account(number))["balance_micro"]
        return balance == TOPPED_UP_MICRO - (SENT + 1) * 520

    await until(charged, what="the balance is right all the same")
    await alarms.resolves("BrokerDropped", broker=f"{HOST}:{small_broker}")


async def test_a_replica_is_forgotten_only_when_it_is_gone(
    world: World, second_gateway: str
) -> None:
    assert (await world.gateway.delete(f"/v1/replicas/{SECOND}")).status_code == 409
    assert (await world.gateway.delete("/v1/replicas/nobody")).status_code == 404
    await _sql(
        world,
        "meter_gateway",
        "INSERT INTO replica VALUES ('gw-old', now() - interval '1 hour')",
    )
    assert (await world.gateway.delete("/v1/replicas/gw-old")).status_code == 204
    assert (await world.gateway.delete("/v1/replicas/gw-old")).status_code == 404


@asynccontextmanager
async def _retention(world: World, milliseconds: str) -> AsyncGenerator[None]:
    """The readings topic as an operator may have made it."""

    async def alter(**config: str) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=world.stack.endpoints.kafka_bootstrap)
        await admin.start()
        topic = ConfigResource(ConfigResourceType.TOPIC, METER_READINGS.name, configs=config)
        await admin.alter_configs([topic])
        await admin.close()

    await alter(**{"retention.ms": milliseconds, "segment.ms": "60000"})
    try:
        yield
    finally:
        await alter(**{"retention.ms": "-1"})


@pytest.mark.chaos
async def test_finite_retention_of_readings_is_said_at_start(world: World, alarms: Alarms) -> None:
    async with _retention(world, "604800000"):
        for service in ("billing", "prepay-ledger"):
            await asyncio.to_thread(world.stack.stop, service)
            await asyncio.to_thread(world.stack.start, service)
            said = f"topic {METER_READINGS.name} does not keep its history: retention.ms=604800000"

            async def loudly(service: str = service, said: str = said) -> bool:
                lines = world.stack.logs(service).splitlines()
                return any(json.loads(each)["level"] == "ERROR" for each in lines if said in each)

            await until(loudly, what=f"{service} says so")
        await alarms.fires("HistoryLimited", METER_READINGS.name, topic=METER_READINGS.name)
    await alarms.resolves("HistoryLimited", topic=METER_READINGS.name)


@pytest.mark.chaos
async def test_consumers_that_stopped_are_alarmed_until_they_go_on(
    world: World, alarms: Alarms
) -> None:
    consumers = ("prepay-ledger.readings", "billing.charges", "notifier.ledger-events")
    await asyncio.to_thread(world.stack.kill, "kafka")
    try:
        for consumer in consumers:
            await alarms.fires("ConsumersStopped", consumer, consumer=consumer)
    finally:
        await asyncio.to_thread(world.stack.start, "kafka")
    await alarms.resolves("ConsumersStopped")


async def test_other_zone_data_is_alarmed(world: World, alarms: Alarms) -> None:
    async def restarted() -> None:
        await asyncio.to_thread(world.stack.stop, "billing")
        await asyncio.to_thread(world.stack.start, "billing")

    await _sql(world, "billing", "INSERT INTO zone_data (version) VALUES ('2999a')")
    try:
        await restarted()
        await alarms.fires("ZoneDataDiffers")
        assert "is older than 2999a" in world.stack.logs("billing")
    finally:
        await _sql(world, "billing", "DELETE FROM zone_data WHERE version = '2999a'")
    await restarted()
    await alarms.resolves("ZoneDataDiffers")
