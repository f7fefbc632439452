"""Whatever moves money, in any order, died in, repeated and done twice at once: none is made or
lost, nothing is credited twice, and billing hears of all of it."""

import asyncio
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from ledger_money import ACCOUNTS, How
from ledger_money_bank import BOOKINGS
from ledger_money_late import Overdue
from ledger_money_paid import PAYMENTS

from prepay_ledger.debit_formats.values import AnswerKind
from prepay_ledger.deposits.values import Place
from prepay_ledger.providers.values import Kind

pytestmark = pytest.mark.stack

HOW = st.sampled_from(How)
WHO = st.integers(0, ACCOUNTS - 1)
OF_THESE = st.sampled_from([0, 2])
"""Accounts in the currency of the shop, the bank and the deposits."""
WHICH = st.integers(0, PAYMENTS - 1)
FEW = st.integers(0, 3)
MICRO = st.sampled_from([1, 90, 301, 700])
"""Some of it takes two people."""
BACK = st.sampled_from([40, 1_000])
"""Some of it is more than was paid."""
KINDS = st.sampled_from(
    [Kind.REFUNDED, Kind.REFUND_FAILED, Kind.REVERSED, Kind.DISPUTED, Kind.DISPUTE_WON]
)
PLACES = st.sampled_from([Place.BANK, Place.CASH, Place.BALANCE])


