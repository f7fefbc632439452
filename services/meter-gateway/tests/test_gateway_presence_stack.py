"""Presence from status and last will; and what happens when the broker goes away."""

import asyncio
import sys

import msgspec
import pytest

from prewatt_common.clock import utc_now
from prewatt_common.contracts.base import CommandStatus, RelayState
from prewatt_common.contracts.meter_events_v1 import MeterPresenceChanged
from prewatt_common.contracts.mqtt_v1 import MqttEvent, MqttEventKind

pytestmark = pytest.mark.stack

PRESENCE = MeterPresenceChanged.ce_type


def presences(events):
    return [each["presence"] for each in events if each["ce_type"] == PRESENCE]


async def test_a_meter_comes_and_goes(gateway):
    (meter_id,) = await gateway.meters()
    async with await gateway.own_connections([meter_id]) as fleet:
        await gateway.events(meter_id, lambda e: presences(e) == ["online"])
        # Said again, as after every reconnect: nothing changed.
        await fleet.publish_bytes(meter_id=meter_id, topic="status", payload=b"online")
        async with gateway.http("gateway:read") as client:
            device = (await client.get(f"/v1/devices/{meter_id}")).json()
        assert device["presence"] == "online"
    await gateway.events(meter_id, lambda e: presences(e) == ["online", "offline"])
    async with await gateway.own_connections([meter_id]):
        await gateway.events(meter_id, lambda e: presences(e) == ["online", "offline", "online"])


async def test_the_last_will_of_a_meter_that_breaks_off(gateway):
    (meter_id,) = await gateway.meters()
    endpoints = gateway.stack.endpoints
    await asyncio.to_thread(gateway.stack.add_mqtt_user, meter_id, "secret")
    script = (
        "import paho.mqtt.client as p, sys, time\n"
        "i, port = sys.argv[1], int(sys.argv[2])\n"
        "c = p.Client(p.CallbackAPIVersion.VERSION2, client_id=i)\n"
        "c.username_pw_set(i, 'secret')\n"
        "c.will_set(f'prewatt/v1/{i}/status', 'offline', qos=1, retain=True)\n"
        "c.connect('127.0.0.1', port); c.loop_start()\n"
        "c.publish(f'prewatt/v1/{i}/status', 'online', qos=1, retain=True).wait_for_publish()\n"
        "time.sleep(120)\n"
    )
    meter = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, meter_id, str(endpoints.mqtt_port)
    )
    try:
        await gateway.events(meter_id, lambda e: presences(e) == ["online"])
    finally:
        meter.kill()
        await meter.wait()
    await gateway.events(meter_id, lambda e: presences(e) == ["online", "offline"])


async def test_what_a_meter_reports_is_an_event(gateway):
    (meter_id,) = await gateway.meters()
    at = utc_now()
    async with gateway.fleet([meter_id]) as fleet:
        payload = msgspec.json.encode(MqttEvent(kind=MqttEventKind.TAMPER, at=at, detail="cover"))
        await fleet.publish_bytes(meter_id=meter_id, topic="event", payload=payload)
        (event,) = await gateway.events(meter_id, lambda e: len(e) == 1)
    assert event["ce_type"] == "prewatt.meter.reported.v1"
    assert (event["meter_id"], event["kind"], event["detail"]) == (meter_id, "tamper", "cover")


@pytest.mark.chaos
async def test_the_gateway_comes_back_to_a_broker_that_was_killed(gateway):
    (meter_id,) = await gateway.meters()
    async with gateway.fleet([meter_id]) as fleet:
        await gateway.flows(fleet, meter_id)
        async with gateway.without("mosquitto"):
            async with gateway.http() as client:
                answer = await client.get("/readyz/consume")
                assert (await client.get("/readyz")).status_code == 200
            assert answer.status_code == 503
            check = answer.json()["checks"]["meter-gateway.mqtt-readings"]
            assert not check["ok"]
            assert check["detail"].startswith("not connected to ")
        await gateway.ready()
        await gateway.flows(fleet, meter_id)
        command = await gateway.command(meter_id)
        await fleet.wait_relay(meter_id, RelayState.OPEN, timeout=60)
        assert CommandStatus.SUCCEEDED in await gateway.progress(command, CommandStatus.SUCCEEDED)
        assert fleet.meters[meter_id].commands.executions == {command.command_id: 1}


@pytest.mark.chaos
async def test_no_report_is_lost_while_the_database_is_away(gateway):
    (meter_id,) = await gateway.meters()
    async with gateway.fleet([meter_id]) as fleet:
        async with gateway.without("postgres"):
            payload = msgspec.json.encode(MqttEvent(kind=MqttEventKind.POWER_FAIL, at=utc_now()))
            await fleet.publish_bytes(meter_id=meter_id, topic="event", payload=payload)
            # Readings of known meters need no database.
            await gateway.flows(fleet, meter_id)
            async with asyncio.timeout(30), gateway.http() as client:
                while True:
                    checks = (await client.get("/readyz/consume")).json()["checks"]
                    if not checks["meter-gateway.hear-meters"]["ok"]:
                        break
                    await asyncio.sleep(0.2)
        events = await gateway.events(meter_id, lambda e: len(e) >= 1)
        assert {each["kind"] for each in events} == {"power_fail"}
        await gateway.ready()
