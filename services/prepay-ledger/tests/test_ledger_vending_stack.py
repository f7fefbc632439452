"""Sales at points of sale against a running ledger: credited once, limited, void, to the cent."""

import asyncio
import random
from typing import Any
from uuid import uuid4

import pytest
from ledger_vending import MICRO, Shop, a_shop, balance, client, refusal

pytestmark = pytest.mark.stack


async def test_a_sale_is_credited_told_and_its_receipt_says_where_it_went(
    ledger: Any, kafka_events: Any
) -> None:
    account = await ledger.open(overdraft_micro=5 * MICRO)
    async with a_shop(ledger) as shop:
        answer = await shop.sell(account["number"], 30 * MICRO, key="sale-1")
        assert answer.status_code == 201, answer.text
        sale = answer.json()
        assert sale["went_to"] == {
            "debts_micro": 0, "made_good_micro": 0, "added_micro": 30 * MICRO,
        }  # fmt: skip
        assert (sale["balance_micro"], sale["left_micro"]) == (30 * MICRO, 35 * MICRO)
        assert (sale["vendor"], sale["key"], sale["void"]) == (shop.code, "sale-1", None)
        told = await kafka_events("prewatt.ledger.topped-up.v1", account_id=account["id"])
        assert (told["provider"], told["payment_id"]) == (f"vendor/{shop.code}", "sale-1")
        assert (await shop.till.get(f"/v1/vends/{sale['id']}")).json() == sale
        printed = await shop.till.get(f"/v1/vends/{sale['id']}/receipt?language=zh-CN")
        assert printed.headers["content-type"] == "text/plain; charset=utf-8"
        assert "电费缴费凭证" in printed.text
        paper = await shop.till.get(f"/v1/vends/{sale['id']}/receipt.pdf?language=zh-CN")
        assert paper.headers["content-type"] == "application/pdf"
        assert paper.content.startswith(b"%PDF-")
        assert (await shop.now())["balance_micro"] == 970 * MICRO
        assert await shop.posted_micro() == 970 * MICRO
    assert await balance(ledger, account) == 30 * MICRO


async def test_the_same_key_is_answered_the_same_and_another_body_is_refused(ledger: Any) -> None:
    account, other = await ledger.open(), await ledger.open()
    async with a_shop(ledger) as shop:
        first = await shop.sell(account["number"], MICRO, key="k1")
        await shop.sell(account["number"], MICRO, key="k2")
        again = await shop.sell(account["number"], MICRO, key="k1")
        assert (again.status_code, again.json()) == (201, first.json())
        for number, micro in ((account["number"], 2 * MICRO), (other["number"], MICRO)):
            answer = await shop.sell(number, micro, key="k1")
            assert refusal(answer) == (409, "idempotency-key-used")
        no_key = await shop.till.post(
            "/v1/vends",
            json={"account_number": account["number"], "amount_micro": 1, "tender": "cash"},
        )
        assert refusal(no_key) == (422, "invalid-request")
        # The same key of another vendor is another sale.
        async with a_shop(ledger) as another:
            assert (await another.sell(account["number"], MICRO, key="k1")).status_code == 201
    assert await balance(ledger, account) == 3 * MICRO
    assert await balance(ledger, other) == 0


