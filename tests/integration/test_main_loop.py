"""The main loop, end to end: real Kafka, Mosquitto and PostgreSQL, and the four services."""

import asyncio
from collections import Counter
from datetime import datetime
from itertools import pairwise
from uuid import uuid4

import pytest
from world import MICRO, World, until

from prewatt_cli.utility import CURRENCY
from prewatt_common.contracts.base import RelayState
from prewatt_simulator import ConstantLoad, Fleet

pytestmark = pytest.mark.stack

KWH_A_STEP = ConstantLoad(wh=1_000)
"""At 0.52 and 6 % of tax an interval costs 0.55."""


async def step(world: World, fleet: Fleet, number: int) -> datetime:
    """Every meter of the fleet sends the reading of one interval."""
    at = world.instant(number)
    await fleet.publish_step(at=at)
    await fleet.drain()
    return at


async def test_an_exhausted_account_is_cut_and_a_payment_brings_its_supply_back(
    world: World,
) -> None:
    home = world.household(balance_micro=2 * MICRO, low_balance_micro=MICRO)
    await world.register(home)
    async with world.fleet([home], load=KWH_A_STEP) as fleet:
        for number in range(1, 5):
            account = await world.settled(home, read_at=await step(world, fleet, number))
        assert account["balance_micro"] <= 0
        await fleet.wait_relay(home.meter_id, RelayState.OPEN, timeout=60)
        account = await world.in_state(home, "disconnected")
        await _notices(world, account["id"], "low-balance", "balance-exhausted", "supply-off")

        paid = await world.pay(home.number, 3 * MICRO)
        assert paid.json()["outcome"] == "credited"
        assert paid.json()["balance_micro"] == account["balance_micro"] + 3 * MICRO
        await fleet.wait_relay(home.meter_id, RelayState.CLOSED, timeout=60)
        await world.in_state(home, "connected")
        at = await step(world, fleet, 5)
        account = await world.settled(home, read_at=at)

        register_wh = fleet.meters[home.meter_id].import_wh
        assert register_wh == 5_000
        cost_micro = world.charge_micro(home, readings=[(at, register_wh)])
        assert account["balance_micro"] == 5 * MICRO - cost_micro
        assert set(fleet.meters[home.meter_id].commands.executions.values()) == {1}

    await _notices(
        world, account["id"],
        "low-balance", "balance-exhausted", "supply-off", "topped-up", "supply-on",
    )  # fmt: skip
    await _explained(world, account["id"])
    await world.books_agree(account["id"])


async def _notices(world: World, account_id: str, *templates: str) -> None:
    """Each of ``templates`` is delivered, and there is no other notice and none twice."""

    async def delivered() -> bool:
        notices = await world.notices(account_id)
        return len(notices) >= len(templates) and all(n["status"] == "delivered" for n in notices)

    await until(delivered, what=f"notices {templates} are delivered")
    notices = await world.notices(account_id)
    assert Counter(n["template"] for n in notices) == Counter(templates)
    assert [n["attempts"] for n in notices] == [1] * len(templates)


async def _explained(world: World, account_id: str) -> None:
    """Every move of the supply has a decision with its reasons, and Kafka tells the same."""
    decisions = await world.decisions(account_id)
    assert [(d["state"], d["action"], d["fired"]) for d in decisions] == [
        ("warned", None, ["balance_low"]),
        ("disconnecting", "disconnect", ["balance_exhausted"]),
        ("disconnected", None, ["balance_exhausted", "relay_confirmed"]),
        ("reconnecting", "reconnect", ["balance_restored"]),
        ("connected", None, ["relay_confirmed"]),
    ]
    cut = decisions[1]
    assert cut["inputs"]["facts"]["balance_micro"] <= 0
    assert cut["held"] == []
    changes = await world.supply_changes(account_id)
    assert [str(c.decision_id) for c in changes] == [d["id"] for d in decisions]
    assert [c.state for c in changes] == [d["state"] for d in decisions]
    assert all(one.state == after.previous for one, after in pairwise(changes))
    commands = await world.commands(account_id)
    assert [(c["action"], c["status"], c["relay"]) for c in commands] == [
        ("reconnect", "succeeded", "closed"),
        ("disconnect", "succeeded", "open"),
    ]
    assert [c["decision_id"] for c in commands] == [decisions[3]["id"], cut["id"]]


async def test_a_webhook_that_comes_again_changes_nothing(world: World) -> None:
    home = world.household(balance_micro=MICRO)
    await world.register(home)
    body, headers = world.signed(home.number, 5 * MICRO)
    first = await world.send_webhook(body, headers)
    answers = await asyncio.gather(*(world.send_webhook(body, headers) for _ in range(5)))

    assert first.json()["repeated"] is False
    assert [a.status_code for a in answers] == [200] * 5
    assert all(a.json()["repeated"] and a.json()["balance_micro"] == 6 * MICRO for a in answers)
    account = await world.account(home.number)
    assert account["balance_micro"] == 6 * MICRO
    await _notices(world, account["id"], "topped-up")


async def test_one_payment_sent_many_times_at_once_is_credited_once(world: World) -> None:
    home = world.household()
    await world.register(home)
    payment_id = f"pay_{uuid4()}"
    answers = await asyncio.gather(
        *(world.pay(home.number, MICRO, payment_id=payment_id) for _ in range(8))
    )
    assert [a.status_code for a in answers] == [200] * 8
    assert [a.json()["repeated"] for a in answers].count(False) == 1
    assert (await world.account(home.number))["balance_micro"] == MICRO


