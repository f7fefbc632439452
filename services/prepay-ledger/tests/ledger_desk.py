"""A desk of the utility's in a ledger's database of a test's own, with a clock that tests set."""

from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ledger_town import ONE_PERSON, REVIEW, Town

from prepay_ledger.cashiers.count_cash import CountCash
from prepay_ledger.cashiers.decide_count import decide_count
from prepay_ledger.cashiers.hand_over_cash import hand_over_cash
from prepay_ledger.cashiers.receive_cash import receive_cash
from prepay_ledger.cashiers.values import (
    CashDay,
    CountOrder,
    Decision,
    Destination,
    HandOver,
    OutcomeAction,
    Receipt,
)
from prepay_ledger.payments.take_movement import TakeMovement
from prepay_ledger.payments.take_payment import TakePayment
from prepay_ledger.vending.open_vendor import add_seller, open_vendor
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
from prepay_ledger.vending.void_vend import VoidOrder, VoidVend
from prewatt_common.ids import new_id

ZONE = ZoneInfo("Asia/Shanghai")


class Desk(Town):
    """A desk that may owe, with li and chen who sell there. It is noon."""

    def __init__(self, url: str) -> None:
        super().__init__(url, count=2)
        self.at = datetime.combine(self.today + timedelta(days=1), time(4), UTC)
        self.vendor = Vendor(
            id=new_id(),
            code="desk-1",
            name="Desk",
            kind=VendorKind.CASHIER,
            currency="CNY",
            limits=Limits(day_limit_micro=10**6, credit_limit_micro=10**6),
            opened_at=self.at,
        )
        self.take_vend = TakeVend(
            take_payment=TakePayment(review=REVIEW), zone=ZONE, clock=lambda: self.at
        )
        self.void_vend = VoidVend(take_movement=TakeMovement(review=REVIEW), zone=ZONE)
        self.count_cash = CountCash(zone=ZONE, clock=lambda: self.at)

    @property
    def business_day(self) -> date:
        return self.at.astimezone(ZONE).date()

    async def open_desk(self) -> None:
        await self.settle(self.begin.date())
        step = VendorStep(action="opened", decided={}, who="w", reason="r", at=self.at)
        async with self.unit() as unit:
            await open_vendor(unit=unit, vendor=self.vendor, step=step, terms=ONE_PERSON)
            for seller in ("li", "chen"):
                await add_seller(unit=unit, code="desk-1", subject=seller, step=step)

    async def sell(
        self, micro: int, *, key: str | None = None, by: str = "li", tender: Tender = Tender.CASH
    ) -> Vend:
        key = key or str(new_id())
        order = Order(key=key, account_number="town-0", amount_micro=micro, tender=tender)
        async with self.unit() as unit:
            return await self.take_vend(unit, order=order, sold_by=by)

    async def void(self, vend: Vend, *, by: str = "li") -> Vend:
        asked = VoidOrder(key=str(new_id()), who=by, supervises=by == "boss", reason="typo")
        async with self.unit() as unit:
            return await self.void_vend(unit, vend_id=vend.id, asked=asked, now=self.at)

    async def count(
        self,
        micro: int,
        *,
        key: str | None = None,
        of: str = "li",
        by: str | None = None,
        on: date | None = None,
        reason: str = "",
    ) -> CashDay:
        asked = CountOrder(
            key=key or str(new_id()),
            who=by or of,
            seller=of,
            vendor_code="desk-1",
            business_day=on or self.business_day,
            counted_micro=micro,
            reason=reason,
        )
        async with self.unit() as unit:
            return await self.count_cash(unit, asked=asked)

    async def decide(
        self, day: CashDay, action: OutcomeAction, *, by: str = "wang", key: str = "d1"
    ) -> CashDay:
        assert day.count is not None
        decided = Decision(
            count_id=day.count.id, action=action, key=key, who=by, reason="seen", at=self.at
        )
        async with self.unit() as unit:
            return await decide_count(unit=unit, decided=decided)

    async def hand_over(
        self, micro: int, *, key: str = "h1", slip: str = "DEP-1", person: str = ""
    ) -> HandOver:
        asked = HandOver(
            id=new_id(),
            key=key,
            vendor_id=new_id(),
            vendor_code="desk-1",
            seller="li",
            currency="",
            amount_micro=micro,
            destination=Destination.PERSON if person else Destination.BANK,
            receiver=person,
            slip=slip,
            who="li",
            journal_id=0,
            at=self.at,
        )
        async with self.unit() as unit:
            return await hand_over_cash(unit=unit, asked=asked)

    async def receive(
        self,
        hand_over: HandOver,
        micro: int,
        *,
        by: str = "wang",
        key: str = "r1",
        reason: str = "",
    ) -> HandOver:
        asked = Receipt(
            id=new_id(), key=key, received_micro=micro, who=by, reason=reason, journal_id=0,
            at=self.at,
        )  # fmt: skip
        async with self.unit() as unit:
            return await receive_cash(unit=unit, hand_over_id=hand_over.id, asked=asked)

    async def books(self) -> dict[str, int]:
        """What each ledger account of cash and of the desk comes to, where it is not zero; the
        float is the desk's account."""
        rows = await self.sql(
            "SELECT ledger_account, sum(amount_micro)::bigint AS micro FROM posting "
            "WHERE ledger_account ~ '^(cash|bank|clearing:vendor/)' GROUP BY 1"
        )
        books = {row["ledger_account"]: row["micro"] for row in rows if row["micro"]}
        (desk,) = await self.sql("SELECT balance_micro FROM vendor WHERE code = 'desk-1'")
        assert desk["balance_micro"] == books.get("clearing:vendor/desk-1", 0)
        (cash,) = await self.sql(
            "SELECT count(*) FROM cash_day AS d WHERE expected_micro <> (SELECT "
            "coalesce(sum(v.amount_micro), 0) FROM vend AS v WHERE v.vendor_id = d.vendor_id "
            "AND v.sold_by = d.seller AND v.business_day = d.business_day AND v.tender = 'cash' "
            "AND NOT EXISTS (SELECT FROM vend_void AS o WHERE o.vend_id = v.id))"
        )
        assert cash["count"] == 0, "what is expected is what was sold for cash and stands"
        return books


async def does_it(desk: Desk, what: str) -> None:
    """A step of the day in which 70 were sold. Done before, it changes nothing."""
    match what:
        case "count":
            await desk.count(70, key="c1")
        case "hand_over":
            await desk.hand_over(70)
        case "accept":
            day = await desk.count(68, key="c1", reason="short")
            await desk.decide(day, OutcomeAction.CLOSED)
        case "send_back":
            day = await desk.count(68, key="c1", reason="short")
            await desk.decide(day, OutcomeAction.SENT_BACK)
        case "receive":
            await desk.receive(await desk.hand_over(70), 70)
        case _:
            raise AssertionError(what)


async def a_desk(own_database_url: str) -> AsyncGenerator[Desk]:
    """For a fixture."""
    desk = Desk(own_database_url)
    await desk.open_desk()
    yield desk
    await desk.database.close()
