"""A household that moves out, and the bank that its money is paid out by."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from ledger_town import ONE_PERSON, REVIEW
from test_ledger_payouts_stack import OURS, Bank

from prepay_ledger.agreements.decide_agreement import DecideAgreement
from prepay_ledger.approvals.decide_proposal import ApproveProposal
from prepay_ledger.approvals.values import ActKind, ApprovalTerms, Proposal
from prepay_ledger.bank.receive_refund import ReceiveRefund
from prepay_ledger.bank.settle_refund import Asked, SettleRefund
from prepay_ledger.bank.values import BankLine
from prepay_ledger.debts.move_debt import record_debt
from prepay_ledger.debts.pause_debt import pause_debt
from prepay_ledger.debts.values import BillCause, NewDebt, Origin
from prepay_ledger.deposits.hold_deposit import hold_deposit
from prepay_ledger.deposits.values import DepositKind, Place, Terms
from prepay_ledger.facts.values import Decided
from prepay_ledger.installations.decide_meter import DecideMeter
from prepay_ledger.refund_requests.accept_given import AcceptGiven
from prepay_ledger.refunds.end_refund import cancel_refund, hand_out
from prepay_ledger.refunds.order_refund import OrderRefund
from prepay_ledger.refunds.postgres_queries import RefundQueries
from prepay_ledger.refunds.values import Order, Payee, Refund, RefundTerms, Way
from prepay_ledger.unit import PostgresUnit

TO = Payee(holder="Zhang Min", bank_account="DE02120300000000202051")
TWO = ApprovalTerms(above_micro=500, term=timedelta(days=7))


async def review(unit: PostgresUnit, account_ids: Sequence[UUID], now: Any) -> None:
    await REVIEW(unit, account_ids, now=now, caused_at=now)


class Leaving(Bank):
    """The first account has topped up; its meter was read a day after it began."""

    approvals: ApprovalTerms = ONE_PERSON
    terms = RefundTerms(cash_max_micro=300, unclaimed_days=10)

    async def move_in(self) -> None:
        await super().move_in()
        await self.pay("p-0", 1_000_000)
        self.refunds = RefundQueries(self.database)
        self.end_day = self.begin.date() + timedelta(days=2)

    @property
    def order_refund(self) -> OrderRefund[PostgresUnit]:
        return OrderRefund[PostgresUnit](
            zone=ZoneInfo("UTC"), approvals=self.approvals, terms=self.terms
        )

    def by(self, who: str = "li") -> Decided:
        return Decided(by=who, reason="moved out", at=self.at)

    async def account(self, number: int = 0) -> tuple[UUID, int]:
        (row,) = await self.sql(
            "SELECT id, balance_micro FROM account WHERE number = $1", f"town-{number}"
        )
        return row["id"], row["balance_micro"]

    async def ends(self) -> None:
        """Its agreement does."""
        account_id, _ = await self.account()
        (row,) = await self.sql("SELECT id FROM agreement WHERE account_id = $1", account_id)
        async with self.unit() as unit:
            await DecideAgreement(review=REVIEW).end(
                unit=unit, account_id=account_id, agreement_id=row["id"], end_day=self.end_day,
                decided=self.by(),
            )  # fmt: skip

    async def leaves(self, register_wh: int | None = 200) -> None:
        """Its meter serves it no more."""
        async with self.unit() as unit:
            await DecideMeter(review=REVIEW).move_out(
                unit=unit, meter_id="m0", at=self.begin + timedelta(days=1),
                register_wh=register_wh, next_account_id=None, decided=self.by(),
            )  # fmt: skip

    async def moves_out(self) -> int:
        """All of it; gives what is left."""
        await self.ends()
        await self.leaves()
        return (await self.account())[1]

    async def order(
        self,
        micro: int,
        *,
        key: str = "k-1",
        way: Way = Way.BANK,
        to: Payee = TO,
        who: str = "li",
        open_unit: Any = None,
    ) -> Any:
        if way is Way.CASH:
            to = replace(to, bank_account="")
        account_id, _ = await self.account()
        asked = Order(
            account_id=account_id, amount_micro=micro, way=way, payee=to, key=key,
            decided=self.by(who),
        )  # fmt: skip
        async with (open_unit or self.unit)() as unit:
            return await self.order_refund(unit, asked=asked)

    @property
    def settle_refund(self) -> SettleRefund:
        return SettleRefund(receive_refund=ReceiveRefund(review=REVIEW), terms=self.approvals)

    @property
    def accept_given(self) -> AcceptGiven:
        return AcceptGiven(take_movement=self.take_movement, term=timedelta(days=7))

    async def approve(self, proposal: Proposal, who: str = "wu", open_unit: Any = None) -> None:
        approve = ApproveProposal[PostgresUnit](
            {
                ActKind.REFUND: self.order_refund.carry_out,
                ActKind.REFUND_MATCH: self.settle_refund.carry_out,
                ActKind.REFUND_GIVEN: self.accept_given.carry_out,
            }
        )
        async with (open_unit or self.unit)() as unit:
            await approve(unit, proposal_id=proposal.id, decided=self.by(who))

    async def holds_deposit(self, micro: int) -> None:
        """In cash that came by the bank."""
        account_id, _ = await self.account()
        async with self.unit() as unit:
            await hold_deposit(
                unit=unit, review=review, account_id=account_id,
                terms=Terms(
                    kind=DepositKind.CASH, amount_micro=micro, currency="CNY", issuer="",
                    reference="receipt 1", valid_from=self.today, valid_until=None,
                ),
                place=Place.BANK, key="d-1", today=self.today, decided=self.by(),
                approvals=ONE_PERSON,
            )  # fmt: skip

    async def owes(self, micro: int) -> UUID:
        """Something is owed apart from the balance, which has as much more for it."""
        account_id, _ = await self.account()
        (row,) = await self.sql("SELECT id FROM agreement WHERE account_id = $1", account_id)
        new = NewDebt(
            account_id=account_id, source=f"edit/{micro}", origin=Origin(row["id"], self.today),
            cause=BillCause.EDIT, our_fault=True, used_until=self.today, amount_micro=micro,
            currency="CNY",
        )  # fmt: skip
        async with self.unit() as unit:
            await unit.balances.lock(account_id)
            await record_debt(unit=unit, new=new, at=self.at)
        (debt,) = await self.sql("SELECT id FROM debt WHERE source = $1", new.source)
        return debt["id"]

    async def pauses(self, debt_id: UUID) -> None:
        async with self.unit() as unit:
            await pause_debt(
                unit=unit, debt_id=debt_id, until=self.today + timedelta(days=90),
                decided=self.by(),
            )  # fmt: skip

    async def cancel(self, refund: Refund, key: str = "k-9") -> Refund:
        async with self.unit() as unit:
            return await cancel_refund(
                unit=unit, review=review, refund_id=refund.id, key=key, decided=self.by()
            )

    async def hand(self, refund: Refund, slip: str = "S-1", key: str = "k-8") -> Refund:
        async with self.unit() as unit:
            return await hand_out(
                unit=unit, refund_id=refund.id, slip=slip, key=key, decided=self.by()
            )

    async def matches(
        self, refund: Refund, line: BankLine, key: str = "k-7", who: str = "li"
    ) -> Refund | Proposal:
        """A person says that the line is the refund."""
        asked = Asked(refund_id=refund.id, line_id=line.id, key=key, decided=self.by(who))
        async with self.unit() as unit:
            return await self.settle_refund(unit, asked=asked)

    async def went(self, refund: Refund, micro: int | None = None, text: str = "") -> BankLine:
        """A line of the bank by which money went out."""
        out = self.line(micro or refund.amount_micro, text or refund.reference, sign="DBIT")
        (line,) = await self.statement(out)
        return line

    async def came_back(self, refund: Refund, micro: int | None = None, text: str = "") -> BankLine:
        """A line of the bank by which it came back: a return of what we had sent."""
        amount = micro or refund.amount_micro
        back = self.line(amount, text or refund.reference).replace(
            "</TxDtls>", "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf></TxDtls>"
        )
        (line,) = await self.statement(back)
        return line

    async def found(self, refund: Refund) -> Refund:
        return await self.refunds.refund(refund.id)

    async def stands(self) -> tuple[int, int, int]:
        """The balance, what is in transit, and what went through the bank."""
        posted = await self.posted()
        names = ("refunds-in-transit", f"clearing:bank/{OURS}")
        transit, bank = (posted.get(name, 0) for name in names)
        return (await self.account())[1], transit, bank


async def leaving_town(own_database_url: str) -> AsyncGenerator[Leaving]:
    """Made a fixture of where it is used."""
    town = Leaving(own_database_url)
    await town.move_in()
    yield town
    await town.holds()
    await town.database.close()