async def test_a_payment_id_with_another_amount_is_kept_and_not_credited(world: World) -> None:
    home = world.household()
    await world.register(home)
    payment_id = f"pay_{uuid4()}"
    assert (await world.pay(home.number, MICRO, payment_id=payment_id)).status_code == 200
    again = await world.pay(home.number, 2 * MICRO, payment_id=payment_id)
    assert (again.status_code, again.json()["outcome"]) == (200, "conflict")
    assert (await world.account(home.number))["balance_micro"] == MICRO


async def test_money_for_an_unknown_account_is_kept_in_suspense(world: World) -> None:
    number = f"nobody-{uuid4()}"
    before = await _suspended(world)
    answer = await world.pay(number, 7 * MICRO)
    assert (answer.status_code, answer.json()["outcome"]) == (200, "suspense")
    payments = await world.items("prepay-ledger", "/v1/payments", outcome="suspense")
    assert [p["amount_micro"] for p in payments if p["account_number"] == number] == [7 * MICRO]
    totals = await world.totals()
    assert await _suspended(world) == before + 7 * MICRO
    assert totals["imbalance_micro"] == 0


async def test_a_tampered_webhook_is_refused(world: World) -> None:
    home = world.household()
    await world.register(home)
    body, headers = world.signed(home.number, 5 * MICRO)
    tampered = body.replace(b"5000000", b"9000000")
    assert tampered != body
    assert (await world.send_webhook(tampered, headers)).status_code == 401
    stale = headers | {"webhook-timestamp": str(int(headers["webhook-timestamp"]) - 3600)}
    assert (await world.send_webhook(body, stale)).status_code == 401
    unsigned = {name: value for name, value in headers.items() if name != "webhook-signature"}
    assert (await world.send_webhook(body, unsigned)).status_code == 401
    assert (await world.account(home.number))["balance_micro"] == 0


@pytest.mark.parametrize("amount_micro", [0, -1, -5 * MICRO])
async def test_an_amount_that_is_none_is_kept_and_not_credited(
    world: World, amount_micro: int
) -> None:
    home = world.household()
    await world.register(home)
    answer = await world.send_webhook(*world.signed(home.number, amount_micro))
    assert (answer.status_code, answer.json()["outcome"]) == (200, "unreadable")
    assert (await world.account(home.number))["balance_micro"] == 0


async def test_a_second_account_of_a_number_is_refused(world: World) -> None:
    home = world.household(balance_micro=MICRO)
    await world.register(home)
    answer = await world.ledger.post(
        "/v1/accounts", json={"number": home.number, "currency": CURRENCY}
    )
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    await world.register(home)  # an import that is sent again
    assert (await world.account(home.number))["balance_micro"] == MICRO


async def test_a_protected_customer_is_held_and_not_cut(world: World) -> None:
    home = world.household()
    await world.register_devices(home.meter_id)
    account_id = await world.open_account(home, protected=True)
    await world.serve(home, account_id)
    async with world.fleet([home], load=KWH_A_STEP) as fleet:
        account = await world.settled(home, read_at=await step(world, fleet, 1))
        assert account["balance_micro"] < 0
        account = await world.in_state(home, "pending")
        await world.settled(home, read_at=await step(world, fleet, 2))
        assert fleet.meters[home.meter_id].relay is RelayState.CLOSED
        assert fleet.meters[home.meter_id].import_wh == 2_000
    (decision,) = await world.decisions(account_id)
    assert decision["fired"] == ["balance_exhausted"]
    assert decision["held"] == ["protected_customer"]
    assert await world.commands(account_id) == []
    await _notices(world, account_id, "balance-exhausted")


async def test_a_relay_never_opens_for_a_cut_that_was_paid_for_while_its_meter_was_away(
    world: World,
) -> None:
    home = world.household(balance_micro=MICRO // 2)
    await world.register(home)
    await asyncio.to_thread(world.stack.add_mqtt_user, home.meter_id, "secret")
    own = {"one_connection_each": True, "meter_passwords": {home.meter_id: "secret"}}
    await asyncio.to_thread(world.stack.kill, "prepay-ledger")
    try:
        async with world.fleet([home], load=KWH_A_STEP, **own) as fleet:
            await step(world, fleet, 1)
    finally:
        # Its session stays at the broker; nobody is there to open the relay.
        await asyncio.to_thread(world.stack.start, "prepay-ledger")
    # Held where it is known by then that the meter is away; issued, and called back, where not.
    account = await world.in_state(home, "pending", "disconnecting")
    assert (await world.pay(home.number, 20 * MICRO)).json()["outcome"] == "credited"
    issued = await world.commands(account["id"])
    assert [each["action"] for each in issued] in ([], ["reconnect", "disconnect"])

    async with world.fleet([home], load=KWH_A_STEP, start_wh=1_000, **own) as fleet:
        await world.in_state(home, "connected")
        assert fleet.moves == []
        executed = fleet.meters[home.meter_id].commands.executions
        assert {str(command_id) for command_id in executed} <= {each["id"] for each in issued[:1]}
    assert "supply-off" not in {n["template"] for n in await world.notices(account["id"])}


async def _suspended(world: World) -> int:
    """Micro-units in suspense in CNY."""
    for each in (await world.totals())["currencies"]:
        if each["currency"] == "CNY":
            return each["postings_micro"].get("suspense", 0)
    return 0
