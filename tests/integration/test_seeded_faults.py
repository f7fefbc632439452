"""A ledger with a fault in it, on real parts: billing names each, with account and amount."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Generator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from seeded_faults import FAULTS
from world import MICRO, ZONE, World, until

from prewatt_cli.target import find_target
from prewatt_cli.utility import SLOTS, STANDING, TAX, publish_tariffs, tariff
from prewatt_devstack import Stack
from prewatt_devstack.testing import session_stack
from prewatt_simulator import ConstantLoad
from prewatt_simulator.inventory import Household

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

PAYMENT = 7 * MICRO
OPENING = 900 * MICRO
STEP_WH = 60_001
LADDER = {
    "name": "ladder",
    "kind": "blocks",
    "blocks": [
        {"upto_wh": 100_000, "micro_per_kwh": 488_301},
        {"upto_wh": None, "micro_per_kwh": 788_303},
    ],
}
BY_TIME = {
    "name": "by-time",
    "kind": "energy",
    "micro_per_kwh": {"peak": 68_001, "flat": 18_001, "valley": 8_001},
}
DEARER = {**BY_TIME, "micro_per_kwh": {"peak": 168_001, "flat": 118_001, "valley": 108_001}}
PRICES = [
    tariff("all-kinds", LADDER, BY_TIME, STANDING, TAX, time_of_use=SLOTS),
    tariff("all-kinds", LADDER, DEARER, STANDING, TAX, time_of_use=SLOTS),
]
STEPS = (10, 41, 91, 130, 200)
"""At half past two, ten past ten and so on, of the first day and the two after it."""

BALANCES = {
    "the whole charge is posted each time",
    "another account is charged",
    "a batch moves balances twice",
    "a payment is credited twice",
    "a payment goes to another account",
}
"""Faults that leave every charge right: the balance is not what it comes to."""

UNREVERSED = "an estimate is not reversed"
"""Leaves charge and balance right, and has a test of its own."""

ALWAYS = {"a batch is lost", "another account is charged"}
"""One of either sort; the others take ten seconds each and are left to `make chaos`."""

IMPATIENT = """
from datetime import timedelta
import billing.reconciliation.compare as compare
compare.PATIENCE = timedelta(seconds=2)
from billing.__main__ import main
main()
"""
"""Billing as it is, but that it does not wait ten minutes for a ledger that may be behind."""


@pytest.fixture(scope="module")
def stack() -> Generator[Stack]:
    """Of these tests alone: what they leave behind is wrong."""
    with session_stack("-faults") as up:
        yield up


@pytest.fixture(scope="module")
async def world(stack: Stack) -> AsyncGenerator[World]:
    await asyncio.to_thread(stack.start_services)
    await run(
        stack, "billing", "-c", IMPATIENT,
        env={"PREWATT_SETTLE_S": "0.5", "PREWATT_RECONCILIATION_EVERY_S": "0.5"},
    )  # fmt: skip
    opened = World(stack=stack, target=find_target(state_dir=stack.state_dir))
    opened.open_clients()
    await opened.in_force({})
    month = opened.begin.astimezone(ZONE).date().replace(day=1).isoformat()
    with opened.target.client("prepay-ledger") as ledger:
        publish_tariffs(ledger, PRICES[0], {**PRICES[1], "valid_from": month})
    yield opened
    await opened.close()
    for service in stack.endpoints.service_ports:
        await asyncio.to_thread(stack.stop, service)


async def run(stack: Stack, service: str, *arguments: str, env: Mapping[str, str] = {}) -> None:
    """The service anew, by another command."""
    await asyncio.to_thread(stack.stop, service)
    port = stack.endpoints.service_ports[service]
    await asyncio.to_thread(
        stack.start_service,
        service,
        [sys.executable, *arguments],
        env=stack.service_env(service) | env,
        ready_url=f"http://127.0.0.1:{port}/readyz",
    )


@pytest.fixture(scope="module")
async def victim(world: World) -> str:
    """An account that nothing is charged to but by mistake."""
    return await world.open_account(world.household())


async def imported(world: World, home: Household) -> str:
    """With what it had in another system."""
    await world.register(home)
    return (await world.account(home.number))["id"]


async def measured_by_transformer(world: World, home: Household) -> str:
    """Whose meter shows half of what is used."""
    account_id = await world.open_account(home)
    await world.register_devices(home.meter_id)
    first_day = world.begin.astimezone(ZONE).date().isoformat()
    agreement = {"tariff_code": home.tariff_code, "first_day": first_day, "reason": "a test"}
    await world.tell_ledger(f"/v1/accounts/{account_id}/agreements", agreement)
    installation = {
        "meter_id": home.meter_id, "begins_at": world.begin.isoformat(), "opening_wh": 0,
        "multiplier": 2, "reason": "a test",
    }  # fmt: skip
    await world.tell_ledger(f"/v1/accounts/{account_id}/installations", installation)
    assert (await world.pay(home.number, OPENING)).json()["outcome"] == "credited"
    return account_id


async def live(world: World, *, multiplier: int = 1) -> str:
    """A household of a few days: read, corrected by an edit, paid, and read again."""
    home = world.household(tariff_code="all-kinds", balance_micro=OPENING)
    account_id = await (measured_by_transformer if multiplier != 1 else imported)(world, home)
    async with world.fleet([home], load=ConstantLoad(wh=STEP_WH)) as fleet:
        for number in STEPS[:-1]:
            await fleet.publish_step(at=world.instant(number))
            await fleet.drain()
            await taken(world, home, number)
        edit = {"at": world.instant(STEPS[3]).isoformat(), "kind": "set", "reason": "read by hand"}
        register_wh = fleet.meters[home.meter_id].import_wh - 5_003
        await world.tell_ledger(
            f"/v1/meters/{home.meter_id}/edits", {**edit, "register_wh": register_wh}
        )
        assert (await world.pay(home.number, PAYMENT)).json()["outcome"] == "credited"
        await fleet.publish_step(at=world.instant(STEPS[-1]))
        await fleet.drain()
    return account_id


async def silent_for_days(world: World) -> str:
    """A household of a few days whose meter is estimated until it is read again."""
    home = world.household(tariff_code="all-kinds", balance_micro=OPENING)
    account_id = await imported(world, home)
    async with world.fleet([home], load=ConstantLoad(wh=STEP_WH)) as fleet:
        for number in STEPS[:-1]:
            await fleet.publish_step(at=world.instant(number))
            await fleet.drain()
            await taken(world, home, number)
        await decide_estimates(world, after_days=1, longest_days=5)

        async def estimated() -> bool:
            return any(each["estimated"] for each in await world.charges(account_id))

        await until(estimated, what=f"{home.meter_id} is estimated")
        await world.agrees({account_id})
        await fleet.publish_step(at=world.instant(STEPS[-1]))
        await fleet.drain()
    await taken(world, home, STEPS[-1])
    return account_id


async def decide_estimates(world: World, **days: int | None) -> None:
    """None: nobody is estimated."""
    answer = await world.ledger.put("/v1/estimate-policy", json={**days, "reason": "a test"})
    assert answer.status_code == 200, answer.text


async def taken(world: World, home: Household, number: int) -> None:
    """Wait until billing has the reading, whatever the ledger makes of it: each is a batch of its
    own."""

    async def has() -> bool:
        try:
            days = await world.items("billing", f"/v1/meters/{home.meter_id}/days")
        except httpx.HTTPStatusError:  # 404: billing has not heard of the meter yet
            return False
        return sum(each["energy_wh"] for each in days) >= (STEPS.index(number) + 1) * STEP_WH

    await until(has, what=f"billing has reading {number} of {home.meter_id}")


async def wrong_periods(world: World, account_id: str) -> list[dict[str, Any]]:
    """What billing says is wrong of the account's periods."""
    _, found = await world.reconciliation({account_id})
    return [
        each
        for kind in ("differs", "missing_in_ledger", "missing_in_billing", "not_rateable")
        for each in found[kind]
    ]