class Money(RuleBasedStateMachine):
    """Each run has households, a provider, a bank and a shop of its own."""

    town: ClassVar[Overdue]
    runner: ClassVar[asyncio.Runner]

    def run(self, what: Any) -> None:
        self.runner.run(what)

    @initialize()
    def begins(self) -> None:
        self.run(self.town.move_in())

    @rule(n=WHICH, how=HOW)
    def pays(self, n: int, how: How) -> None:
        self.run(self.town.pay(n, how))

    @rule(n=WHICH)
    def is_told_otherwise(self, n: int) -> None:
        self.run(self.town.pay_otherwise(n))

    @rule(
        n=WHICH, kind=KINDS, movement=st.integers(0, 1), micro=st.sampled_from([40, 1_000]), how=HOW
    )
    def goes_back(self, n: int, kind: Kind, movement: int, micro: int, how: How) -> None:
        self.run(self.town.tell(n, kind, movement, micro, how))

    @rule(n=WHICH, how=HOW)
    def settles(self, n: int, how: How) -> None:
        self.run(self.town.settle_provider(n, how))

    @rule(how=HOW)
    def resolves(self, how: How) -> None:
        self.run(self.town.resolve(how))

    @rule(n=st.integers(0, BOOKINGS - 1), how=HOW, otherwise=st.booleans())
    def reaches_the_bank(self, n: int, how: How, *, otherwise: bool) -> None:
        self.run(self.town.bank_tells(n, how, otherwise=otherwise, goes_back=False))

    @rule(n=st.integers(0, BOOKINGS - 1), how=HOW)
    def leaves_the_bank(self, n: int, how: How) -> None:
        self.run(self.town.bank_tells(n, how, otherwise=False, goes_back=True))

    @rule(how=HOW)
    def is_paid_out(self, how: How) -> None:
        self.run(self.town.bank_pays_out(how))

    @rule()
    def payouts_are_matched(self) -> None:
        self.run(self.town.match_payouts())

    @rule(how=HOW, undo=st.booleans())
    def a_payout_is_settled(self, how: How, *, undo: bool) -> None:
        self.run(self.town.settle_payout(how, undo=undo))

    @rule(how=HOW)
    def a_line_is_taken(self, how: How) -> None:
        self.run(self.town.take_doubtful(how))

    @rule(n=WHO, micro=MICRO, how=HOW, gives=st.booleans(), may_overdraw=st.booleans())
    def adjusts(self, n: int, micro: int, how: How, *, gives: bool, may_overdraw: bool) -> None:
        signed = micro if gives else -micro
        self.run(self.town.adjust(n, signed, how, may_overdraw=may_overdraw))

    @rule(from_=WHO, to=WHO, micro=MICRO, how=HOW)
    def transfers(self, from_: int, to: int, micro: int, how: How) -> None:
        self.run(self.town.transfer(from_, to, micro, how))

    @rule(n=FEW, how=HOW)
    def approves(self, n: int, how: How) -> None:
        self.run(self.town.approve(n, how))

    @rule(n=WHICH, to=WHO, how=HOW)
    def assigns(self, n: int, to: int, how: How) -> None:
        self.run(self.town.assign(n, to, how))

    @rule(n=WHICH, how=HOW)
    def gives_back(self, n: int, how: How) -> None:
        self.run(self.town.give_back(n, how))

    @rule(n=OF_THESE, micro=MICRO, place=st.none() | PLACES, how=HOW)
    def holds(self, n: int, micro: int, place: Place | None, how: How) -> None:
        self.run(self.town.hold(n, micro, place, how))

    @rule(n=FEW, micro=MICRO, how=HOW)
    def draws(self, n: int, micro: int, how: How) -> None:
        self.run(self.town.draw(n, micro, how))

    @rule(n=FEW, micro=MICRO, how=HOW)
    def receives(self, n: int, micro: int, how: How) -> None:
        self.run(self.town.receive(n, micro, how))

    @rule(n=FEW, micro=MICRO, place=PLACES, how=HOW)
    def releases(self, n: int, micro: int, place: Place, how: How) -> None:
        self.run(self.town.release(n, micro, place, how))

    @rule(micro=MICRO, how=HOW)
    def funds(self, micro: int, how: How) -> None:
        self.run(self.town.fund(micro, how))

    @rule(how=HOW)
    def takes_funding_back(self, how: How) -> None:
        self.run(self.town.take_funding_back(how))

    @rule(n=OF_THESE, micro=MICRO, how=HOW)
    def sells(self, n: int, micro: int, how: How) -> None:
        self.run(self.town.sell(n, micro, how))

    @rule(n=FEW, how=HOW)
    def voids(self, n: int, how: How) -> None:
        self.run(self.town.void(n, how))

    @rule(n=WHO, micro=MICRO, how=HOW)
    def owes(self, n: int, micro: int, how: How) -> None:
        self.run(self.town.owe(n, micro, how))

    @rule(how=HOW)
    def pays_off(self, how: How) -> None:
        self.run(self.town.pay_off(how))

    @rule(n=WHO, how=HOW)
    def is_helped(self, n: int, how: How) -> None:
        self.run(self.town.help(n, how))

    @rule(n=WHO)
    def uses(self, n: int) -> None:
        self.run(self.town.use(n))

    @rule(n=WHO, how=HOW)
    def changes_mode(self, n: int, how: How) -> None:
        self.run(self.town.change_mode(n, how))

    @rule(n=WHO)
    def is_billed(self, n: int) -> None:
        self.run(self.town.bills(n))

    @rule(days=st.sampled_from([1, 5, 20]), how=HOW)
    def is_late(self, days: int, how: How) -> None:
        self.run(self.town.days_pass(days, how))

    @rule(n=WHO, micro=MICRO, how=HOW)
    def is_not_charged_late(self, n: int, micro: int, how: How) -> None:
        self.run(self.town.waive(n, micro, how))

    @rule(n=WHO)
    def is_collected(self, n: int) -> None:
        self.run(self.town.asks_the_bank(n))

    @rule(k=FEW, kind=st.sampled_from(AnswerKind), how=HOW)
    def the_bank_answers(self, k: int, kind: AnswerKind, how: How) -> None:
        self.run(self.town.bank_answers(k, kind, how))

    @rule()
    def restarts(self) -> None:
        self.run(self.town.restart())

    def teardown(self) -> None:
        if self.town.accounts:
            self.run(self.town.agrees())


def _play(url: str, *, runs: int, steps: int) -> None:
    with asyncio.Runner() as runner:
        town = Overdue(url)
        runner.run(town.begin_here())
        machine = type("Money", (Money,), {"town": town, "runner": runner})
        try:
            run_state_machine_as_test(
                machine,
                settings=settings(
                    max_examples=runs, stateful_step_count=steps, deadline=None,
                    suppress_health_check=list(HealthCheck), print_blob=True,
                ),
            )  # fmt: skip
            runner.run(town.holds())
        finally:
            runner.run(town.close())


