"""What vendors pay in: a slip once while it stands, taken off by a second person."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
from ledger_vending import MICRO, Shop, a_shop, client, refusal

pytestmark = pytest.mark.stack


async def reverse(shop: Shop, funding: Any, *, who: str, key: str = "r1") -> httpx.Response:
    async with client(shop.ledger, who, "ledger:write") as person:
        return await person.post(
            f"/v1/vendors/{shop.code}/fundings/{funding['id']}/reverse",
            json={"reason": "cheque bounced"},
            headers={"idempotency-key": key},
        )


async def test_a_slip_is_paid_in_once_whatever_the_keys(ledger: Any) -> None:
    async with a_shop(ledger, float_micro=0) as shop, a_shop(ledger, float_micro=0) as other:
        asked = [shop.fund(50 * MICRO, key=f"k{n}", reference="TRF-1") for n in range(6)]
        answers = await asyncio.gather(*asked)
        (first,) = [each.json() for each in answers if each.status_code == 201]
        for answer in answers:
            if answer.status_code != 201:
                assert refusal(answer) == (409, "slip-paid-in")
                assert first["id"] in answer.json()["detail"]
        assert refusal(await shop.fund(MICRO, reference="TRF-1")) == (409, "slip-paid-in")
        assert (await shop.fund(MICRO, reference="TRF-2")).status_code == 201
        assert (await other.fund(MICRO, reference="TRF-1")).status_code == 201
        assert (await shop.now())["balance_micro"] == await shop.posted_micro() == 51 * MICRO


async def test_a_funding_is_reversed_by_a_second_person_and_told_again(ledger: Any) -> None:
    account = await ledger.open()
    async with a_shop(ledger, float_micro=0) as shop:
        bank_before = (await ledger.posted()).get("bank", 0)
        funding = (await shop.fund(50 * MICRO, key="f1", reference="CHQ-1")).json()
        assert funding["reversal"] is None
        assert (await shop.sell(account["number"], 20 * MICRO)).status_code == 201
        assert refusal(await reverse(shop, funding, who="test")) == (403, "needs-second-person")
        unknown = await reverse(shop, {"id": uuid4()}, who="wang")
        assert refusal(unknown) == (404, "unknown-funding")
        answer = await reverse(shop, funding, who="wang")
        assert answer.status_code == 200, answer.text
        reversed_ = answer.json()
        assert reversed_ | {"reversal": None} == funding
        assert (reversed_["reversal"]["who"], reversed_["reversal"]["reason"]) == (
            "wang", "cheque bounced",
        )  # fmt: skip
        assert (await reverse(shop, funding, who="wang")).json() == reversed_
        again = await reverse(shop, funding, who="wang", key="r2")
        assert refusal(again) == (409, "funding-reversed")
        # It owes what it sold; nothing more is sold, and the books agree.
        assert (await shop.now())["balance_micro"] == await shop.posted_micro() == -20 * MICRO
        assert (await ledger.posted()).get("bank", 0) == bank_before
        assert refusal(await shop.sell(account["number"], 1)) == (409, "float-used-up")
        # Under its key it is answered as it stands; under a new one the slip is told again.
        assert (await shop.fund(50 * MICRO, key="f1", reference="CHQ-1")).json() == reversed_
        told = (await shop.fund(70 * MICRO, key="f2", reference="CHQ-1")).json()
        assert (await shop.now())["balance_micro"] == await shop.posted_micro() == 50 * MICRO
        listed = (await ledger.api.get(f"/v1/vendors/{shop.code}/fundings")).json()["items"]
        assert listed == [told, reversed_]


async def test_who_told_of_much_money_approves_no_reversal_of_it(ledger: Any) -> None:
    async with a_shop(ledger, float_micro=0) as shop, client(ledger, "wu", "ledger:write") as wu:
        much = 10_001 * MICRO
        told = (await shop.fund(much, key="f1", reference="CHQ-9")).json()
        why = {"reason": "seen on the statement"}
        assert (await wu.post(f"/v1/proposals/{told['id']}/approve", json=why)).status_code == 200
        funding = (await shop.fund(much, key="f1", reference="CHQ-9")).json()
        answer = await reverse(shop, funding, who="wang")
        assert (answer.status_code, answer.json()["kind"]) == (202, "vendor-funding-reversal")
        path = f"/v1/proposals/{answer.json()['id']}"
        own = await ledger.api.post(f"{path}/approve", json=why)
        assert refusal(own) == (403, "needs-second-person")
        assert funding["who"] in own.json()["detail"]
        assert (await ledger.api.get(path)).json()["state"] == "waiting"
        assert (await shop.now())["balance_micro"] == await shop.posted_micro() == much
        assert (await wu.post(f"{path}/approve", json=why)).status_code == 200
        assert (await shop.now())["balance_micro"] == await shop.posted_micro() == 0
