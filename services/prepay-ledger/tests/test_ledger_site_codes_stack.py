"""Reconnection codes on PostgreSQL: read by who may, written down, never twice for one counter."""

import asyncio
from base64 import urlsafe_b64decode
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import msgspec
import pytest
from ledger_scratch import Scratch
from ledger_world import World

from prepay_ledger.epochs.postgres import raise_epoch
from prepay_ledger.reconnections.watch_reconnections import WatchReconnections
from prepay_ledger.site_codes.refusals import NoSiteCode, SiteCodesNotSetUp, TooManySiteCodes
from prepay_ledger.site_codes.rules import FORGOTTEN_MAX, OF_ORDER_MAX
from prepay_ledger.site_codes.show_code import show_code
from prepay_ledger.site_codes.values import Masters, Reading, ShownCode
from prepay_ledger.unit import PostgresUnit
from prepay_ledger.work_orders.close_order import close_order
from prepay_ledger.work_orders.refusals import UnknownWorkOrder
from prepay_ledger.work_orders.values import Closing, WorkOrderResult
from prewatt_common.contracts.mqtt_v1 import CommandClaims
from prewatt_common.ids import new_id
from prewatt_simulator.site_codes import CodePad, secret_at_the_factory

pytestmark = pytest.mark.stack

MASTER = bytes(range(32))
MASTERS = {"2026": MASTER}


@pytest.fixture
async def world(own_database_url: str) -> AsyncGenerator[World]:
    scratch = Scratch(own_database_url)
    made = World(scratch)
    await made.begin()
    yield made
    await made.end()
    await scratch.database.close()


async def nothing(_: PostgresUnit, *__: object) -> None:
    return None


async def late(world: World, *, has_site_codes: bool = True) -> UUID:
    """The first household has paid, its meter is away, and 16 minutes are over; the order."""
    household, device = world.households[0], world.devices[0]
    await world.pay(household, -household.balance_micro)
    await world.deliver(device)
    assert device.is_open
    await world.pay(household, 50)
    await world.presence(device, is_there=False)
    await world.pass_time(16 * 60)
    watch = WatchReconnections(
        open_unit=world.scratch.unit,
        review=world.review,
        saw_load=nothing,
        has_site_codes=has_site_codes,
        clock=lambda: world.now,
        committed=lambda: None,
    )
    await watch()
    (order,) = await world.scratch.sql("SELECT id FROM work_order WHERE closed_at IS NULL")
    return order["id"]


async def shown(
    world: World,
    order_id: UUID,
    *,
    another: bool = False,
    by: str = "li",
    masters: Masters = MASTERS,
) -> ShownCode:
    async with world.scratch.unit() as unit:
        return await show_code(
            unit=unit,
            masters=masters,
            order_id=order_id,
            another=another,
            reading=Reading(by, world.now),
        )


def digits(code: ShownCode) -> str:
    return code.codes[0].code


async def test_who_reads_it_is_written_down_and_it_stays_the_same(world: World) -> None:
    order_id = await late(world)
    first = await shown(world, order_id)
    again = await shown(world, order_id, by="wang")
    assert digits(first) == digits(again)
    assert [each.read_by for each in again.readings] == ["wang", "li"]
    other = await shown(world, order_id, another=True)
    assert (first.site_code.counter, other.site_code.counter) == (0, 1)
    assert [each.read_by for each in other.readings] == ["li"]
    # The digits are nowhere but in the answer.
    (kept,) = await world.scratch.sql(
        "SELECT (SELECT json_agg(w)::text FROM work_order AS w) || "
        "(SELECT json_agg(c)::text FROM site_code AS c) AS text"
    )
    for each in (first, other):
        assert digits(each).replace(" ", "")[2:] not in kept["text"]
    # The new one ends the old one once it is used.
    pad = CodePad(secret_at_the_factory(MASTER, world.devices[0].meter_id))
    assert pad.type_in(digits(other)) == 1
    assert pad.type_in(digits(first)) is None


async def test_many_who_ask_for_another_at_once_get_one_each(world: World) -> None:
    order_id = await late(world)
    found = await asyncio.gather(*(shown(world, order_id, another=True) for _ in range(8)))
    assert sorted(each.site_code.counter for each in found) == list(range(8))


