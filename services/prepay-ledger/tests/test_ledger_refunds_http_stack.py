"""Refunds on the running ledger: over HTTP, by two people, and killed while they are ordered."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import pytest
from ledger_expected import BEGIN
from ledger_vending import MICRO, balance, refusal
from test_ledger_proposals_stack import MUCH, WHY, asked, decide, waiting

pytestmark = pytest.mark.stack

TO = {"way": "bank", "holder": "Zhang Min", "bank_account": "DE02120300000000202051"}


async def moved_out(ledger: Any, micro: int) -> dict[str, Any]:
    """An account that paid so much, whose agreement is over, and that no meter ever served."""
    account = await ledger.open()
    assert (await ledger.agree(account)).status_code == 201
    path = f"/v1/accounts/{account['id']}"
    (agreement,) = (await ledger.api.get(path)).json()["agreements"]
    ends = (BEGIN.date() + timedelta(days=2)).isoformat()
    ended = await ledger.api.post(
        f"{path}/agreements/{agreement['id']}/end", json=WHY | {"end_day": ends}
    )
    assert ended.status_code == 200, ended.text
    assert (await ledger.pay(account["number"], micro)).status_code == 200
    return account


async def left(ledger: Any, account: dict[str, Any]) -> dict[str, Any]:
    return (await ledger.api.get(f"/v1/accounts/{account['id']}/refundable")).json()


async def test_a_refund_is_ordered_shown_masked_and_cancelled(ledger: Any) -> None:
    account = await ledger.open()
    path = f"/v1/accounts/{account['id']}/refunds"
    assert "a tariff charges" in (await left(ledger, account))["in_the_way"]
    assert refusal(await asked(ledger, path, amount_micro=1, **TO)) == (409, "refund-refused")
    unknown = await asked(ledger, f"/v1/accounts/{uuid4()}/refunds", amount_micro=1, **TO)
    assert refusal(unknown) == (404, "unknown-account")

    account = await moved_out(ledger, 50 * MICRO)
    path = f"/v1/accounts/{account['id']}/refunds"
    stands = await left(ledger, account)
    micro = stands["refundable_micro"]
    assert (stands["in_the_way"], micro) == ("", await balance(ledger, account))
    wrong = TO | {"bank_account": "DE02120300000000202015"}
    assert refusal(await asked(ledger, path, amount_micro=micro, **wrong)) == (
        409,
        "refund-refused",
    )
    ordered = await asked(ledger, path, key="r-1" + account["id"], amount_micro=micro, **TO)
    assert ordered.status_code == 201, ordered.text
    refund = ordered.json()
    assert (refund["state"], refund["bank_account"]) == ("in-transit", "******************2051")
    assert await balance(ledger, account) == 0
    of = f"/v1/refunds/{refund['id']}"
    assert (await ledger.api.get(of)).json() == refund
    assert (await ledger.api.get(f"{of}/payee")).json()["bank_account"] == TO["bank_account"]
    listed = await ledger.api.get(f"/v1/refunds?account_id={account['id']}&state=in-transit")
    assert listed.json()["items"] == [refund]
    no_cash = await asked(ledger, f"{of}/hand-out", slip="S-1")
    assert refusal(no_cash) == (409, "refund-not-so")
    nothing = await asked(ledger, f"{of}/match", bank_line=str(uuid4()))
    assert refusal(nothing) == (404, "unknown-bank-line")
    cancelled = await asked(ledger, f"{of}/cancel")
    assert cancelled.json()["state"] == "cancelled", cancelled.text
    assert await balance(ledger, account) == micro
    steps = (await ledger.api.get(f"{of}/steps")).json()["items"]
    assert [each["action"] for each in steps] == ["cancel", "order"]
    unclaimed = (await ledger.api.get("/v1/unclaimed-balances?limit=1000")).json()["items"]
    assert all("bank_account" not in each for each in unclaimed)
    await ledger.sums_to_zero()


async def test_much_is_paid_out_by_two(ledger: Any) -> None:
    account = await moved_out(ledger, MUCH + 100 * MICRO)
    order = partial(
        asked, ledger, f"/v1/accounts/{account['id']}/refunds", key=f"k-{uuid4()}",
        amount_micro=MUCH, **TO,
    )  # fmt: skip
    proposal = waiting(await order(), "refund")
    assert TO["bank_account"] not in str(proposal)
    own = await ledger.api.post(f"/v1/proposals/{proposal['id']}/approve", json=WHY)
    assert refusal(own) == (403, "needs-second-person")
    before = await balance(ledger, account)
    assert (await decide(ledger, proposal)).status_code == 200
    assert await balance(ledger, account) == before - MUCH
    done = await order()
    assert (done.status_code, done.json()["amount_micro"]) == (201, MUCH)
    # However small, the next one is part of much.
    waiting(
        await asked(ledger, f"/v1/accounts/{account['id']}/refunds", amount_micro=1, **TO), "refund"
    )


@pytest.mark.timeout(200)
async def test_killed_while_it_is_ordered_it_leaves_once(ledger: Any) -> None:
    account = await moved_out(ledger, 1_000 * MICRO)
    before = await balance(ledger, account)
    done = asyncio.Event()

    async def until_answered(ask: Any) -> httpx.Response:
        """The same again until it is answered."""
        while True:
            try:
                answer = await ask()
            except httpx.HTTPError:
                await asyncio.sleep(0.1)
                continue
            if answer.status_code != 503:
                return answer

    async def work() -> None:
        path = f"/v1/accounts/{account['id']}/refunds"
        for turn in range(40):
            order = partial(
                asked, ledger, path, key=f"{account['id']}-{turn}", amount_micro=MICRO, **TO
            )
            answer = await until_answered(order)
            assert answer.status_code == 201, answer.text
            assert (await until_answered(order)).json() == answer.json()
        done.set()

    async def kill() -> None:
        for _ in range(3):
            await asyncio.sleep(0.3)
            if done.is_set():
                break
            await asyncio.to_thread(ledger.stack.kill, "prepay-ledger")
            await asyncio.to_thread(ledger.stack.start, "prepay-ledger")

    await asyncio.gather(work(), kill())
    assert await balance(ledger, account) == before - 40 * MICRO
    counted = await ledger.sql("SELECT count(*) FROM refund WHERE account_id = $1", account["id"])
    assert counted[0][0] == 40
    await ledger.sums_to_zero()
