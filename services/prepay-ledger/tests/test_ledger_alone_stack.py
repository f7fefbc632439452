"""What one person does alone adds up: many small acts are no way round a second person."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from uuid import UUID

import pytest
from ledger_town import REVIEW, Killed, Town

from prepay_ledger.adjustments.adjust_account import AdjustAccount
from prepay_ledger.adjustments.transfer_money import TransferMoney
from prepay_ledger.adjustments.values import Adjustment, AdjustmentOrder, Cause, TransferOrder
from prepay_ledger.approvals.decide_proposal import ApproveProposal
from prepay_ledger.approvals.values import ActKind, ApprovalTerms, Proposal
from prepay_ledger.unit import PostgresUnit
from prepay_ledger.vending.fund_vendor import fund_vendor
from prepay_ledger.vending.open_vendor import open_vendor
from prepay_ledger.vending.values import Funding, Limits, Means, Vendor, VendorKind, VendorStep
from prewatt_common.ids import new_id

pytestmark = pytest.mark.stack

TERMS = ApprovalTerms(
    above_micro=100, term=timedelta(days=7), within=timedelta(hours=24), in_all_above_micro=250
)


class Office(Town):
    """Six accounts, three of each currency."""

    def __init__(self, url: str) -> None:
        super().__init__(url, count=6)
        self.adjust_account = AdjustAccount(review=REVIEW, terms=TERMS)
        self.transfer_money = TransferMoney(review=REVIEW, terms=TERMS)
        self.accounts: list[UUID] = []

    async def move_in(self) -> None:
        await self.settle(self.begin.date())
        rows = await self.sql("SELECT id FROM account ORDER BY number")
        self.accounts = [row["id"] for row in rows]

    async def adjust(
        self, micro: int, of: int = 0, *, by: str = "li", key: str = "", dies: bool = False
    ) -> Adjustment | Proposal:
        asked = AdjustmentOrder(
            key=key or str(new_id()), account_id=self.accounts[of], amount_micro=micro,
            cause=Cause.CHARGE_ERROR, may_overdraw=False, who=by, reason="r",
        )  # fmt: skip
        async with self.unit() as unit:
            done = await self.adjust_account(unit, asked=asked, now=self.now)
            if dies:
                raise Killed
        return done

    async def transfer(self, micro: int, from_: int, to: int) -> bool:
        asked = TransferOrder(
            key=str(new_id()), from_account_id=self.accounts[from_],
            to_account_id=self.accounts[to], amount_micro=micro, may_overdraw=False, who="li",
            reason="r",
        )  # fmt: skip
        async with self.unit() as unit:
            done = await self.transfer_money(unit, asked=asked, now=self.now)
        return not isinstance(done, Proposal)

    async def alone(self, micro: int, of: int = 0, **more: str) -> bool:
        """Whether one person may."""
        return not isinstance(await self.adjust(micro, of, **more), Proposal)


@pytest.fixture
async def office(own_database_url: str) -> AsyncGenerator[Office]:
    made = Office(own_database_url)
    await made.move_in()
    yield made
    await made.holds()
    await made.database.close()


async def test_small_acts_about_one_account_are_much_together(office: Office) -> None:
    assert await office.alone(60)
    assert await office.alone(-40)
    assert not await office.alone(1)
    # Somebody else, another account, another currency, and the same once it is long ago.
    assert await office.alone(100, by="wang")
    assert await office.alone(100, 2)
    assert await office.alone(100, 1)
    office.now += timedelta(hours=24)
    assert await office.alone(100)


async def test_kinds_of_acts_about_an_account_add_up_and_a_transfer_is_about_both(
    office: Office,
) -> None:
    assert await office.transfer(60, 0, 2)
    assert not await office.alone(41, 2)
    assert not await office.alone(41, 0)
    assert not await office.transfer(41, 2, 0)


async def test_what_a_person_does_to_many_has_a_bound_of_its_own(office: Office) -> None:
    assert await office.alone(100, 0)
    assert await office.alone(-100, 2)
    assert await office.transfer(100, 1, 3)  # in EUR, which counts by itself
    assert not await office.alone(51, 4)
    assert await office.sql("SELECT count(*) AS n FROM sole_act") == [(3,)]


async def test_what_two_did_counts_for_neither(office: Office) -> None:
    waits = await office.adjust(101)
    assert isinstance(waits, Proposal)
    approve = ApproveProposal[PostgresUnit]({ActKind.ADJUSTMENT: office.adjust_account.carry_out})
    async with office.unit() as unit:
        await approve(unit, proposal_id=waits.id, decided=office.decided("wang"))
    assert await office.alone(100)


async def test_it_is_counted_once_and_with_the_act_alone(office: Office) -> None:
    with pytest.raises(Killed):
        await office.adjust(60, key="k", dies=True)
    assert await office.sql("SELECT FROM sole_act") == []
    first = await office.adjust(60, key="k")
    assert await office.adjust(60, key="k") == first
    assert await office.alone(40)
    assert not await office.alone(1)


async def test_of_two_at_once_one_is_too_much(office: Office) -> None:
    """To different accounts, so that only the person is the same."""
    assert await office.alone(100, 0)
    done = await asyncio.gather(office.alone(100, 2), office.alone(100, 4))
    assert sorted(done) == [False, True]


async def test_slips_of_a_vendor_add_up(office: Office) -> None:
    vendor = Vendor(
        id=new_id(), code="v", name="Shop", kind=VendorKind.SHOP, currency="CNY",
        limits=Limits(day_limit_micro=10**9, credit_limit_micro=0), opened_at=office.now,
    )  # fmt: skip
    step = VendorStep(action="opened", decided={}, who="w", reason="r", at=office.now)

    async def fund(micro: int) -> bool:
        asked = Funding(
            id=new_id(), key=str(new_id()), amount_micro=micro, means=Means.BANK,
            reference=str(new_id()), who="li", journal_id=0, at=office.now,
        )  # fmt: skip
        async with office.unit() as unit:
            done = await fund_vendor(unit=unit, code="v", asked=asked, terms=TERMS)
        return not isinstance(done, Proposal)

    async with office.unit() as unit:
        await open_vendor(unit=unit, vendor=vendor, step=step, terms=TERMS)
    assert await fund(60)
    assert await fund(40)
    assert not await fund(1)
