"""The ledger dies by SIGKILL at each statement that enters an estimate or takes it back: after the
restart each is entered once, and their sum is zero with the next reading."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from ledger_proofs import BEHIND, ledger_behind_proxy, nothing_to_publish, run_audit
from ledger_proxy import At, DatabaseProxy

pytestmark = [pytest.mark.stack, pytest.mark.chaos, pytest.mark.timeout(280)]

MICRO = 1_000_000
DAYS, HOUR_WH = 5, 100
RUN, WRITE = "UPDATE estimate_run SET after", "INSERT INTO estimate AS e"
ENTERING = [
    ("SELECT day, revision, after, is_done FROM estimate_run", At.STATEMENT),
    ("UPDATE meter_state SET is_estimated = true", At.STATEMENT),
    ("INSERT INTO journal", At.STATEMENT),
    ("INSERT INTO posting", At.STATEMENT),
    ("MERGE INTO sub_balance", At.STATEMENT),
    (WRITE, At.STATEMENT),
    (RUN, At.STATEMENT),
    (RUN, At.COMMIT),
    (RUN, At.COMMITTED),
]
TAKING_BACK = [
    ("FROM estimate AS e JOIN account", At.STATEMENT),
    ("UPDATE account AS a SET balance_micro", At.STATEMENT),
    ("INSERT INTO journal", At.STATEMENT),
    ("MERGE INTO sub_balance", At.STATEMENT),
    (WRITE, At.STATEMENT),
    (WRITE, At.COMMIT),
    (WRITE, At.COMMITTED),
]


@pytest.fixture(scope="module")
async def proxy(ledger: Any) -> AsyncGenerator[DatabaseProxy]:
    """The ledger reaches its database through it."""
    async with ledger_behind_proxy(ledger) as made:
        yield made
        await decide(ledger, None)
        await ledger.sums_to_zero()
        code, out, err = await run_audit(ledger.stack.endpoints.database_url("prepay_ledger"))
        assert code == 0, out + err


async def decide(ledger: Any, after_days: int | None) -> None:
    """None: nobody is estimated."""
    days = None if after_days is None else 3
    body = {"after_days": after_days, "longest_days": days, "reason": "test"}
    answer = await ledger.api.put("/v1/estimate-policy", json=body)
    assert answer.status_code == 200, answer.text


async def measured(ledger: Any) -> tuple[dict[str, Any], str]:
    """A household of five days, hour by hour, and silent since."""
    await decide(ledger, None)
    account, meter_id = await ledger.household(paid_micro=100 * MICRO)
    hours = range(1, 24 * DAYS + 1)
    await ledger.read_together(*((meter_id, 60 * hour, hour * HOUR_WH) for hour in hours))

    async def charged() -> bool:
        periods = await ledger.newest(account, "charges")
        return sum(each["energy_wh"] for each in periods) == 24 * DAYS * HOUR_WH

    await ledger.until(charged, what=f"the readings of {meter_id}")
    return account, meter_id


async def estimated(ledger: Any, account: dict[str, Any]) -> tuple[int, int]:
    """Wh and micro-units that stand."""
    found = [each["estimated"] for each in await ledger.newest(account, "charges")]
    some = [each for each in found if each]
    return sum(each["energy_wh"] for each in some), sum(each["total_micro"] for each in some)


async def entered(ledger: Any, account: dict[str, Any]) -> list[tuple[int, int]]:
    """Of estimates, newest first: Wh and micro-units that it was charged."""
    return [
        (each["energy_wh"], -each["amount_micro"])
        for each in await ledger.newest(account, "entries")
        if each["kind"] == "estimate"
    ]


async def until_estimated(ledger: Any, account: dict[str, Any]) -> tuple[int, int]:
    async def there() -> tuple[int, int] | None:
        found = await estimated(ledger, account)
        return found if found[0] else None

    return await ledger.until(there, what="it is estimated")


async def restarted(ledger: Any) -> None:
    await asyncio.to_thread(ledger.stack.start, BEHIND)


@pytest.mark.parametrize(("text", "where"), ENTERING)
async def test_killed_while_it_estimates(
    ledger: Any, proxy: DatabaseProxy, text: str, where: At
) -> None:
    account, _ = await measured(ledger)
    balance_micro = (await ledger.account(account))["balance_micro"]

    async def kill() -> None:
        await asyncio.to_thread(ledger.stack.kill, BEHIND)

    async with proxy.breaking(text, where, first=kill) as broken:
        await decide(ledger, 1)
        await broken.hit.wait()
    await restarted(ledger)
    wh, micro = await until_estimated(ledger, account)
    assert (wh, micro) == (3 * 24 * HOUR_WH, 3 * 24 * HOUR_WH * 2 * MICRO // 1000)
    now = await ledger.account(account)
    assert now["balance_micro"] == balance_micro
    assert now["sub_balances_micro"] == {"estimate": -micro}
    assert await entered(ledger, account) == [(wh, micro)]
    await nothing_to_publish(ledger)


@pytest.mark.parametrize(("text", "where"), TAKING_BACK)
async def test_killed_while_it_takes_back(
    ledger: Any, proxy: DatabaseProxy, text: str, where: At
) -> None:
    account, meter_id = await measured(ledger)
    await decide(ledger, 1)
    wh, micro = await until_estimated(ledger, account)

    async def over() -> bool:
        return (await ledger.sql("SELECT is_done FROM estimate_run"))[0]["is_done"]

    await ledger.until(over, what="the run is over")

    async def kill() -> None:
        await asyncio.to_thread(ledger.stack.kill, BEHIND)

    hours = 24 * (DAYS + 1)
    async with proxy.breaking(text, where, first=kill) as broken:
        await ledger.read((meter_id, 60 * hours, hours * HOUR_WH))
        await broken.hit.wait()
    await restarted(ledger)
    await ledger.until_balance(account, 100 * MICRO - hours * HOUR_WH * 2 * MICRO // 1000)
    # From its new last reading on the next run estimates anew: not on this day by this policy.
    assert await estimated(ledger, account) == (0, 0)
    assert await entered(ledger, account) == [(-wh, -micro), (wh, micro)]
    assert (await ledger.account(account))["sub_balances_micro"] == {"estimate": 0}
    await nothing_to_publish(ledger)
