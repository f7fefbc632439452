"""The list of meters that send what cannot be used, on the running gateway."""

import asyncio
import json
from datetime import timedelta

import pytest

from prewatt_common.clock import utc_now
from prewatt_common.contracts.mqtt_v1 import ROOT

pytestmark = pytest.mark.stack

BAD = b'{"at": 5}'
OLD = b'{"at":"1970-01-01T00:00:00Z","import_wh":1}'


def _good() -> bytes:
    return json.dumps({"at": utc_now().isoformat(), "import_wh": 1}).encode()


async def _publish(gateway, *messages: tuple[str, str, bytes]) -> None:
    async with gateway.mqtt() as client:
        for meter_id, kind, payload in messages:
            await client.publish(f"{ROOT}/{meter_id}/{kind}", payload, qos=1)


async def _reasons(gateway, **query) -> dict[str, dict[str, int]]:
    async with gateway.http("gateway:read") as client:
        answer = await client.get("/v1/meter-faults", params={"limit": 1000} | query)
    assert answer.status_code == 200, answer.text
    return {
        meter["meter_id"]: {each["reason"]: each["messages"] for each in meter["refusals"]}
        for meter in answer.json()["items"]
    }


async def _until(gateway, holds, **query) -> None:
    found: dict[str, dict[str, int]] = {}
    for _ in range(300):
        found = await _reasons(gateway, **query)
        if holds(found):
            return
        await asyncio.sleep(0.1)
    pytest.fail(f"not in 30 s; listed: {found}")


async def test_the_last_message_decides(gateway) -> None:
    mended, broken = await gateway.meters(2)
    await _publish(
        gateway,
        (mended, "reading", BAD), (mended, "reading", OLD), (mended, "reading", _good()),
        (broken, "reading", _good()), (broken, "reading", BAD), (broken, "reading", BAD),
    )  # fmt: skip
    await _until(gateway, lambda found: found.get(broken) == {"undecodable": 2})
    assert mended not in await _reasons(gateway)
    # Another word of it later adds to the count.
    await _publish(gateway, (broken, "reading", BAD), (broken, "reading", OLD))
    both = {"undecodable": 3, "implausible_time": 1}
    await _until(gateway, lambda found: found.get(broken) == both)
    await _publish(gateway, (broken, "reading", _good()))
    await _until(gateway, lambda found: broken not in found)


async def test_events_count_too(gateway) -> None:
    (meter_id,) = await gateway.meters()
    await _publish(gateway, (meter_id, "event", b"[]"), (meter_id, "status", b"asleep"))
    await _until(gateway, lambda found: found.get(meter_id) == {"undecodable": 2})


async def test_the_list_survives_a_kill_and_a_good_reading_then_ends_it(gateway) -> None:
    (meter_id,) = await gateway.meters()
    ahead = json.dumps({"at": (utc_now() + timedelta(hours=1)).isoformat(), "import_wh": 1})
    await _publish(gateway, (meter_id, "reading", ahead.encode()))
    await _until(gateway, lambda found: found.get(meter_id) == {"in_future": 1})
    async with gateway.without("meter-gateway"):
        pass
    assert (await _reasons(gateway, fault="clock"))[meter_id] == {"in_future": 1}
    await _publish(gateway, (meter_id, "reading", _good()))
    await _until(gateway, lambda found: meter_id not in found)


async def test_pages(gateway) -> None:
    ids = await gateway.meters(3)
    await _publish(gateway, *((meter_id, "reading", BAD) for meter_id in ids))
    await _until(gateway, lambda found: set(ids) <= set(found))
    seen: list[str] = []
    more: dict[str, str] = {}
    async with gateway.http("gateway:read") as client:
        while True:
            params = {"limit": 1, "fault": "payload"} | more
            page = (await client.get("/v1/meter-faults", params=params)).json()
            seen += [meter["meter_id"] for meter in page["items"]]
            if page["next"] is None:
                break
            more = {"cursor": page["next"]}
        assert set(ids) <= set(seen)
        assert seen == sorted(set(seen))
        assert (await client.get("/v1/meter-faults?fault=mood")).status_code == 422
    async with gateway.http() as nobody:
        assert (await nobody.get("/v1/meter-faults")).status_code == 401
