"""What is sold over the counter in the town of money, and what befalls a household there."""

from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from ledger_money import ACCOUNTS, How
from ledger_money_people import TERMS, Deciding, review
from ledger_town import REVIEW

from prepay_ledger.approvals.decide_proposal import ApproveProposal
from prepay_ledger.approvals.values import ActKind, Proposal
from prepay_ledger.debts.move_debt import record_debt
from prepay_ledger.debts.pay_off import pay_off
from prepay_ledger.debts.plan_debt import plan_debt
from prepay_ledger.debts.values import BillCause, NewDebt, Origin
from prepay_ledger.emergency_credits.accept_credit import accept_credit
from prepay_ledger.emergency_credits.values import Acceptance, Means
from prepay_ledger.journal.values import clearing
from prepay_ledger.mandates.values import Consent
from prepay_ledger.mode_changes.carry_on import CarryOnChanges
from prepay_ledger.mode_changes.request_change import request_change
from prepay_ledger.mode_changes.values import Terms
from prepay_ledger.payments.take_movement import TakeMovement
from prepay_ledger.prepay_agreements.sign_agreement import sign_agreement
from prepay_ledger.prepay_agreements.values import direct_terms
from prepay_ledger.unit import PostgresUnit
from prepay_ledger.vending.fund_vendor import carry_out_funding, fund_vendor
from prepay_ledger.vending.open_vendor import add_seller, open_vendor
from prepay_ledger.vending.reverse_funding import (
    ReversalOrder,
    carry_out_reversal,
    reverse_funding,
)
from prepay_ledger.vending.take_vend import TakeVend
from prepay_ledger.vending.values import (
    Funding,
    Limits,
    Order,
    Tender,
    Vend,
    Vendor,
    VendorKind,
    VendorStep,
)
from prepay_ledger.vending.values import (
    Means as PaidBy,
)
from prepay_ledger.vending.void_vend import VoidOrder, VoidVend
from prewatt_common.contracts.procedure_v1 import Mode
from prewatt_common.ids import new_id
from prewatt_common.refusals import Refusal

UTC_ZONE = ZoneInfo("UTC")
HOURS = 480
"""From the town's beginning to the first instant of its today."""


