"""Meters whose readings do not become money: alarmed by kind, named, and ended when mended."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import aiomqtt
import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from alarms import Alarms
from typer.testing import CliRunner, Result
from world import ZONE, World, until

from prewatt_cli.__main__ import app
from prewatt_cli.utility import CURRENCY, tariff
from prewatt_common.clock import utc_now
from prewatt_common.contracts.topics import METER_READINGS
from prewatt_common.kafka.messages import header

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

TARIFF = "alarms"
TOPPED_UP_MICRO = 20_000_000
RUINOUS = "alarms-ruinous"
OPENING_WH = 427_000


def reading(at: datetime, import_wh: int) -> bytes:
    return json.dumps({"at": at.isoformat(), "import_wh": import_wh}).encode()


async def publish(world: World, meter_id: str, *payloads: bytes, kind: str = "reading") -> None:
    endpoints = world.stack.endpoints
    async with aiomqtt.Client(
        endpoints.mqtt_host,
        endpoints.mqtt_port,
        username=endpoints.mqtt_fleet_username,
        password=endpoints.mqtt_fleet_password,
    ) as client:
        for payload in payloads:
            await client.publish(f"prewatt/v1/{meter_id}/{kind}", payload, qos=1)


async def open_account(
    world: World, meter_id: str, *, since: datetime, tariff_code: str = TARIFF
) -> str:
    """An account with 20 CNY that the meter serves at 0.52 CNY/kWh; gives its number."""
    number = f"alarm-{uuid4().hex[:8]}"
    price = {TARIFF: 520_000, RUINOUS: 10**13}[tariff_code]
    prices = {"name": "energy", "kind": "energy", "micro_per_kwh": {"all": price}}
    document = tariff(tariff_code, prices)
    await world.tell_ledger("/v1/tariffs", {"document": document, "reason": "a test"})
    body = {"number": number, "currency": CURRENCY, "prepay_agreement": "direct"}
    account = await world.tell_ledger("/v1/accounts", body)
    assert (await world.pay(number, TOPPED_UP_MICRO)).status_code == 200
    first_day = since.astimezone(ZONE).date().isoformat()
    agreement = {"tariff_code": tariff_code, "first_day": first_day, "reason": "a test"}
    await world.tell_ledger(f"/v1/accounts/{account['id']}/agreements", agreement)
    await install(world, account["id"], meter_id, since=since)
    return number


async def install(world: World, account_id: str, meter_id: str, *, since: datetime) -> None:
    """The meter serves the account, from a register of 427 kWh on."""
    body = {
        "meter_id": meter_id,
        "begins_at": since.isoformat(),
        "opening_wh": OPENING_WH,
        "reason": "a test",
    }
    await world.tell_ledger(f"/v1/accounts/{account_id}/installations", body)


async def move_out(world: World, meter_id: str, *, at: datetime, **rest: Any) -> None:
    """The meter ceases to serve its account."""
    body = {"at": at.isoformat(), "reason": "a test", **rest}
    await world.tell_ledger(f"/v1/meters/{meter_id}/move-out", body)


async def dead_letters(world: World, meter_id: str, count: int) -> Sequence[ConsumerRecord]:
    reader = AIOKafkaConsumer(
        METER_READINGS.dead_letter,
        bootstrap_servers=world.stack.endpoints.kafka_bootstrap,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await reader.start()
    found: list[ConsumerRecord] = []
    try:
        async with asyncio.timeout(60):
            while len(found) < count:
                for some in (await reader.getmany(timeout_ms=300)).values():
                    found += [record for record in some if record.key == meter_id.encode()]
    finally:
        await reader.stop()
    return found


async def faults(world: World, **query: str) -> dict[str, Any]:
    """The list of faulty meters, by id."""
    found = await world.items("meter-gateway", "/v1/meter-faults", **query)
    return {each["meter_id"]: each for each in found}


def names(kind: str) -> tuple[str, str]:
    return f"{kind}-{uuid4().hex[:8]}-a", f"{kind}-{uuid4().hex[:8]}-b"


async def test_a_wrong_clock_is_alarmed_and_moves_no_money(world: World, alarms: Alarms) -> None:
    fallen, ahead = names("clock")
    await world.register_devices(fallen, ahead)
    now = utc_now()
    since = now - timedelta(days=3)
    numbers = [await open_account(world, each, since=since) for each in (fallen, ahead)]
    year_2000 = datetime(2000, 1, 1, tzinfo=UTC)
    sent = [reading(year_2000, wh) for wh in (427_708, 427_800, 427_900)]
    await publish(world, fallen, *sent)
    hour = timedelta(hours=1)
    wrong = [reading(now + hour + timedelta(minutes=n), 427_708 + 100 * n) for n in range(8)]
    await publish(world, ahead, *wrong)

    # Kept, byte for byte, with a reason; named by the list and by the alert.
    for meter_id, payloads, reason in (
        (fallen, sent, "implausible_time"),
        (ahead, wrong, "in_future"),
    ):
        dead = await dead_letters(world, meter_id, len(payloads))
        assert [record.value for record in dead] == payloads
        assert {header(record.headers, "dlq_reason") for record in dead} == {reason}
        await alarms.fires("MessagesRefused", reason=reason)
    await alarms.fires("MeterFaults", fallen, ahead, fault="clock")
    listed = await faults(world, fault="clock")
    assert listed[fallen]["registered"]
    (refusal,) = listed[fallen]["refusals"]
    assert (refusal["reason"], refusal["messages"]) == ("implausible_time", 3)
    (refusal,) = listed[ahead]["refusals"]
    assert (refusal["reason"], refusal["messages"]) == ("in_future", 8)
    assert not {fallen, ahead} & (await faults(world, fault="payload")).keys()
    for number in numbers:
        assert (await world.account(number))["balance_micro"] == TOPPED_UP_MICRO

    # The clocks are set: the next register carries all of it.
    for meter_id in (fallen, ahead):
        await publish(world, meter_id, reading(utc_now(), 428_000))
    for number in numbers:
        account = await until(lambda number=number: _charged(world, number), what="it is charged")
        assert account["balance_micro"] == TOPPED_UP_MICRO - 520_000
        charges = await world.items("prepay-ledger", f"/v1/accounts/{account['id']}/charges")
        periods = {each["period_first"] for each in charges if each["total_micro"]}
        assert periods
        first = since.astimezone(ZONE).replace(day=1).date().isoformat()
        assert all(period >= first for period in periods)
        assert await world.commands(account["id"]) == []
    await alarms.resolves("MeterFaults", fallen, ahead, fault="clock")
    assert not {fallen, ahead} & (await faults(world)).keys()
    for reason in ("implausible_time", "in_future"):
        await alarms.resolves("MessagesRefused", reason=reason)


async def _charged(world: World, number: str) -> dict[str, Any] | None:
    account = await world.account(number)
    return account if account["balance_micro"] != TOPPED_UP_MICRO else None


async def test_what_cannot_be_read_is_alarmed_until_it_can(world: World, alarms: Alarms) -> None:
    garbled, stranger = names("garbled")
    await world.register_devices(garbled)
    await publish(world, garbled, b'{"at": "yesterday"}')
    await publish(world, stranger, reading(utc_now(), 1))
    await alarms.fires("MessagesRefused", reason="undecodable")
    await alarms.fires("MessagesRefused", reason="unknown_meter")
    await alarms.fires("MeterFaults", garbled, fault="payload")
    await alarms.fires("MeterFaults", stranger, fault="unregistered")
    listed = await faults(world)
    assert listed[garbled]["refusals"][0]["detail"]
    assert not listed[stranger]["registered"]

    await world.register_devices(stranger)
    for meter_id in (garbled, stranger):
        await publish(world, meter_id, reading(utc_now(), 2))
    await alarms.resolves("MeterFaults", garbled, fault="payload")
    await alarms.resolves("MeterFaults", stranger, fault="unregistered")
    await alarms.resolves("MessagesRefused", reason="unknown_meter")


async def test_readings_that_nobody_pays_for_are_alarmed(world: World, alarms: Alarms) -> None:
    loose, moved = names("loose")
    await world.register_devices(loose, moved)
    now = utc_now()
    number = await open_account(world, moved, since=now - timedelta(days=2))
    await move_out(world, moved, at=now - timedelta(days=1))
    for meter_id in (loose, moved):
        await publish(world, meter_id, reading(now - timedelta(minutes=2), OPENING_WH + 1_000))
        await publish(world, meter_id, reading(now - timedelta(minutes=1), OPENING_WH + 2_000))
    await alarms.fires("UnboundReadings", loose, reason="no_installation")
    await alarms.fires("UnboundReadings", moved, reason="after_last_installation")
    meters = await world.items("prepay-ledger", "/v1/unbound-readings")
    listed = {each["meter_id"]: each["unbound"] for each in meters}
    (of_loose,) = listed[loose]
    assert (of_loose["reason"], of_loose["readings"]) == ("no_installation", 2)
    first = datetime.fromisoformat(of_loose["first_read_at"])
    last = datetime.fromisoformat(of_loose["last_read_at"])
    assert last - first == timedelta(minutes=1)

    account = await world.account(number)
    for meter_id in (loose, moved):
        await install(world, account["id"], meter_id, since=now - timedelta(hours=1))
    assert (await world.account(number))["balance_micro"] == TOPPED_UP_MICRO - 2 * 2 * 520_000
    await alarms.resolves("UnboundReadings", loose, moved)


async def prewatt(world: World, *arguments: str) -> Result:
    """A command as a person gives it."""
    state_dir = str(world.stack.state_dir)
    command = [*arguments, "--state-dir", state_dir]
    return await asyncio.to_thread(CliRunner(env={"COLUMNS": "250"}).invoke, app, command)


async def test_a_parked_meter_is_alarmed_and_released_by_the_runbook(
    world: World, alarms: Alarms
) -> None:
    """At 10^7 CNY/kWh this register is more money than 64 bits hold."""
    odd, good = names("parked")
    await world.register_devices(odd, good)
    now = utc_now()
    since, turn = now - timedelta(days=2), now - timedelta(days=1)
    number = await open_account(world, good, since=since)
    await open_account(world, odd, since=since, tariff_code=RUINOUS)
    large = {"household": False, "max_w": 10**9, "reason": "a test"}
    answer = await world.ledger.put(f"/v1/meters/{odd}", json=large)
    assert answer.status_code == 200, answer.text
    await publish(world, odd, reading(now - timedelta(minutes=2), OPENING_WH + 10**9))
    await publish(world, good, reading(now - timedelta(minutes=1), OPENING_WH + 1_000))
    await alarms.fires("ParkedMeters", odd)
    assert (await until(lambda: _charged(world, number), what="charged"))["balance_micro"] == (
        TOPPED_UP_MICRO - 520_000
    )
    listed = await prewatt(world, "parked", "list")
    assert listed.exit_code == 0, listed.output
    assert odd in listed.output
    assert "more than can be counted" in listed.output
    release = ("parked", "release", odd, "--reason", "mended", "--who", "ann")
    refused = await prewatt(world, *release)
    assert (refused.exit_code, "raise again: Unrated" in refused.output) == (1, True)

    # It never served that account, but one with the right tariff.
    account = await world.account(number)
    await move_out(world, odd, at=turn, register_wh=OPENING_WH, next_account_id=account["id"])
    released = await prewatt(world, *release)
    assert released.exit_code == 0, released.output
    assert f"{odd}: released, 1 readings taken" in released.output
    assert (await world.account(number))["balance_micro"] == TOPPED_UP_MICRO - 1_000_001 * 520_000
    assert "no meter is parked" in (await prewatt(world, "parked", "list")).output
    await alarms.resolves("ParkedMeters", odd)
