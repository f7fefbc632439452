"""Starting, stopping and sharing: what holds when a gateway goes, comes back, or is one of two."""

import asyncio
import time
from datetime import timedelta

import pytest

from prewatt_common.clock import utc_now
from prewatt_common.contracts.base import CommandStatus, RelayState

pytestmark = [pytest.mark.stack, pytest.mark.chaos]

NAME = "meter-gateway"


async def published(fleet, meter_ids, steps):
    """Let every meter publish so often; what must then be on the topic."""
    wanted = set()
    at = utc_now() - timedelta(hours=1)
    for step in range(steps):
        for meter_id in meter_ids:
            reading = await fleet.publish_reading(
                meter_id=meter_id, at=at + timedelta(seconds=step), use_wh=10
            )
            wanted.add((meter_id, reading.import_wh))
    return wanted


async def stop_and_time(gateway):
    began = time.monotonic()
    await asyncio.to_thread(gateway.stack.stop, NAME)
    return time.monotonic() - began


async def test_a_stop_takes_seconds_and_loses_nothing(gateway):
    meter_ids = await gateway.meters(20)
    async with gateway.fleet(meter_ids) as fleet:
        wanted = await published(fleet, meter_ids, steps=25)
        said = len(gateway.stack.logs(NAME))
        took_s = await stop_and_time(gateway)
        assert "Traceback" not in gateway.stack.logs(NAME)[said:]
        # Nobody reads now: the broker keeps these for us.
        wanted |= await published(fleet, meter_ids, steps=25)
        await fleet.drain()
        await asyncio.to_thread(gateway.stack.start, NAME)
        await gateway.readings(wanted)
    assert took_s < 12


async def test_a_stop_without_kafka_takes_seconds_and_loses_nothing(gateway):
    meter_ids = await gateway.meters(20)
    async with gateway.fleet(meter_ids) as fleet:
        async with gateway.without("kafka"):
            wanted = await published(fleet, meter_ids, steps=25)
            await fleet.drain()
            await asyncio.sleep(2)
            took_s = await stop_and_time(gateway)
        await asyncio.to_thread(gateway.stack.start, NAME)
        await gateway.readings(wanted)
    assert took_s < 15


async def test_two_gateways_share_the_work_and_one_may_die(gateway):
    meter_ids = await gateway.meters(20)
    async with gateway.another("gateway-2") as url, gateway.fleet(meter_ids) as fleet:
        before = await gateway.metric("prewatt_gateway_readings_total")
        wanted = await published(fleet, meter_ids, steps=20)
        await gateway.readings(wanted)
        mine = await gateway.metric("prewatt_gateway_readings_total") - before
        assert 0 < mine < len(wanted), "one of the two did it all"

        await asyncio.to_thread(gateway.stack.kill, "gateway-2")
        wanted = await published(fleet, meter_ids, steps=20)
        command = await gateway.command(meter_ids[0])
        await fleet.wait_relay(meter_ids[0], RelayState.OPEN, timeout=60)
        # Half of what came waits in the session of the dead one, until that is back.
        await asyncio.to_thread(gateway.stack.start, "gateway-2")
        await gateway.readings(wanted)
        assert CommandStatus.SUCCEEDED in await gateway.progress(command, CommandStatus.SUCCEEDED)
        assert fleet.meters[meter_ids[0]].commands.executions == {command.command_id: 1}
        assert url


async def test_a_gateway_that_is_refused_says_so_and_does_not_hammer(gateway):
    wrong = {"PREWATT_MQTT_PASSWORD": "wrong"}
    async with gateway.another("gateway-refused", ready=False, **wrong):
        await asyncio.sleep(6)
        log = gateway.stack.logs("gateway-refused")
    assert "refused us" in log
    assert log.count("the broker refused us") <= 18, "three connections, each ever more slowly"
    (meter_id,) = await gateway.meters()
    async with gateway.fleet([meter_id]) as fleet:
        await gateway.flows(fleet, meter_id)
