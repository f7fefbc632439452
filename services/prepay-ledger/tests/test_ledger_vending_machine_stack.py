"""Sales, voids, retries, floats, deaths, days in any order: money adds up, none credits twice."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from ledger_town import ONE_PERSON, REVIEW, Killed, Town

from prepay_ledger.debts.move_debt import record_debt
from prepay_ledger.debts.plan_debt import plan_debt
from prepay_ledger.debts.postgres_queries import DebtQueries
from prepay_ledger.debts.values import BillCause, NewDebt, Origin
from prepay_ledger.payments.take_movement import TakeMovement
from prepay_ledger.payments.take_payment import TakePayment
from prepay_ledger.vending import refusals
from prepay_ledger.vending.fund_vendor import fund_vendor
from prepay_ledger.vending.open_vendor import add_seller, open_vendor
from prepay_ledger.vending.take_vend import TakeVend
from prepay_ledger.vending.values import (
    Funding,
    Limits,
    Means,
    Order,
    Tender,
    Vend,
    Vendor,
    VendorKind,
    VendorStep,
)
from prepay_ledger.vending.void_vend import VoidOrder, VoidVend
from prewatt_common.ids import new_id

pytestmark = pytest.mark.stack
UTC_ZONE = ZoneInfo("UTC")
VENDORS = ("CNY", "CNY", "EUR")
ACCOUNTS = 4
DAY_LIMIT, OWED = 1_000, 300
WHO = st.integers(0, len(VENDORS) - 1)
ACTIONS = st.one_of(
    st.tuples(st.just("fund"), WHO, st.integers(0, 2), st.sampled_from([50, 700])),
    st.tuples(
        st.just("sell"), WHO, st.integers(0, 9), st.integers(0, ACCOUNTS - 1),
        st.sampled_from([1, 99, 400]), st.booleans(),
    ),
    st.tuples(st.just("void"), WHO, st.integers(0, 9), st.booleans(), st.booleans()),
    st.tuples(st.just("next_day")),
)  # fmt: skip


class Market(Town):
    """Vendors and accounts, and what each should have: ``nets`` are balances less debts."""

    def __init__(self, url: str) -> None:
        super().__init__(url, count=ACCOUNTS)
        self.at = datetime.combine(self.today + timedelta(days=1), time(10), UTC)
        self.run = uuid4().hex[:8]
        self.take_vend = TakeVend(
            take_payment=TakePayment(review=REVIEW), zone=UTC_ZONE, clock=lambda: self.at
        )
        self.void_vend = VoidVend(take_movement=TakeMovement(review=REVIEW), zone=UTC_ZONE)
        self.vendors: list[Vendor] = []
        self.floats = [0] * len(VENDORS)
        self.sold = [0] * len(VENDORS)
        self.funded = dict[tuple[int, int], int]()
        self.sales = dict[tuple[int, int], Vend]()
        self.nets = list[int]()
        self.owed = dict[UUID, int]()

    async def set_up(self) -> None:
        """Households, of which two owe something that each top-up pays a third of."""
        if not await self.sql("SELECT FROM account LIMIT 1"):
            await self.settle(self.begin.date())
            for number in (0, 1):
                await self._owe(number)
        for number, currency in enumerate(VENDORS):
            vendor = Vendor(
                id=new_id(),
                code=f"v{number}-{self.run}",
                name="Shop",
                kind=VendorKind.SHOP,
                currency=currency,
                limits=Limits(day_limit_micro=DAY_LIMIT, credit_limit_micro=0),
                opened_at=self.at,
            )
            step = VendorStep(action="opened", decided={}, who="w", reason="r", at=self.at)
            async with self.unit() as unit:
                await open_vendor(unit=unit, vendor=vendor, step=step, terms=ONE_PERSON)
                await add_seller(unit=unit, code=vendor.code, subject=vendor.code, step=step)
            self.vendors.append(vendor)
        self.nets = await self.nets_now()
        self.owed = await self.owed_now()

    async def _owe(self, number: int) -> None:
        (account,) = await self.sql(
            "SELECT a.*, g.id AS agreement_id FROM account AS a JOIN agreement AS g "
            "ON g.account_id = a.id WHERE a.number = $1",
            f"town-{number}",
        )
        new = NewDebt(
            account_id=account["id"],
            source=f"edit/{number}",
            origin=Origin(account["agreement_id"], self.begin.date()),
            cause=BillCause.EDIT,
            our_fault=True,
            used_until=self.begin.date(),
            amount_micro=OWED,
            currency=account["currency"],
        )
        async with self.unit() as unit:
            await unit.balances.lock(account["id"])
            await record_debt(unit=unit, new=new, at=self.now)
            (debt,) = await unit.debts.lock_of(account["id"])
            await plan_debt(
                unit=unit, debt_id=debt.id, instalments=None, first_due=None,
                topup_share_ppm=333_333, decided=self.decided(),
            )  # fmt: skip

    async def nets_now(self) -> list[int]:
        rows = await self.sql(
            "SELECT a.balance_micro + coalesce(s.amount_micro, 0) AS net FROM account AS a "
            "LEFT JOIN sub_balance AS s ON s.account_id = a.id AND s.sub_account = 'debt' "
            "ORDER BY a.number"
        )
        return [row["net"] for row in rows]

    async def owed_now(self) -> dict[UUID, int]:
        found = await DebtQueries(self.database).debts(
            account_id=None, open_=None, before=None, limit=9
        )
        return {each.id: each.left_micro for each in found}

    async def fund(self, who: int, key: int, micro: int) -> None:
        asked = Funding(
            id=new_id(), key=f"f{key}", amount_micro=micro, means=Means.CASH, reference=f"r{key}",
            who="w", journal_id=0, at=self.at,
        )  # fmt: skip
        known = self.funded.get((who, key))
        try:
            async with self.unit() as unit:
                code = self.vendors[who].code
                await fund_vendor(unit=unit, code=code, asked=asked, terms=ONE_PERSON)
        except refusals.KeyUsedBefore:
            assert known not in (None, micro)
            return
        assert known in (None, micro)
        if known is None:
            self.funded[who, key] = micro
            self.floats[who] += micro

    async def sell(self, who: int, key: int, account: int, micro: int, *, dies: bool) -> None:
        order = Order(
            key=f"k{key}", account_number=f"town-{account}", amount_micro=micro, tender=Tender.CASH
        )
        known = self.sales.get((who, key))
        refused: type[Exception] | None = None
        if known is not None:
            refused = None if known.order == order else refusals.KeyUsedBefore
        elif self.sold[who] + micro > DAY_LIMIT:
            refused = refusals.DayLimitReached
        elif micro > self.floats[who]:
            refused = refusals.FloatUsedUp
        elif (account % 2 == 1) != (VENDORS[who] == "EUR"):
            refused = refusals.OtherCurrency
        if refused:
            with pytest.raises(refused):
                await self._sell(who, order)
            return
        if dies:
            with pytest.raises(Killed):
                await self._sell(who, order, dies=True)
        vend = await self._sell(who, order)
        if known is not None:
            assert vend == known, "answered the same"
            return
        self.sales[who, key] = vend
        self._paid(vend, 1)
        self.floats[who] -= micro
        self.sold[who] += micro
        self.nets[account] += micro

    async def _sell(self, who: int, order: Order, *, dies: bool = False) -> Vend:
        async with self.unit() as unit:
            vend = await self.take_vend(unit, order=order, sold_by=self.vendors[who].code)
            if dies:
                raise Killed
        return vend

    async def void(self, who: int, key: int, *, supervises: bool, dies: bool) -> None:
        """Of the next vendor's sale where a supervisor asks."""
        owner = (who + 1) % len(VENDORS) if supervises else who
        vend = self.sales.get((owner, key))
        vend_id = vend.id if vend else new_id()
        asked = VoidOrder(
            key=f"void-{owner}-{key}", who=self.vendors[who].code, supervises=supervises, reason="r"
        )
        refused: type[Exception] | None = None
        if vend is None:
            refused = refusals.UnknownVend
        elif vend.void is not None:
            same = (vend.void.key, vend.void.who) == (asked.key, asked.who)
            refused = None if same else refusals.VoidedBefore
        elif vend.business_day != self.at.date():
            refused = refusals.BusinessDayOver
        if refused:
            with pytest.raises(refused):
                await self._void(vend_id, asked)
            return
        assert vend is not None
        if dies:
            with pytest.raises(Killed):
                await self._void(vend_id, asked, dies=True)
        after = await self._void(vend_id, asked)
        if vend.void is not None:
            assert after == vend
            return
        assert after.void is not None
        assert replace(after, void=None) == vend, "the sale itself stands as it was"
        self.sales[owner, key] = after
        self._paid(vend, -1)
        micro = vend.order.amount_micro
        self.floats[owner] += micro
        self.sold[owner] -= micro
        self.nets[int(vend.order.account_number[-1])] -= micro

    async def _void(self, vend_id: UUID, asked: VoidOrder, *, dies: bool = False) -> Vend:
        async with self.unit() as unit:
            vend = await self.void_vend(unit, vend_id=vend_id, asked=asked, now=self.at)
            if dies:
                raise Killed
        return vend

    def _paid(self, vend: Vend, sign: int) -> None:
        for debt_id, micro in vend.paid_off.items():
            self.owed[debt_id] -= sign * micro

    async def next_day(self) -> None:
        self.at += timedelta(days=1)
        self.sold = [0] * len(VENDORS)

    async def agrees(self) -> None:
        """Floats are what was posted, accounts have what was sold, and all sums to zero."""
        assert await self.nets_now() == self.nets
        for vendor, micro in zip(self.vendors, self.floats, strict=True):
            (row,) = await self.sql("SELECT * FROM vendor WHERE id = $1", vendor.id)
            posted = await self.sql(
                "SELECT coalesce(sum(amount_micro), 0)::bigint AS micro FROM posting "
                "WHERE ledger_account = $1",
                f"clearing:vendor/{vendor.code}",
            )
            assert row["balance_micro"] == posted[0]["micro"] == micro
        credited = await self.sql(
            "SELECT count(*) AS n FROM payment WHERE provider LIKE $1", f"vendor/%-{self.run}"
        )
        assert credited[0]["n"] == len(self.sales)
        assert await self.owed_now() == self.owed
        await self.holds()


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(
    script=[
        ("fund", 0, 0, 700), ("sell", 0, 1, 0, 400, True), ("sell", 0, 1, 0, 400, False),
        ("void", 0, 1, False, True), ("void", 0, 1, False, False), ("void", 2, 1, True, False),
        ("sell", 0, 2, 0, 99, False), ("next_day",), ("void", 0, 2, False, False),
    ]
)  # fmt: skip
@given(script=st.lists(ACTIONS, max_size=30))
def test_money_is_conserved_and_no_sale_credits_twice(
    own_database_url: str, script: list[Any]
) -> None:
    asyncio.run(_play(own_database_url, script))


async def _play(url: str, script: list[Any]) -> None:
    market = Market(url)
    try:
        await market.set_up()
        for name, *values in script:
            match name:
                case "fund":
                    await market.fund(*values)
                case "sell":
                    *sale, dies = values
                    await market.sell(*sale, dies=dies)
                case "void":
                    who, key, supervises, dies = values
                    await market.void(who, key, supervises=supervises, dies=dies)
                case _:
                    await market.next_day()
        await market.agrees()
    finally:
        await market.database.close()
