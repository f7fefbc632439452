"""A paid household whose meter nobody reaches: somebody goes there with a code. On real parts."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from world import MICRO, World, until

from prewatt_common.contracts.base import RelayState
from prewatt_simulator import ConstantLoad, RelayFaults

pytestmark = pytest.mark.stack


async def test_a_code_that_is_typed_in_closes_what_no_command_reaches(
    world: World, tmp_path: Path
) -> None:
    home = world.household(balance_micro=MICRO // 2)
    await world.register(home)
    kept: dict[str, Any] = {"kept_file": tmp_path / "kept.jsonl"}
    async with world.fleet([home], load=ConstantLoad(wh=1_000), **kept) as fleet:
        await fleet.publish_step(at=world.instant(1))
        await fleet.wait_relay(home.meter_id, RelayState.OPEN, timeout=60)
        account = await world.in_state(home, "disconnected")
    # Its meter is away, the money comes, and the time that was promised passes.
    assert (await world.pay(home.number, 20 * MICRO)).json()["outcome"] == "credited"
    await world.in_state(home, "reconnecting")
    await _promised_until_now(world, account["id"])
    (order,) = await until(lambda: _orders(world, account["id"]), what="an order for the field")
    assert order["kind"] == "paid_but_dark"
    assert order["reason"].endswith("; a reconnection code may be read")
    with world.target.client("prepay-ledger", subject="li", also=["site-codes"]) as person:
        path = f"/v1/work-orders/{order['id']}/site-code"
        answer = await asyncio.to_thread(person.post, path, json={})
        shown = answer.raise_for_status().json()
    assert [each["read_by"] for each in shown["readings"]] == ["li"]
    (code,) = shown["codes"]

    async with world.fleet([home], load=ConstantLoad(wh=1_000), start_wh=1_000, **kept) as fleet:
        meter = fleet.meters[home.meter_id]
        # The one that waits for it comes as it is back, and is lost on the way.
        meter.relay_faults = RelayFaults(command_lost=True)
        assert meter.relay is RelayState.OPEN
        assert not fleet.type_in(home.meter_id, "0000 0000 0000 0000")
        assert fleet.type_in(home.meter_id, code["code"])
        await world.in_state(home, "connected")
        assert not fleet.type_in(home.meter_id, code["code"])
        assert meter.executed_count == 0
    (closed,) = await _orders(world, account["id"])
    closing = closed["closing"]
    assert (closing["by"], closing["result"]) == ("prepay-ledger", "over")
    assert closing["note"] == "the reconnection code was typed in at the meter"
    listed = await world.ledger.get("/v1/reconnections", params={"account_id": account["id"]})
    (reconnection,) = listed.json()["items"]
    assert reconnection["stage"] == "closed"
    assert reconnection["breach_stage"] in ("issued", "sent")


async def _orders(world: World, account_id: str) -> list[dict[str, Any]]:
    listed = await world.ledger.get("/v1/work-orders", params={"account_id": account_id})
    return listed.raise_for_status().json()["items"]


async def _promised_until_now(world: World, account_id: str) -> None:
    """As if the quarter of an hour were over."""
    url = world.stack.endpoints.service_database_url("prepay_ledger").replace("+asyncpg", "")
    connection = await asyncpg.connect(url)
    try:
        moved = await connection.execute(
            "UPDATE reconnection SET deadline_at = now() WHERE account_id = $1", UUID(account_id)
        )
        assert moved == "UPDATE 1"
    finally:
        await connection.close()