async def test_day_limits_floats_and_closed_vendors_refuse_by_name(ledger: Any) -> None:
    account = await ledger.open()
    async with a_shop(ledger, float_micro=10 * MICRO, day_limit_micro=12 * MICRO) as shop:
        number = account["number"]
        assert refusal(await shop.sell(number, 11 * MICRO)) == (409, "float-used-up")
        assert (await shop.sell(number, 8 * MICRO)).status_code == 201
        assert (await shop.fund(100 * MICRO, key="f")).status_code == 201
        assert (await shop.fund(100 * MICRO, key="f")).status_code == 201
        assert refusal(await shop.fund(MICRO, key="f")) == (409, "idempotency-key-used")
        answer = await shop.sell(number, 5 * MICRO)
        assert refusal(answer) == (409, "day-limit-reached")
        assert "may sell 4.00 CNY more" in answer.json()["detail"]
        closed = await ledger.api.put(
            f"/v1/vendors/{shop.code}/limits",
            json={"day_limit_micro": 12 * MICRO, "is_open": False, "reason": "holiday"},
        )
        assert closed.status_code == 200, closed.text
        assert refusal(await shop.sell(number, MICRO)) == (409, "vendor-closed")
        assert (await shop.now())["balance_micro"] == await shop.posted_micro() == 102 * MICRO
        assert refusal(await shop.sell("nobody", MICRO)) == (409, "vendor-closed")
    assert await balance(ledger, account) == 8 * MICRO


async def test_unknown_accounts_and_other_currencies_take_nothing(ledger: Any) -> None:
    foreign = await ledger.open(currency="EUR")
    async with a_shop(ledger) as shop:
        assert refusal(await shop.sell("nobody-at-all", MICRO)) == (404, "unknown-account")
        assert refusal(await shop.sell(foreign["number"], MICRO)) == (409, "other-currency")
        assert (await shop.now())["balance_micro"] == 1_000 * MICRO


async def test_a_void_takes_all_back_once_within_the_day(ledger: Any, kafka_events: Any) -> None:
    account = await ledger.open()
    async with a_shop(ledger) as shop, a_shop(ledger) as stranger:
        sale = (await shop.sell(account["number"], 30 * MICRO)).json()
        assert refusal(await stranger.void(sale)) == (404, "unknown-vend")
        assert refusal(await stranger.till.get(f"/v1/vends/{sale['id']}")) == (404, "unknown-vend")
        answer = await shop.void(sale, key="v1")
        assert answer.status_code == 200, answer.text
        void = answer.json()["void"]
        assert (void["who"], void["balance_micro"]) == (shop.subject, 0)
        told = await kafka_events("prewatt.ledger.payment-taken-back.v1", account_id=account["id"])
        assert told["amount_micro"] == 30 * MICRO
        assert (await shop.void(sale, key="v1")).json() == answer.json()
        assert refusal(await shop.void(sale, key="v2")) == (409, "vend-voided")
        assert (await shop.till.get(f"/v1/vends/{sale['id']}")).json()["void"] == void
        now = await shop.now()
        assert (now["balance_micro"], now["sold_micro"]) == (1_000 * MICRO, 0)
        assert await shop.posted_micro() == 1_000 * MICRO
        # Its key is not sold under again: the answer is the sale, void.
        again = await shop.sell(account["number"], 30 * MICRO, key=sale["key"])
        assert again.json()["void"] == void
    assert await balance(ledger, account) == 0


async def test_a_supervisor_voids_for_any_vendor(ledger: Any) -> None:
    account = await ledger.open()
    async with a_shop(ledger) as shop:
        sale = (await shop.sell(account["number"], MICRO)).json()
        supervisor = Shop(ledger, f"nobody-{uuid4().hex[:6]}", supervises=True)
        async with supervisor.till:
            answer = await supervisor.void(sale)
        assert answer.json()["void"]["who"] == supervisor.subject
    assert await balance(ledger, account) == 0


async def test_who_sells_cannot_change_readings_tariffs_or_accounts(ledger: Any) -> None:
    account = await ledger.open()
    async with a_shop(ledger) as shop:
        for path in (
            "/v1/tariffs", "/v1/accounts", "/v1/vendors", "/v1/meters/m-1/edits",
            "/v1/policies", f"/v1/vendors/{shop.code}/fundings",
        ):  # fmt: skip
            assert refusal(await shop.till.post(path, json={})) == (403, "missing-scope")
        # And a token that can do both does neither.
        async with client(ledger, shop.subject, "ledger:vend", "ledger:write") as both:
            body = {"account_number": account["number"], "amount_micro": 1, "tender": "cash"}
            answer = await both.post("/v1/vends", json=body, headers={"idempotency-key": "k"})
            assert refusal(answer) == (403, "duties-not-separate")
        async with client(ledger, "passer-by", "ledger:vend") as nobody:
            answer = await nobody.post("/v1/vends", json=body, headers={"idempotency-key": "k"})
            assert refusal(answer) == (403, "not-a-seller")
        end = f"/v1/vendors/{shop.code}/sellers/{shop.subject}/end"
        assert (await ledger.api.post(end, json={"reason": "left"})).status_code == 204
        assert refusal(await ledger.api.post(end, json={"reason": "left"}))[1] == "not-a-seller"
        assert refusal(await shop.sell(account["number"], 1)) == (403, "not-a-seller")


