"""The policy's maximum balance: a sale above it is refused, money that came is credited whole."""

from typing import Any

import pytest
from ledger_law import ALL_IS_NEW
from ledger_vending import a_shop, balance, refusal

pytestmark = pytest.mark.stack

MICRO = 1_000_000


async def test_a_sale_above_the_maximum_is_refused_and_other_money_is_flagged(ledger: Any) -> None:
    account = await ledger.open()
    number = account["number"]
    await ledger.in_force({"default": ALL_IS_NEW | {"maximum_balance_micro": {"CNY": 30 * MICRO}}})
    try:
        async with a_shop(ledger) as shop:
            asked = await shop.till.get("/v1/payable-accounts", params={"number": number})
            assert asked.json()["most_micro"] == 30 * MICRO
            refused = await shop.sell(number, 30 * MICRO + 1)
            assert refusal(refused) == (409, "above-maximum-balance")
            assert "sell 30000000 at most" in refused.json()["detail"]
            assert await balance(ledger, account) == 0
            none = "SELECT FROM payment WHERE account_number = $1"
            assert await ledger.sql(none, number) == []
            assert (await shop.sell(number, 30 * MICRO)).is_success
        assert (await ledger.pay(number, 5 * MICRO)).status_code == 200
    finally:
        await ledger.in_force({"default": ALL_IS_NEW})
    assert await balance(ledger, account) == 35 * MICRO
    flagged = (await ledger.api.get("/v1/payments", params={"above_maximum": True})).json()
    (one,) = [each for each in flagged["items"] if each["account_number"] == number]
    assert one["topup"]["above_maximum_micro"] == 5 * MICRO
    assert one["topup"]["added_micro"] == one["amount_micro"] == 5 * MICRO
    others = (await ledger.api.get("/v1/payments", params={"above_maximum": False})).json()
    assert one["id"] not in {each["id"] for each in others["items"]}