async def _everything(town: Overdue, how: How) -> None:
    """Each act at least once, such that it is done."""
    await town.move_in()
    for n in range(PAYMENTS):
        await town.settle_provider(n, how)
    await town.resolve(how)
    await town.tell(1, Kind.REFUNDED, 0, 40, how)
    for n in range(PAYMENTS):
        await town.pay(n, how)
        await town.pay_otherwise(n)
    for kind in (Kind.DISPUTED, Kind.DISPUTE_WON, Kind.REVERSED, Kind.REFUND_FAILED):
        await town.tell(3, kind, 1, 90, how)
    await town.assign(4, 0, how)
    await town.approve(0, how)
    await town.give_back(5, how)
    await town.approve(0, how)
    for otherwise in (False, True):
        for n in range(BOOKINGS):
            await town.bank_tells(n, how, otherwise=otherwise, goes_back=False)
    await town.take_doubtful(how)
    await town.bank_tells(1, how, otherwise=False, goes_back=True)
    await town.bank_pays_out(how)
    await town.settle_payout(how, undo=True)
    await town.settle_payout(how, undo=False)
    await town.match_payouts()
    for n, micro in ((0, 90), (1, -90), (2, 700)):
        await town.adjust(n, micro, how, may_overdraw=False)
    await town.adjust(3, -9_000, how, may_overdraw=True)
    await town.transfer(0, 2, 90, how)
    await town.transfer(0, 2, 301, how)
    for _ in range(3):
        await town.approve(0, how)
    await town.fund(700, how)
    await town.fund(90, how)
    await town.approve(0, how)
    await town.sell(0, 301, how)
    await town.void(0, how)
    await town.take_funding_back(how)
    await town.owe(0, 700, how)
    await town.sell(0, 90, how)
    await town.pay_off(how)
    for place in (None, *Place):
        await town.hold(0, 90, place, how)
    await town.hold(0, 700, Place.BANK, how)
    await town.approve(0, how)
    await town.owe(2, 700, how)
    await town.restart()
    await town.adjust(0, -9_000, how, may_overdraw=True)
    await town.approve(0, how)
    for n in range(4):
        await town.draw(n, 1, how)
        await town.receive(n, 1, how)
        await town.release(n, 1, list(Place)[n - 1], how)
    await town.adjust(1, 400 - await town.balance(1), how, may_overdraw=False)
    await town.approve(-1, how)
    await town.help(1, how)
    await town.use(1)
    for n in (0, 1):
        for _ in range(4):
            await town.change_mode(n, how)
    await _gets_late(town, 2, how)
    await town.agrees()


async def _gets_late(town: Overdue, n: int, how: How) -> None:
    """It is post-paid, does not pay, and is asked by its bank, which pays, and takes it back."""
    for _ in range(2):
        await town.change_mode(n, how)
    await town.bills(n)
    await town.days_pass(20, how)
    await town.waive(n, 90, how)
    await town.asks_the_bank(n)
    # Of what is at the bank days cost nothing: the newest statement asks for all.
    await town.days_pass(1, how)
    await town.bank_answers(0, AnswerKind.PAID, how)
    await town.days_pass(1, how)
    await town.bank_answers(0, AnswerKind.RETURNED, how)
    await town.bills(n)
    await town.days_pass(20, how)
    await town.asks_the_bank(n)
    await town.bank_answers(1, AnswerKind.REFUSED, how)
    await town.days_pass(1, how)
    await town.waive(n, 301, how)
    await town.approve(-1, how)


async def test_each_act_moves_what_it_should_however_it_goes(own_database_url: str) -> None:
    town = Overdue(own_database_url)
    await town.begin_here()
    for how in How:
        town.done.clear()
        await _everything(town, how)
        assert town.done >= _ALL, _ALL - town.done
    await town.holds()
    await town.close()


_ALL = {
    "adjust", "approve adjustment", "approve deposit-hold", "approve late-charge-waiver",
    "approve suspense-assignment", "bank: paid", "bank: refused", "bank: returned", "bills", "late",
    "waive",
    "approve suspense-return", "approve transfer", "approve vendor-funding", "ask for arrears",
    "ask for prepay", "assign", "bank file", "bank line", "call", "draw", "emergency credit",
    "fund", "give back", "hold None", "hold balance", "hold bank", "hold cash", "match a payout",
    "match payouts", "mode 1", "mode 3", "owe", "pay", "pay off", "receive", "release None",
    "release balance", "release bank", "release cash", "resolve", "reverse a funding", "sell",
    "settle", "take a line", "tell refunded", "transfer", "undo a payout", "void",
}  # fmt: skip


@pytest.mark.timeout(600)
def test_money_is_neither_made_nor_lost_nor_credited_twice(own_database_url: str) -> None:
    _play(own_database_url, runs=6, steps=25)


@pytest.mark.chaos
@pytest.mark.timeout(3_600)
def test_nor_in_many_more_orders(own_database_url: str) -> None:
    _play(own_database_url, runs=400, steps=60)
