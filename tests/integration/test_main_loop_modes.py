"""An account becomes post-paid, end to end: closed on the meter's reading, never cut for its
balance from there on, and billing agrees; and what it has left as security is no balance."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from test_main_loop import KWH_A_STEP, step
from world import MICRO, ZONE, World, until

from prewatt_cli.utility import CURRENCY
from prewatt_common.clock import utc_now
from prewatt_simulator import Fleet
from prewatt_simulator.inventory import Household

pytestmark = pytest.mark.stack


async def keyed(world: World, path: str, body: dict[str, Any], key: str = "") -> dict[str, Any]:
    answer = await world.ledger.post(
        path, json=body | {"reason": "a test"}, headers={"idempotency-key": key or uuid4().hex}
    )
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


async def read_now(world: World, fleet: Fleet, home: Household, import_wh: int) -> None:
    payload = {"at": utc_now().isoformat(), "import_wh": import_wh}
    await fleet.publish_bytes(
        meter_id=home.meter_id, topic="reading", payload=json.dumps(payload).encode()
    )
    await fleet.drain()


async def change_of(world: World, account_id: str, state: str) -> dict[str, Any]:
    async def there() -> dict[str, Any] | None:
        changes = await world.items("prepay-ledger", "/v1/mode-changes", account_id=account_id)
        return changes[0] if changes[0]["state"] == state else None

    return await until(there, what=f"the change of {account_id} is {state}")


async def test_who_pays_afterwards_is_not_cut_and_billing_agrees(world: World) -> None:
    home = world.household(balance_micro=9 * MICRO)
    await world.in_force({}, default={"evidence": {"mode_change": True}})
    await world.register(home)
    today = utc_now().astimezone(ZONE).date()
    async with world.fleet([home], load=KWH_A_STEP) as fleet:
        account = await world.settled(home, read_at=await step(world, fleet, 1))
        path = f"/v1/accounts/{account['id']}/mode-changes"
        asked = {
            "to": "arrears",
            "first_day": today.isoformat(),
            "tariff_code": home.tariff_code,
            "consent_by": "Zhang Min",
            "consent_reference": "A-17",
            "consent_at": (utc_now() - timedelta(days=1)).isoformat(),
        }
        change = await keyed(world, path, asked, "change")
        assert (await keyed(world, path, asked, "change"))["id"] == change["id"]
        waits = await change_of(world, account["id"], "waiting")
        assert waits["waits_for"] == f"readings of {home.meter_id}"
        await read_now(world, fleet, home, 40_000)  # Worth more than it has.
        done = await change_of(world, account["id"], "done")
        account = await world.account(home.number)
        assert account["mode"] == "arrears"
        assert account["supply_state"] == "connected"
        assert account["balance_micro"] < 0
        old, new = account["agreements"]
        assert (old["end_day"], new["first_day"]) == (today.isoformat(), today.isoformat())
        assert done["agreement_id"] == new["id"]
    assert await world.commands(account["id"]) == []
    await world.books_agree(account["id"])
    answer = await world.ledger.get(f"/v1/accounts/{account['id']}/dues")
    dues = answer.json()
    assert dues["before_micro"] == -done["closing_micro"]
    assert dues["before_micro"] + dues["going_on_micro"] == -account["balance_micro"]


async def test_a_deposit_is_no_balance_until_it_is_drawn_and_billing_agrees(world: World) -> None:
    home = world.household(balance_micro=2 * MICRO)
    await world.register(home)
    async with world.fleet([home], load=KWH_A_STEP) as fleet:
        before = await world.settled(home, read_at=await step(world, fleet, 1))
    held = {
        "kind": "cash",
        "amount_micro": 5 * MICRO,
        "currency": CURRENCY,
        "reference": "receipt 17",
        "place": "bank",
        "valid_from": utc_now().date().isoformat(),
    }
    path = f"/v1/accounts/{before['id']}/deposits"
    deposit = await keyed(world, path, held)
    account = await world.account(home.number)
    assert account["balance_micro"] == before["balance_micro"]
    assert account["sub_balances_micro"] == {"deposit": 5 * MICRO}
    back = {"amount_micro": 2 * MICRO, "place": "balance"}
    released = await keyed(world, f"/v1/deposits/{deposit['id']}/release", back)
    assert released["left_micro"] == 3 * MICRO
    account = await world.account(home.number)
    assert account["balance_micro"] == before["balance_micro"] + 2 * MICRO
    await world.books_agree(account["id"])