async def wrong_balance(world: World, account_id: str) -> int | None:
    """What billing says the ledger's balance has too much."""
    for each in await world.items("billing", "/v1/balance-differences"):
        if each["account_id"] == account_id:
            return each["difference_micro"]
    return None


async def unlike(world: World, account_id: str) -> int:
    """The ledger's balance, less what was paid and charged as its periods say."""
    answer = await world.ledger.get(f"/v1/accounts/{account_id}")
    charged = sum(each["total_micro"] for each in await world.charges(account_id))
    return answer.json()["balance_micro"] - (OPENING + PAYMENT - charged)


async def test_a_ledger_without_a_fault_has_no_findings(world: World) -> None:
    account_id = await live(world, multiplier=2)
    await world.agrees({account_id})

    async def looked() -> bool:
        return await wrong_balance(world, account_id) is None

    await until(looked, what="balance and charges agree")
    assert await wrong_periods(world, account_id) == []


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in ALWAYS else [pytest.mark.chaos])
        for name in sorted(FAULTS.keys() - {UNREVERSED})
    ],
)
async def test_billing_names_the_fault(world: World, stack: Stack, victim: str, name: str) -> None:
    script = str(Path(__file__).with_name("seeded_faults.py"))
    await run(stack, "prepay-ledger", script, name, victim)
    try:
        multiplier = 2 if name == "a multiplier is ignored" else 1
        account_id = await live(world, multiplier=multiplier)
        if name in BALANCES:

            async def named() -> int | None:
                return await wrong_balance(world, account_id)

            await until(named, what=f"billing names the balance: {name}")

            # By how much is what two figures of the ledger itself come to, once all is told.
            async def exact() -> bool:
                return await wrong_balance(world, account_id) == await unlike(world, account_id)

            await until(exact, what=f"the difference is exact: {name}")
            assert await wrong_periods(world, account_id) == []
        else:

            async def named_period() -> list[dict[str, Any]]:
                return await wrong_periods(world, account_id)

            found = await until(named_period, what=f"billing names the period: {name}")
            for each in found:
                assert each["billing"]["total_micro"] != each["ledger"]["total_micro"]
    finally:
        await run(stack, "prepay-ledger", "-m", "prepay_ledger")


