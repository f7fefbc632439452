"""Who sells, who decides, and what a seller who is moved takes along."""

from typing import Any

import httpx
import pytest
from ledger_vending import MICRO, Shop, a_shop, balance, client, refusal

pytestmark = pytest.mark.stack


async def staff(shop: Shop, subject: str) -> httpx.Response:
    path = f"/v1/vendors/{shop.code}/sellers"
    return await shop.ledger.api.post(path, json={"subject": subject, "reason": "shift"})


async def move(shop: Shop, to: Shop) -> None:
    """The seller of one shop sells for another."""
    end = f"/v1/vendors/{shop.code}/sellers/{shop.subject}/end"
    assert (await shop.ledger.api.post(end, json={"reason": "moved"})).status_code == 204
    assert (await staff(to, shop.subject)).status_code == 204


async def reverse(shop: Shop, key: str) -> httpx.Response:
    return await shop.till.post("/v1/vends/reversals", json={"key": key, "reason": "no answer"})


async def test_a_seller_who_was_moved_repeats_reverses_and_is_barred_by_key(ledger: Any) -> None:
    account = await ledger.open()
    async with a_shop(ledger) as old, a_shop(ledger) as new:
        first = await old.sell(account["number"], MICRO, key="k1")
        assert (await reverse(old, "k2")).json()["vend"] is None
        await move(old, new)
        again = await old.sell(account["number"], MICRO, key="k1")
        assert (again.status_code, again.json()) == (201, first.json())
        assert refusal(await old.sell(account["number"], 2, key="k1"))[1] == "idempotency-key-used"
        assert refusal(await old.sell(account["number"], 2, key="k2"))[1] == "vend-reversed"
        reversed_ = (await reverse(old, "k1")).json()["vend"]
        assert (reversed_["id"], reversed_["void"]["who"]) == (first.json()["id"], old.subject)
        for shop in (old, new):
            now = await shop.now()
            assert now["balance_micro"] == await shop.posted_micro() == 1_000 * MICRO
    assert await balance(ledger, account) == 0


async def test_who_decides_about_a_vendor_does_not_sell_for_it(ledger: Any) -> None:
    async with a_shop(ledger) as shop:
        assert refusal(await staff(shop, "test")) == (403, "duties-not-separate")
        async with client(ledger, shop.subject, "ledger:write") as other_token:
            body = {"day_limit_micro": MICRO, "reason": "more"}
            answer = await other_token.put(f"/v1/vendors/{shop.code}/limits", json=body)
            assert refusal(answer) == (403, "duties-not-separate")
            answer = await other_token.post(
                f"/v1/vendors/{shop.code}/fundings",
                json={"amount_micro": MICRO, "means": "cash", "reference": "S-1"},
                headers={"idempotency-key": "f1"},
            )
            assert refusal(answer) == (403, "duties-not-separate")
        async with client(ledger, f"boss-{shop.code}", "ledger:write") as boss:
            answer = await boss.put(f"/v1/vendors/{shop.code}/limits", json=body)
            assert answer.status_code == 200
        assert refusal(await staff(shop, f"boss-{shop.code}")) == (403, "duties-not-separate")


async def test_a_key_voids_one_sale(ledger: Any) -> None:
    account = await ledger.open()
    async with a_shop(ledger) as shop:
        first = (await shop.sell(account["number"], MICRO)).json()
        second = (await shop.sell(account["number"], MICRO, key="v1")).json()
        assert (await shop.void(first, key="v1")).status_code == 200
        assert refusal(await shop.void(second, key="v1")) == (409, "idempotency-key-used")
        assert await balance(ledger, account) == MICRO
        # A sale of that key is reversed all the same.
        assert (await reverse(shop, "v1")).json()["vend"]["id"] == second["id"]
    assert await balance(ledger, account) == 0


async def test_accounts_are_shown_to_who_sells_for_an_open_vendor(ledger: Any) -> None:
    account = await ledger.open()
    params = {"number": account["number"]}
    async with client(ledger, "passer-by", "ledger:vend") as nobody:
        answer = await nobody.get("/v1/payable-accounts", params=params)
        assert refusal(answer) == (403, "not-a-seller")
    async with client(ledger, "chief", "ledger:vend", "ledger:supervise-vends") as chief:
        answer = await chief.get("/v1/payable-accounts", params=params)
        assert answer.status_code == 200
        assert "supply_state" not in answer.json()
    async with a_shop(ledger, is_open=False) as shop:
        answer = await shop.till.get("/v1/payable-accounts", params=params)
        assert refusal(answer) == (409, "vendor-closed")
