"""The gateway's HTTP API: meters and commands, and who may see or change them."""

from uuid import uuid4

import pytest

from prewatt_common.clock import utc_now
from prewatt_common.contracts.topics import METER_EVENTS, METER_READINGS
from prewatt_common.kafka.messages import header

pytestmark = pytest.mark.stack

HEADER = "meter_id,model,codec\n"
PROBLEM = "application/problem+json"


def new_id() -> str:
    return f"api-{uuid4().hex[:12]}"


async def test_a_meter_registered_a_moment_ago_is_taken_at_once(gateway):
    meter_id = new_id()
    async with gateway.fleet([meter_id]) as fleet:
        # Before: kept as a dead letter. After: taken, though "unknown" was the last answer.
        await fleet.publish_reading(meter_id=meter_id, at=utc_now(), use_wh=1)
        (letter,) = await gateway.dead_letters(METER_READINGS.name, meter_id)
        assert header(letter.headers, "dlq_reason") == "unknown_meter"
        assert "register" in str(header(letter.headers, "dlq_detail"))
        async with gateway.http("gateway:write") as client:
            body = {"meter_id": meter_id, "model": "model-x"}
            answer = await client.post("/v1/devices", json=body)
            assert answer.status_code == 201
            await gateway.flows(fleet, meter_id)
            again = await client.post("/v1/devices", json=body)
        assert again.status_code == 409
        assert again.headers["content-type"] == PROBLEM
        assert again.json()["type"] == "urn:prewatt:problem:duplicate-device"
    async with gateway.http("gateway:read") as client:
        device = (await client.get(f"/v1/devices/{meter_id}")).json()
    assert (device["model"], device["codec"]) == ("model-x", "canonical")


async def test_an_event_of_an_unknown_meter_is_a_dead_letter(gateway):
    meter_id = new_id()
    async with gateway.fleet([meter_id]) as fleet:
        payload = b'{"kind":"tamper","at":"2026-03-01T00:00:00Z"}'
        await fleet.publish_bytes(meter_id=meter_id, topic="event", payload=payload)
        (letter,) = await gateway.dead_letters(METER_EVENTS.name, meter_id)
        assert header(letter.headers, "dlq_reason") == "unknown_meter"


async def test_an_import_that_is_repeated_changes_nothing(gateway):
    first, second, third = (new_id() for _ in range(3))
    two = HEADER + f"{first},m,canonical\n{second},m,\n"
    assert (await gateway.import_(two)).json() == {"registered": 2, "existing": 0}
    assert (await gateway.import_(two)).json() == {"registered": 0, "existing": 2}
    more = "\ufeff" + HEADER + f"{second},other,\r\n{third},m,\r\n"
    answer = await gateway.import_(more, kind="Text/CSV; charset=utf-8")
    assert answer.json() == {"registered": 1, "existing": 1}
    async with gateway.http("gateway:read") as client:
        assert (await client.get(f"/v1/devices/{second}")).json()["model"] == "m"


@pytest.mark.parametrize("kind", ["application/json", "", "text/plain; charset=utf-8"])
async def test_an_import_of_another_content_type_is_415(gateway, kind):
    answer = await gateway.import_(HEADER + f"{new_id()},m,canonical\n", kind=kind)
    assert answer.status_code == 415
    assert answer.headers["content-type"] == PROBLEM
    assert "nothing was done" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("bad id!,m,canonical", "line 3: meter_id"),
        (",m,canonical", "line 3: meter_id"),
        ("ok-1,,canonical", "line 3: model"),
        ("ok-1,m,morse", "line 3: codec"),
        ("ok-1,m", "line 3: not as many fields"),
        ("ok-1,m,canonical,more", "line 3: not as many fields"),
        ('ok-1,"m,canonical', "line 3"),
        ("ok-1,a\0b,canonical", "line 3"),
        ("{good},m,canonical", "line 3: meter_id {good} is there twice"),
    ],
)
async def test_a_wrong_line_is_named_and_nothing_is_imported(gateway, line, says):
    good = new_id()
    text = HEADER + f"{good},m,canonical\n{line.format(good=good)}\n"
    answer = await gateway.import_(text)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == PROBLEM
    assert any(says.format(good=good) in problem for problem in answer.json()["problems"])
    async with gateway.http("gateway:read") as client:
        assert (await client.get(f"/v1/devices/{good}")).status_code == 404


@pytest.mark.parametrize("body", [b"", HEADER.encode(), b"\xff\xfe\n", b"name\nx\n"])
async def test_a_file_of_nothing_usable_is_422(gateway, body):
    answer = await gateway.import_(body)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == PROBLEM


@pytest.mark.parametrize(
    "change",
    [
        {"meter_id": "a b"},
        {"meter_id": "x" * 65},
        {"model": ""},
        {"model": "a\0b"},
        {"codec": "morse"},
        {"color": "red"},
    ],
)
async def test_a_meter_that_makes_no_sense_is_422(gateway, change):
    async with gateway.http("gateway:write") as client:
        body = {"meter_id": new_id(), "model": "m"} | change
        answer = await client.post("/v1/devices", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == PROBLEM


async def test_every_route_wants_its_scope(gateway):
    meter_id = new_id()
    routes = [
        ("GET", "/v1/devices", "gateway:read"),
        ("GET", f"/v1/devices/{meter_id}", "gateway:read"),
        ("GET", f"/v1/commands/{uuid4()}", "gateway:read"),
        ("POST", "/v1/devices", "gateway:write"),
        ("POST", "/v1/devices/import", "gateway:write"),
    ]
    for method, path, scope in routes:
        other = "gateway:read" if scope.endswith("write") else "gateway:write"
        async with gateway.http() as client:
            answer = await client.request(method, path)
            assert (answer.status_code, answer.headers["content-type"]) == (401, PROBLEM), path
            bad = {"authorization": "Bearer nonsense"}
            assert (await client.request(method, path, headers=bad)).status_code == 401
        async with gateway.http(other) as client:
            answer = await client.request(method, path)
            assert (answer.status_code, answer.headers["content-type"]) == (403, PROBLEM), path
            assert scope in answer.text


async def test_what_is_not_there_is_404_and_what_cannot_be_is_422(gateway):
    async with gateway.http("gateway:read") as client:
        for path, status in [
            (f"/v1/devices/{new_id()}", 404),
            (f"/v1/commands/{uuid4()}", 404),
            ("/v1/devices/a%00b", 422),
            ("/v1/devices?after=m-1", 422),
            ("/v1/devices?cursor=%00", 422),
            ("/v1/devices?limit=0", 422),
            ("/v1/commands/none", 422),
        ]:
            answer = await client.get(path)
            assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM), path


async def test_meters_come_in_pages(gateway):
    wanted = sorted(await gateway.meters(5))
    found: list[str] = []
    more: dict[str, str] = {}
    async with gateway.http("gateway:read") as client:
        while more.get("cursor", "") is not None:
            page = (await client.get("/v1/devices", params={"limit": 2} | more)).json()
            found += [device["meter_id"] for device in page["items"]]
            more = {"cursor": page["next"]}
    assert found == sorted(found)
    assert set(wanted) <= set(found)
