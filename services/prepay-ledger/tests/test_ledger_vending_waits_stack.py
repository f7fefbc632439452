"""A sale that waited for its vendor's row: who sells, and which day it is, are read after that."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from ledger_town import ONE_PERSON, REVIEW, Town

from prepay_ledger.payments.take_payment import TakePayment
from prepay_ledger.vending.open_vendor import add_seller, open_vendor, remove_seller
from prepay_ledger.vending.refusals import NotASeller
from prepay_ledger.vending.take_vend import TakeVend
from prepay_ledger.vending.values import (
    Limits,
    Order,
    Tender,
    Vend,
    Vendor,
    VendorKind,
    VendorStep,
)
from prewatt_common.ids import new_id

pytestmark = pytest.mark.stack


class Shop(Town):
    """A shop that may owe, its till, and a clock."""

    def __init__(self, url: str) -> None:
        super().__init__(url, count=1)
        self.at = datetime.combine(self.today + timedelta(days=1), time(23, 59), UTC)
        self.step = VendorStep(action="opened", decided={}, who="w", reason="r", at=self.at)
        self.vendor = Vendor(
            id=new_id(),
            code="shop-1",
            name="Shop",
            kind=VendorKind.SHOP,
            currency="CNY",
            limits=Limits(day_limit_micro=900, credit_limit_micro=900),
            opened_at=self.at,
        )
        payments = TakePayment(review=REVIEW)
        self.take_vend = TakeVend(
            take_payment=payments, zone=ZoneInfo("UTC"), clock=lambda: self.at
        )

    async def open_shop(self) -> None:
        await self.settle(self.begin.date())
        async with self.unit() as unit:
            await open_vendor(unit=unit, vendor=self.vendor, step=self.step, terms=ONE_PERSON)
            await add_seller(unit=unit, code="shop-1", subject="till", step=self.step)

    async def sell(self) -> Vend:
        order = Order(key="k", account_number="town-0", amount_micro=9, tender=Tender.CASH)
        async with self.unit() as unit:
            return await self.take_vend(unit, order=order, sold_by="till")

    async def waits(self) -> None:
        """Until somebody waits for a row."""
        for _ in range(1_000):
            if await self.sql(
                "SELECT FROM pg_stat_activity WHERE datname = current_database() "
                "AND wait_event_type = 'Lock'"
            ):
                return
            await asyncio.sleep(0.02)
        pytest.fail("nobody waits")


@pytest.fixture
async def shop(own_database_url: str) -> AsyncGenerator[Shop]:
    shop = Shop(own_database_url)
    await shop.open_shop()
    yield shop
    await shop.database.close()


async def test_a_sale_that_waited_past_midnight_is_of_the_new_day(shop: Shop) -> None:
    async with shop.unit() as unit:
        await unit.vendors.lock("shop-1")
        selling = asyncio.create_task(shop.sell())
        await shop.waits()
        shop.at += timedelta(minutes=2)
    vend = await selling
    assert (vend.business_day, vend.at) == (shop.at.date(), shop.at)


async def test_a_seller_who_is_removed_while_waiting_sells_nothing(shop: Shop) -> None:
    async with shop.unit() as unit:
        await remove_seller(unit=unit, code="shop-1", subject="till", step=shop.step)
        selling = asyncio.create_task(shop.sell())
        await shop.waits()
    with pytest.raises(NotASeller):
        await selling
    assert not await shop.sql("SELECT FROM vend")


async def test_lists_of_a_vendor_or_a_day_go_by_their_indexes(shop: Shop) -> None:
    (account,) = await shop.sql("SELECT id FROM account WHERE number = 'town-0'")
    await shop.sql(
        "INSERT INTO vendor (id, code, name, kind, currency, day_limit_micro, credit_limit_micro, "
        "is_open, opened_at) SELECT gen_random_uuid(), 'v' || n, 'n', 'shop', 'CNY', 9, 0, true, "
        "now() FROM generate_series(1, 50) AS n"
    )
    await shop.sql(
        "INSERT INTO vend (id, vendor_id, key, account_id, account_number, amount_micro, currency, "
        "tender, reference, sold_by, business_day, balance_before_micro, balance_micro, "
        "owed_micro, paid_off, credit_micro, supply_state, at) "
        "SELECT gen_random_uuid(), v.id, 'x' || n, $1, 'n', 9, 'CNY', 'cash', '', v.code, "
        "date '2026-03-01' + n, 0, 9, 0, '{}', 0, 'connected', now() "
        "FROM vendor AS v, generate_series(1, 200) AS n",
        account["id"],
    )
    await shop.sql("ANALYZE vend")
    for where, index in (
        (f"vendor_id = '{shop.vendor.id}'", "vend_vendor "),
        ("business_day = '2026-04-01'", "vend_business_day "),
        (
            f"vendor_id = '{shop.vendor.id}' AND business_day = '2026-04-01'",
            "vend_vendor_business_day ",
        ),
    ):
        plan = await shop.sql(f"EXPLAIN SELECT * FROM vend WHERE {where} ORDER BY id DESC LIMIT 50")
        said = "\n".join(row["QUERY PLAN"] for row in plan)
        assert index in said, said
        assert "Sort" not in said, said