async def test_a_till_sees_whom_it_pays_for_and_no_more(ledger: Any) -> None:
    account = await ledger.open(overdraft_micro=3 * MICRO)
    await ledger.pay(account["number"], 2 * MICRO)
    path = f"/v1/accounts/{account['id']}/holder"
    async with a_shop(ledger) as shop:

        async def seen() -> dict[str, Any]:
            params = {"number": account["number"]}
            return (await shop.till.get("/v1/payable-accounts", params=params)).json()

        assert (await seen())["holder"] is None
        assert (await ledger.api.put(path, json={"name": "张三"})).status_code == 204
        assert await seen() == {
            "account_number": account["number"], "holder": "张*", "currency": "CNY",
            "balance_micro": 2 * MICRO, "credit_micro": 3 * MICRO, "owed_micro": 0,
            "most_micro": None,
        }  # fmt: skip
        assert (await ledger.api.put(path, json={"name": None})).status_code == 204
        assert (await seen())["holder"] is None
        unknown = await shop.till.get("/v1/payable-accounts", params={"number": "nobody"})
        assert refusal(unknown) == (404, "unknown-account")


async def test_a_sale_brings_supply_back_and_its_void_takes_it(ledger: Any) -> None:
    account, meter_id = await ledger.household(paid_micro=MICRO)
    await ledger.read((meter_id, 15, 2_000))
    await ledger.until_state(account, "disconnecting")
    async with a_shop(ledger) as shop:
        sale = (await shop.sell(account["number"], 10 * MICRO)).json()
        used_micro = 10 * MICRO - sale["balance_micro"]
        assert sale["went_to"] == {
            "debts_micro": 0, "made_good_micro": used_micro,
            "added_micro": 10 * MICRO - used_micro,
        }  # fmt: skip
        assert sale["supply_state"] == "reconnecting"
        void = (await shop.void(sale)).json()["void"]
        assert void["balance_micro"] == -used_micro
        assert (await ledger.account(account))["supply_state"] != "connected"


async def test_eight_at_once_with_duplicates_credit_each_sale_once(ledger: Any) -> None:
    chance = random.Random(7)
    accounts = [await ledger.open() for _ in range(3)]
    async with a_shop(ledger, float_micro=40 * MICRO, day_limit_micro=10**9) as shop:
        sales = [(chance.choice(accounts)["number"], f"k{n}") for n in range(60)] * 2
        chance.shuffle(sales)
        answers: dict[str, list[tuple[int, Any]]] = {}

        async def sell(worker: int) -> None:
            for number, key in sales[worker::8]:
                answer = await shop.sell(number, MICRO, key=key)
                answers.setdefault(key, []).append((answer.status_code, answer.json()))

        await asyncio.gather(*map(sell, range(8)))
        good = {key for key, found in answers.items() if any(code == 201 for code, _ in found)}
        assert len(good) == 40, "as many as the float pays for"
        for key, found in answers.items():
            assert {code for code, _ in found} <= {201, 409}, found
            assert len({one["id"] for code, one in found if code == 201}) == (key in good)
        assert (await shop.now())["balance_micro"] == await shop.posted_micro() == 0
    assert sum([await balance(ledger, each) for each in accounts]) == 40 * MICRO