async def test_an_estimate_ends_with_the_next_reading(world: World) -> None:
    account_id = await silent_for_days(world)
    await world.agrees({account_id})
    assert not any(each["estimated"] for each in await world.charges(account_id))
    entries = await world.items("prepay-ledger", f"/v1/accounts/{account_id}/entries")
    estimates = [each for each in entries if each["kind"] == "estimate"]
    assert [each["source"] == "readings" for each in estimates] == [True, False]
    assert sum(each["amount_micro"] for each in estimates) == 0
    assert {each["sub_account"] for each in estimates} == {"estimate"}
    assert await wrong_periods(world, account_id) == []
    await decide_estimates(world, after_days=None, longest_days=None)


async def test_billing_names_an_estimate_that_is_not_reversed(world: World, stack: Stack) -> None:
    """Charge and balance are right: it is in neither."""
    script = str(Path(__file__).with_name("seeded_faults.py"))
    await run(stack, "prepay-ledger", script, UNREVERSED, str(UUID(int=0)))
    try:
        account_id = await silent_for_days(world)

        async def named() -> list[dict[str, Any]]:
            return await wrong_periods(world, account_id)

        (found,) = await until(named, what="billing names the estimate")
        assert found["detail"].startswith("an estimate of ")
        assert found["billing"]["total_micro"] == found["ledger"]["total_micro"]
        assert await wrong_balance(world, account_id) is None
    finally:
        await decide_estimates(world, after_days=None, longest_days=None)
        await run(stack, "prepay-ledger", "-m", "prepay_ledger")
