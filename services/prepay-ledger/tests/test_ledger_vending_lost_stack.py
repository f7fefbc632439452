"""Sales whose answer was lost: asked again, or reversed by their key, before they come too."""

import asyncio
from functools import partial
from typing import Any

import httpx
import pytest
from ledger_vending import MICRO, Shop, a_shop, balance, refusal

pytestmark = pytest.mark.stack


async def reverse(shop: Shop, key: str) -> httpx.Response:
    return await shop.till.post("/v1/vends/reversals", json={"key": key, "reason": "no answer"})


async def test_a_sale_is_reversed_by_its_key_once_whether_it_had_come_or_not(ledger: Any) -> None:
    account = await ledger.open()
    async with a_shop(ledger) as shop, a_shop(ledger) as other:
        sale = (await shop.sell(account["number"], MICRO, key="k1")).json()
        first = await reverse(shop, "k1")
        assert first.status_code == 200, first.text
        assert first.json()["vend"] | {"void": None} == sale
        assert first.json()["vend"]["void"]["reason"] == "no answer"
        assert (await reverse(shop, "k1")).json() == first.json()
        # One that has not come never comes; the same key of another vendor does.
        for _ in range(2):
            assert (await reverse(shop, "k2")).json() == {"key": "k2", "vend": None}
        for _ in range(2):
            answer = await shop.sell(account["number"], MICRO, key="k2")
            assert refusal(answer) == (409, "vend-reversed")
        assert (await other.sell(account["number"], MICRO, key="k2")).status_code == 201
        assert (await shop.now())["balance_micro"] == await shop.posted_micro() == 1_000 * MICRO
    assert await balance(ledger, account) == MICRO


async def test_a_sale_and_its_reversal_at_once_leave_nothing(ledger: Any) -> None:
    account = await ledger.open()
    async with a_shop(ledger) as shop:
        keys = [f"r-{n}" for n in range(24)]
        asked = [shop.sell(account["number"], MICRO, key=key) for key in keys]
        answers = await asyncio.gather(*asked, *(reverse(shop, key) for key in keys))
        assert {each.status_code for each in answers[:24]} <= {201, 409}
        assert {each.status_code for each in answers[24:]} == {200}
        for sold, reversed_ in zip(answers[:24], answers[24:], strict=True):
            assert (sold.status_code == 201) == (reversed_.json()["vend"] is not None)
        assert (await shop.now())["balance_micro"] == await shop.posted_micro() == 1_000 * MICRO
    assert await balance(ledger, account) == 0


@pytest.mark.timeout(200)
async def test_killed_in_sales_and_voids_each_is_there_once_in_the_end(ledger: Any) -> None:
    account = await ledger.open()
    async with a_shop(ledger) as shop:
        done = asyncio.Event()

        async def until_answered(ask: Any) -> dict[str, Any]:
            """As a till does: the same again until it is answered."""
            while True:
                try:
                    answer = await ask()
                except httpx.HTTPError:
                    await asyncio.sleep(0.1)
                    continue
                assert answer.status_code in (200, 201, 503), answer.text
                if answer.status_code != 503:
                    return answer.json()

        async def work(worker: int) -> int:
            """Sells, and voids every second sale; gives what is to be left."""
            left = 0
            for turn in range(12):
                key = f"{worker}-{turn}"
                sale = await until_answered(partial(shop.sell, account["number"], MICRO, key=key))
                if turn % 2:
                    void = await until_answered(partial(shop.void, sale, key=key))
                    assert void["void"]["who"] == shop.subject
                else:
                    left += MICRO
            done.set()
            return left

        async def kill() -> None:
            for _ in range(3):
                await asyncio.sleep(0.25)
                if done.is_set():
                    break
                await asyncio.to_thread(ledger.stack.kill, "prepay-ledger")
                await asyncio.to_thread(ledger.stack.start, "prepay-ledger")

        *left, _ = await asyncio.gather(*map(work, range(8)), kill())
        total = sum(each or 0 for each in left)
        assert await balance(ledger, account) == total == 48 * MICRO
        assert (await shop.now())["balance_micro"] == await shop.posted_micro() == 952 * MICRO