async def test_of_what_dies_before_it_is_committed_nothing_was_shown(world: World) -> None:
    order_id = await late(world)
    with pytest.raises(RuntimeError):
        async with world.scratch.unit() as unit:
            await show_code(
                unit=unit, masters=MASTERS, order_id=order_id, another=False,
                reading=Reading("li", world.now),
            )  # fmt: skip
            raise RuntimeError
    assert (await shown(world, order_id)).site_code.counter == 0
    (readings,) = await world.scratch.sql("SELECT count(*) AS n FROM site_code_reading")
    assert readings["n"] == 1


async def test_a_restored_database_goes_past_what_it_has_forgotten(world: World) -> None:
    order_id = await late(world)
    await shown(world, order_id)
    async with world.scratch.unit() as unit:
        await raise_epoch(unit.connection, who="li", reason="restored", at=world.now)
    counters = [(await shown(world, order_id, another=True)).site_code.counter for _ in range(2)]
    assert counters == [1 + FORGOTTEN_MAX, 2 + FORGOTTEN_MAX]


async def test_a_cut_says_which_codes_are_over_and_closes_the_order(world: World) -> None:
    order_id = await late(world)
    for _ in range(3):
        await shown(world, order_id, another=True)
    device, household = world.devices[0], world.households[0]
    await world.presence(device, is_there=True)
    await world.deliver(device)
    await world.pay(household, -household.balance_micro)
    assert (await claims_of_newest(world)).codes_from == 3
    with pytest.raises(NoSiteCode, match="is closed"):
        await shown(world, order_id)


async def claims_of_newest(world: World) -> CommandClaims:
    """Of the newest command that waits to be sent."""
    rows = await world.scratch.sql(
        "SELECT value FROM outbox WHERE topic = 'meter.commands.v1' ORDER BY id DESC LIMIT 1"
    )
    payload: str = msgspec.json.decode(rows[0]["value"])["signed"].split(".")[1]
    decoded = urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    return msgspec.json.decode(decoded, type=CommandClaims)


async def test_what_has_no_code(world: World) -> None:
    order_id = await late(world, has_site_codes=False)
    (order,) = await world.scratch.sql("SELECT reason, evidence->>'site_code' AS c FROM work_order")
    assert order["reason"].endswith("; codes are not set up")
    assert order["c"] == "not set up"
    with pytest.raises(SiteCodesNotSetUp, match="not set up"):
        await shown(world, order_id, masters={})
    with pytest.raises(UnknownWorkOrder):
        await shown(world, new_id())
    for _ in range(OF_ORDER_MAX):
        await shown(world, order_id, another=True)
    with pytest.raises(TooManySiteCodes):
        await shown(world, order_id, another=True)
    # What was given out is still shown.
    assert (await shown(world, order_id)).site_code.counter == OF_ORDER_MAX - 1
    async with world.scratch.unit() as unit:
        closing = Closing(at=world.now, by="li", result=WorkOrderResult.DONE, note="")
        await close_order(unit=unit, order_id=order_id, closing=closing)
    with pytest.raises(NoSiteCode, match="is closed"):
        await shown(world, order_id)
    await world.scratch.sql("UPDATE work_order SET kind = 'contact_repair', closed_at = NULL, "
                            "closed_by = NULL, result = NULL, note = NULL")  # fmt: skip
    with pytest.raises(NoSiteCode, match="contact_repair"):
        await shown(world, order_id)


async def test_over_http_for_who_may_see_it(ledger: Any) -> None:
    account, meter_id = await ledger.household(paid_micro=10_000_000)
    order_id = new_id()
    await ledger.sql(
        "INSERT INTO work_order (id, kind, meter_id, account_id, reason, evidence, opened_at) "
        "VALUES ($1, 'paid_but_dark', $2, $3, 'dark', '{}', now())",
        order_id, meter_id, UUID(account["id"]),
    )  # fmt: skip
    path = f"/v1/work-orders/{order_id}/site-code"
    refused = await ledger.api.post(path, json={})
    assert (refused.status_code, refused.json()["scope"]) == (403, "ledger:site-codes")
    async with ledger.http("ledger:site-codes") as person:
        answer = await person.post(path, json={})
        assert answer.status_code == 200, answer.text
        found = answer.json()
        (code,) = found["codes"]
        assert len(code["code"]) == 19
        (reading,) = found["readings"]
        assert reading["read_by"] == "test"
        assert "prewatt_ledger_site_code_readings_total 1.0" in (await person.get("/metrics")).text
        missing = await person.post(f"/v1/work-orders/{new_id()}/site-code", json={})
        assert missing.status_code == 404