class Household(Deciding):
    """With a shop, debts, and accounts that change how they pay."""

    async def move_in(self) -> None:
        await super().move_in()
        self.shop = f"v-{self.run}"
        self.sales: list[Vend] = []
        self.voided: set[UUID] = set()
        self.funded: list[tuple[UUID, int]] = []
        self.reversed: set[UUID] = set()
        self.hour = [HOURS - 100] * ACCOUNTS
        self.changes = [0] * ACCOUNTS
        vendor = Vendor(
            id=new_id(), code=self.shop, name="Shop", kind=VendorKind.SHOP, currency="CNY",
            limits=Limits(day_limit_micro=10**9, credit_limit_micro=0), opened_at=self.at,
        )  # fmt: skip
        step = VendorStep(action="opened", decided={}, who="w", reason="r", at=self.at)
        async with self.unit() as unit:
            await open_vendor(unit=unit, vendor=vendor, step=step, terms=TERMS)
            await add_seller(unit=unit, code=self.shop, subject=self.shop, step=step)

    def make(self) -> None:
        super().make()
        self.take_vend = TakeVend(
            take_payment=self.take_payment, zone=UTC_ZONE, clock=lambda: self.at
        )
        self.void_vend = VoidVend(take_movement=TakeMovement(review=REVIEW), zone=UTC_ZONE)
        self.carries_out |= {
            ActKind.VENDOR_FUNDING: carry_out_funding,
            ActKind.VENDOR_FUNDING_REVERSAL: carry_out_reversal,
        }
        self.approve_proposal = ApproveProposal[PostgresUnit](self.carries_out)

    async def fund(self, micro: int, how: How) -> None:
        asked = Funding(
            id=new_id(), key=str(new_id()), amount_micro=micro, means=PaidBy.BANK,
            reference=str(new_id()), who="li", journal_id=0, at=self.at,
        )  # fmt: skip

        async def act(unit: PostgresUnit) -> Funding | Proposal:
            return await fund_vendor(unit=unit, code=self.shop, asked=asked, terms=TERMS)

        moves = {clearing(f"vendor/{self.shop}"): micro, "bank": -micro}
        await self.asks(act, lambda: moves, how=how, what="fund")
        rows = await self.sql(
            "SELECT f.id, f.amount_micro FROM vendor_funding AS f JOIN vendor AS v "
            "ON v.id = f.vendor_id WHERE v.code = $1 ORDER BY f.id",
            self.shop,
        )
        self.funded = [(row["id"], row["amount_micro"]) for row in rows]

    async def take_funding_back(self, how: How) -> None:
        """The newest slip never came to the bank, says somebody else."""
        left = [each for each in self.funded if each[0] not in self.reversed]
        if not left:
            return
        funding_id, micro = left[-1]
        asked = ReversalOrder(key=str(new_id()), who="wu", reason="r", at=self.at)

        async def act(unit: PostgresUnit) -> Funding | Proposal:
            return await reverse_funding(
                unit=unit, code=self.shop, funding_id=funding_id, asked=asked, terms=TERMS
            )

        def done() -> dict[str, int]:
            self.reversed.add(funding_id)
            return {clearing(f"vendor/{self.shop}"): -micro, "bank": micro}

        await self.asks(act, done, how=how, what="reverse a funding")

    async def sell(self, n: int, micro: int, how: How) -> None:
        order = Order(
            key=str(new_id()), account_number=self.number(n), amount_micro=micro,
            tender=Tender.CASH,
        )  # fmt: skip

        async def act(unit: PostgresUnit) -> Vend:
            return await self.take_vend(unit, order=order, sold_by=self.shop)

        moves = {str(self.accounts[n]): micro, clearing(f"vendor/{self.shop}"): -micro}
        done = await self.step(act, lambda _: moves, how=how, what="sell")
        if not isinstance(done, Refusal):
            self.sales.append(done)

    async def void(self, n: int, how: How) -> None:
        if not self.sales:
            return
        vend = self.sales[n % len(self.sales)]
        key = str(new_id())

        async def act(unit: PostgresUnit) -> Vend:
            asked = VoidOrder(key=key, who=self.shop, supervises=False, reason="r")
            return await self.void_vend(unit, vend_id=vend.id, asked=asked, now=self.at)

        order = vend.order
        account = next(i for i in range(ACCOUNTS) if self.number(i) == order.account_number)
        micro = 0 if vend.id in self.voided else order.amount_micro
        moves = {str(self.accounts[account]): -micro, clearing(f"vendor/{self.shop}"): micro}
        done = await self.step(act, lambda _: moves, how=how, what="void")
        if not isinstance(done, Refusal):
            self.voided.add(vend.id)

    async def owe(self, n: int, micro: int, how: How) -> None:
        """Something of the past is owed apart from the balance, which had been charged for it; a
        third of each top-up pays it."""
        rows = await self.sql(
            "SELECT id FROM agreement WHERE account_id = $1 ORDER BY first_day", self.accounts[n]
        )
        source, source_day = f"edit/{new_id()}", self.begin.date()
        new = NewDebt(
            account_id=self.accounts[n], source=source, origin=Origin(rows[0]["id"], source_day),
            cause=BillCause.EDIT, our_fault=True, used_until=source_day, amount_micro=micro,
            currency="CNY" if n % 2 == 0 else "EUR",
        )  # fmt: skip

        async def act(unit: PostgresUnit) -> None:
            await unit.balances.lock(self.accounts[n])
            await record_debt(unit=unit, new=new, at=self.at)
            for each in await unit.debts.lock_of(self.accounts[n]):
                if each.source == source:
                    await plan_debt(
                        unit=unit, debt_id=each.id, instalments=None, first_due=None,
                        topup_share_ppm=333_333, decided=self.by(),
                    )  # fmt: skip

        await self.step(act, lambda _: {}, how=how, what="owe")

    async def pay_off(self, how: How) -> None:
        """The job: what goes from a balance to a debt stays the account's."""

        async def act(unit: PostgresUnit) -> int:
            return await pay_off(
                unit=unit, account_ids=sorted(self.accounts), today=self.at.date(), at=self.at
            )

        await self.step(act, lambda _: {}, how=how, what="pay off")

    async def help(self, n: int, how: How) -> None:
        """Emergency credit is accepted: it is no money, but may be used."""
        decided = self.by("the app")
        acceptance = Acceptance(means=Means.APP, key=str(new_id()), decided=decided)

        async def act(unit: PostgresUnit) -> Any:
            return await accept_credit(
                unit=unit, review=review, account_id=self.accounts[n], acceptance=acceptance
            )

        await self.step(act, lambda _: {}, how=how, what="emergency credit")

    async def use(self, n: int) -> None:
        """Some energy."""
        self.hour[n] += 1
        await self.read(self.hour[n], [self.opened - ACCOUNTS + n])
        await self.has_moved({}, "use")

    async def change_mode(self, n: int, how: How) -> None:
        """Asked for, and made once the meter was read; to post-paid first, and back from
        tomorrow on."""
        stage, self.changes[n] = self.changes[n], self.changes[n] + 1
        if stage in (0, 2):
            await self._request(n, Mode.ARREARS if stage == 0 else Mode.PREPAY, how)
        elif stage in (1, 3):
            if stage == 3:
                self.at += timedelta(days=1)
                await self._sign(n)
            self.hour[n] = HOURS + 24 * (self.at.date() - self.today).days + 2
            await self.read(self.hour[n], [self.opened - ACCOUNTS + n])
            # One that waits is looked at again some seconds later.
            self.at += timedelta(seconds=11)
            before = await self._modes_changed()
            await CarryOnChanges(
                open_unit=self.unit, review=REVIEW, clock=lambda: self.at, committed=lambda: None
            )()
            await self.has_moved({}, "mode")
            if await self._modes_changed() > before:
                self.done.add(f"mode {stage}")

    async def _request(self, n: int, to: Mode, how: How) -> None:
        terms = Terms(
            to=to, first_day=self.at.date() + timedelta(days=to is Mode.PREPAY),
            tariff_code=self.tariff_code(n, to),
            consent=Consent(by="Zhang Min", reference="A-17", at=self.at),
        )  # fmt: skip
        key = str(new_id())

        async def act(unit: PostgresUnit) -> Any:
            return await request_change(
                unit=unit, account_id=self.accounts[n], terms=terms, key=key, decided=self.by()
            )

        await self.step(act, lambda _: {}, how=how, what=f"ask for {to}")

    def tariff_code(self, n: int, _: Mode) -> str:
        return "in-cny" if n % 2 == 0 else "in-eur"

    async def _sign(self, n: int) -> None:
        terms = direct_terms(
            number=self.number(n), low_balance_micro=0, overdraft_micro=0, at=self.at
        )

        async def act(unit: PostgresUnit) -> Any:
            return await sign_agreement(
                unit=unit, account_id=self.accounts[n], terms=terms, decided=self.by()
            )

        await self.step(act, lambda _: {}, how=How.ONCE, what="sign")

    async def _modes_changed(self) -> int:
        (row,) = await self.sql("SELECT count(*) AS n FROM mode_change WHERE state = 'done'")
        return row["n"]
