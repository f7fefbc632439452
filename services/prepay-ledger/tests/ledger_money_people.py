"""What staff decide in the town of money, alone or by two, and what each has to move."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from ledger_money import How, Moves
from ledger_money_bank import Banking
from ledger_money_paid import SUSPENSE, Paid
from ledger_town import REVIEW

from prepay_ledger.adjustments.adjust_account import AdjustAccount
from prepay_ledger.adjustments.transfer_money import TransferMoney
from prepay_ledger.adjustments.values import AdjustmentOrder, Cause, TransferOrder
from prepay_ledger.approvals.decide_proposal import ApproveProposal
from prepay_ledger.approvals.ports import CarryOut
from prepay_ledger.approvals.refusals import ProposalDecided
from prepay_ledger.approvals.values import ActKind, ApprovalTerms, Proposal
from prepay_ledger.deposits.carry_out_steps import CarryOutSteps
from prepay_ledger.deposits.draw_deposit import draw_deposit, receive_called
from prepay_ledger.deposits.hold_deposit import hold_deposit
from prepay_ledger.deposits.release_deposit import release_deposit
from prepay_ledger.deposits.values import Deposit, DepositKind, Place, Terms
from prepay_ledger.facts.values import Decided as By
from prepay_ledger.journal.values import refund_due
from prepay_ledger.payments.assign_payment import AssignPayment
from prepay_ledger.payments.credit import Decided
from prepay_ledger.payments.return_payment import carry_out_return, return_payment
from prepay_ledger.unit import PostgresUnit
from prewatt_common.ids import new_id
from prewatt_common.refusals import Refusal

MUCH = 300
"""Above it an act takes two people."""
TERMS = ApprovalTerms(above_micro=MUCH, term=timedelta(days=7))
PLACES = {Place.BANK: "bank", Place.CASH: "cash"}


class Waiting(NamedTuple):
    """An act that waits for a second person. ``done``: what follows from it once it is done, and
    what that has to move."""

    proposal: Proposal
    done: Callable[[], Moves]


@dataclass
class Held:
    """A deposit of an account."""

    id: UUID
    number: int
    is_cash: bool


async def review(unit: PostgresUnit, account_ids: Any, now: datetime) -> None:
    await REVIEW(unit, account_ids, now=now, caused_at=now)


class Deciding(Banking):
    """With clerks who put balances right, place money in suspense and hold deposits."""

    async def move_in(self) -> None:
        await super().move_in()
        self.waiting: list[Waiting] = []
        self.deposits: list[Held] = []

    def make(self) -> None:
        super().make()
        self.adjust_account = AdjustAccount(review=REVIEW, terms=TERMS)
        self.transfer_money = TransferMoney(review=REVIEW, terms=TERMS)
        self.assign_payment = AssignPayment(review=REVIEW, terms=TERMS)
        steps = CarryOutSteps[PostgresUnit](review=review, zone=ZoneInfo("UTC"))
        self.carries_out: dict[ActKind, CarryOut[PostgresUnit]] = {
            ActKind.ADJUSTMENT: self.adjust_account.carry_out,
            ActKind.TRANSFER: self.transfer_money.carry_out,
            ActKind.SUSPENSE_ASSIGNMENT: self.assign_payment.carry_out,
            ActKind.SUSPENSE_RETURN: carry_out_return,
            ActKind.DEPOSIT_HOLD: steps.hold,
            ActKind.DEPOSIT_DRAW: steps.draw,
            ActKind.DEPOSIT_RELEASE: steps.release,
        }
        self.approve_proposal = ApproveProposal[PostgresUnit](self.carries_out)

    def by(self, who: str = "li") -> By:
        return By(by=who, reason="r", at=self.at)

    async def asks(self, act: Any, done: Callable[[], Moves], *, how: How, what: str) -> None:
        """What is much waits and moves nothing; anything else is done."""

        def moves(outcome: Any) -> Moves:
            if not isinstance(outcome, Proposal):
                return done()
            if all(each.proposal.id != outcome.id for each in self.waiting):
                self.waiting.append(Waiting(outcome, done))
            return {}

        await self.step(act, moves, how=how, what=what)

    async def approve(self, n: int, how: How) -> None:
        """Two people approve the same proposal, at once or one after the other: one does it."""
        if not self.waiting:
            return
        waiting = self.waiting[n % len(self.waiting)]

        def approves(who: str, how: How = how) -> Any:
            async def act(unit: PostgresUnit) -> Proposal:
                return await self.approve_proposal(
                    unit, proposal_id=waiting.proposal.id, decided=self.by(who)
                )

            return self.attempt(act, how=how, what=f"approve {waiting.proposal.act.kind}")

        if how is How.DIES:
            # Whoever has died looks whether that moved anything, and so nobody else does meanwhile.
            first, second = await approves("wang"), await approves("zhao", How.ONCE)
        else:
            first, second = await asyncio.gather(approves("wang"), approves("zhao"))
        outcomes = [each for each in (first, second) if not isinstance(each, Refusal)]
        assert len(outcomes) <= 1
        if outcomes:
            assert any(isinstance(each, ProposalDecided) for each in (first, second))
            self.waiting.remove(waiting)
        await self.has_moved(waiting.done() if outcomes else {}, "approve")

    async def adjust(self, n: int, micro: int, how: How, *, may_overdraw: bool) -> None:
        asked = AdjustmentOrder(
            key=str(new_id()), account_id=self.accounts[n], amount_micro=micro,
            cause=Cause.CHARGE_ERROR, may_overdraw=may_overdraw, who="li", reason="r",
        )  # fmt: skip

        async def act(unit: PostgresUnit) -> Any:
            return await self.adjust_account(unit, asked=asked, now=self.at)

        moves = {str(self.accounts[n]): micro, "adjustments:charge-error": -micro}
        await self.asks(act, lambda: moves, how=how, what="adjust")

    async def transfer(self, from_: int, to: int, micro: int, how: How) -> None:
        """Two at once where ``how`` says so, and each way."""

        def order(one: int, other: int) -> Any:
            asked = TransferOrder(
                key=str(new_id()), from_account_id=self.accounts[one],
                to_account_id=self.accounts[other], amount_micro=micro, may_overdraw=False,
                who="li", reason="r",
            )  # fmt: skip

            async def act(unit: PostgresUnit) -> Any:
                return await self.transfer_money(unit, asked=asked, now=self.at)

            return act

        def there() -> Moves:
            return {str(self.accounts[from_]): -micro, str(self.accounts[to]): micro}

        if how is not How.TWICE or micro > MUCH:
            await self.asks(order(from_, to), there, how=how, what="transfer")
            return
        done = await asyncio.gather(
            self.attempt(order(from_, to), how=How.ONCE, what="transfer"),
            self.attempt(order(to, from_), how=How.ONCE, what="transfer"),
        )
        net = sum(
            sign * micro
            for sign, each in zip((1, -1), done, strict=True)
            if not isinstance(each, Refusal)
        )
        moves = {str(self.accounts[from_]): -net, str(self.accounts[to]): net}
        await self.has_moved(moves, "transfer")

    async def assign(self, n: int, to: int, how: How) -> None:
        """Money in suspense is given to an account."""
        paid = self.payments[n]
        found = await self.sql(
            "SELECT id FROM payment WHERE payment_id = $1", paid.payment.payment_id
        )
        if not found:
            return

        async def act(unit: PostgresUnit) -> Any:
            return await self.assign_payment(
                unit=unit, payment=found[0]["id"], account_id=self.accounts[to],
                account_number=None, decided=Decided("li", "r"), now=self.at,
            )  # fmt: skip

        await self.asks(
            act, lambda: self._leaves(paid, str(self.accounts[to])), how=how, what="assign"
        )

    async def give_back(self, n: int, how: How) -> None:
        """It is to go back to its payer."""
        paid = self.payments[n]
        found = await self.sql(
            "SELECT id FROM payment WHERE payment_id = $1", paid.payment.payment_id
        )
        if not found:
            return

        async def act(unit: PostgresUnit) -> Any:
            return await return_payment(
                unit=unit, payment=found[0]["id"], decided=Decided("li", "r"), terms=TERMS,
                now=self.at,
            )  # fmt: skip

        due = refund_due(self.provider)
        await self.asks(act, lambda: self._leaves(paid, due), how=how, what="give back")

    def _leaves(self, paid: Paid, place: str) -> Moves:
        if paid.place != SUSPENSE:
            return {}
        paid.place = place
        return {SUSPENSE: -paid.left_micro, place: paid.left_micro}

    async def hold(self, n: int, micro: int, place: Place | None, how: How) -> None:
        """A deposit from a place; without one, a guarantee."""
        terms = Terms(
            kind=DepositKind.GUARANTEE if place is None else DepositKind.CASH, amount_micro=micro,
            currency="CNY", issuer="First Bank" if place is None else "", reference=str(new_id()),
            valid_from=self.today, valid_until=self.today + timedelta(days=99),
        )  # fmt: skip
        key = str(new_id())

        async def act(unit: PostgresUnit) -> Deposit | Proposal:
            return await hold_deposit(
                unit=unit, review=review, account_id=self.accounts[n], terms=terms, place=place,
                key=key, today=self.today, decided=self.by(), approvals=TERMS,
            )  # fmt: skip

        def done() -> Moves:
            return {str(self.accounts[n]): micro, PLACES[place]: -micro} if place in PLACES else {}

        await self.asks(act, done, how=how, what=f"hold {place}")
        await self._look_at_deposits()

    async def draw(self, n: int, micro: int, how: How) -> None:
        """So much pays what the balance owes."""
        held = self._held(n)
        if held is None:
            return
        key = str(new_id())

        async def act(unit: PostgresUnit) -> Deposit | Proposal:
            return await draw_deposit(
                unit=unit, review=review, deposit_id=held.id, amount_micro=micro, debt_id=None,
                key=key, today=self.today, decided=self.by(), approvals=TERMS,
            )  # fmt: skip

        called = {str(self.accounts[held.number]): micro, "guarantees-called": -micro}
        what = "draw" if held.is_cash else "call"
        await self.asks(act, lambda: {} if held.is_cash else called, how=how, what=what)
        await self._look_at_deposits()

    async def receive(self, n: int, micro: int, how: How) -> None:
        """A guarantee's issuer has paid."""
        held = self._held(n)
        if held is None:
            return
        key = str(new_id())

        async def act(unit: PostgresUnit) -> Deposit:
            return await receive_called(
                unit=unit, deposit_id=held.id, amount_micro=micro, key=key, decided=self.by()
            )

        moves = {"guarantees-called": micro, "bank": -micro}
        await self.step(act, lambda _: moves, how=how, what="receive")

    async def release(self, n: int, micro: int, place: Place, how: How) -> None:
        held = self._held(n)
        if held is None:
            return
        key, to = str(new_id()), place if held.is_cash else None

        async def act(unit: PostgresUnit) -> Deposit | Proposal:
            return await release_deposit(
                unit=unit, review=review, deposit_id=held.id, amount_micro=micro, place=to, key=key,
                decided=self.by(), approvals=TERMS,
            )  # fmt: skip

        account = str(self.accounts[held.number])
        moves = {account: -micro, PLACES[place]: micro} if to in PLACES else {}
        await self.asks(act, lambda: moves, how=how, what=f"release {to}")

    def _held(self, n: int) -> Held | None:
        return self.deposits[n % len(self.deposits)] if self.deposits else None

    async def _look_at_deposits(self) -> None:
        rows = await self.sql(
            "SELECT id, account_id, kind FROM deposit WHERE account_id = ANY($1) ORDER BY id",
            self.accounts,
        )
        self.deposits = [
            Held(row["id"], self.accounts.index(row["account_id"]), row["kind"] == "cash")
            for row in rows
        ]
