"""Batch debits and lines of the bank that a person has to look at, on PostgreSQL: what names a
debit is credited by that debit alone."""

from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
from ledger_bank import details, entry
from ledger_debits import OURS, Debits
from ledger_scratch import Scratch
from ledger_town import ONE_PERSON, REVIEW

from prepay_ledger.bank.match_payouts import MatchPayouts
from prepay_ledger.bank.receive_refund import ReceiveRefund
from prepay_ledger.bank.refusals import LineNamesDebit, NotTakeable
from prepay_ledger.bank.settle_payout import Asked, SettlePayout
from prepay_ledger.bank.values import BankLine
from prepay_ledger.payouts.values import Action, Payout, PayoutKey, PayoutState
from prewatt_common.ids import new_id

pytestmark = pytest.mark.stack


@pytest.fixture
async def debits(own_database_url: str) -> AsyncGenerator[Debits]:
    scratch = Scratch(own_database_url)
    made = Debits(scratch)
    await made.begin()
    await made.due()
    await made.sent()
    yield made
    await scratch.database.close()


async def name_of(debits: Debits) -> str:
    return (await debits.newest()).id.hex


def told(name: str, amount: str = "100", *, ref: str) -> str:
    return entry(amount, ref=ref, tx=[details(e2e=name)], ccy="CNY")


@pytest.mark.parametrize("people", [1, 2])
async def test_less_than_the_debit_that_it_names_is_nobodys_payment(
    debits: Debits, people: int
) -> None:
    (line,) = await debits.statement(told(await name_of(debits), "99.5", ref="R1"))
    assert (line.state, line.open) == ("doubtful", True)
    with pytest.raises(NotTakeable, match="it names a debit of 100000000 micro-units of CNY"):
        await debits.take(line, people=people)
    assert await debits.scratch.sql("SELECT FROM proposal") == []
    assert (await debits.lines() == [line], await debits.balance()) == (True, 10)
    await debits.told("ok")
    assert (await debits.balance(), await debits.states()) == (110, ["paid"])
    assert len(await debits.scratch.sql("SELECT FROM payment WHERE amount_micro > 0")) == 1


@pytest.mark.parametrize("people", [1, 2])
async def test_a_doubtful_line_that_names_a_debit_is_taken_as_that(
    debits: Debits, people: int
) -> None:
    # Somebody paid as much on that day, and the bank tells of the debit in another format.
    (other,) = await debits.statement(entry("100", ref="R1", tx=[details(text="rent")], ccy="CNY"))
    line = await debits.otherwise("100", await name_of(debits))
    assert (other.state, line.state, line.refers_to) == ("suspense", "doubtful", other.id)
    taken = await debits.take(line, people=people)
    assert (taken.state, taken.payment, taken.open) == ("collected", None, False)
    await debits.told("ok")
    assert (await debits.balance(), await debits.states()) == (110, ["paid"])
    assert await debits.posted() == {f"bank/{OURS}": 200}


async def test_a_doubtful_line_that_names_none_is_a_payment(debits: Debits) -> None:
    await debits.statement(entry("100", ref="R1", tx=[details(text="rent")], ccy="CNY"))
    line = await debits.otherwise("100", "rent of somebody else")
    assert (await debits.take(line)).state == "suspense"
    assert await debits.posted() == {f"bank/{OURS}": 200}


def returned(name: str, *, ref: str) -> str:
    more = "<RtrInf><Rsn><Cd>AM04</Cd></Rsn></RtrInf>"
    return entry("100", ref=ref, sign="DBIT", tx=[details(e2e=name, more=more)], ccy="CNY")


async def test_what_is_collected_once_more_after_it_went_back_is_a_persons(
    debits: Debits,
) -> None:
    name = await name_of(debits)
    lines = await debits.statement(told(name, ref="R1"), returned(name, ref="R2"))
    assert [each.state for each in lines] == ["collected", "collected"]
    assert (await debits.balance(), await debits.posted()) == (10, {})
    (anew,) = await debits.statement(told(name, ref="R3"))
    assert (anew.state, anew.open, anew.refers_to) == ("doubtful", True, lines[0].id)
    assert (await debits.balance(), await debits.posted()) == (10, {})
    taken = await debits.take(anew)  # it is money, and whose it is a person says
    assert (taken.state, taken.payment is None) == ("suspense", False)
    assert await debits.posted() == {f"bank/{OURS}": 100}
    await debits.told("ok")
    assert await debits.balance() == 10


async def test_a_return_that_is_told_in_two_ways_moves_the_money_once(debits: Debits) -> None:
    name = await name_of(debits)
    lines = await debits.statement(
        told(name, ref="R1"), returned(name, ref="R2"), returned(name, ref="R3")
    )
    assert [each.state for each in lines] == ["collected", "collected", "doubtful"]
    assert (lines[2].open, lines[2].refers_to) == (True, lines[1].id)
    assert (await debits.balance(), await debits.posted()) == (10, {})


async def test_a_debit_that_is_told_in_two_ways_is_collected_once(debits: Debits) -> None:
    name = await name_of(debits)
    lines = await debits.statement(told(name, ref="R1"), told(name, ref="R2"))
    assert [each.state for each in lines] == ["collected", "doubtful"]
    for line in (lines[1], await debits.otherwise("100", name)):
        assert (line.state, line.open) == ("doubtful", True)
        with pytest.raises(NotTakeable, match=f"was collected by bank line {lines[0].id}"):
            await debits.take(line)
    assert (await debits.balance(), await debits.posted()) == (110, {f"bank/{OURS}": 100})


async def test_a_detail_of_a_files_sum_that_comes_again_is_a_persons(debits: Debits) -> None:
    name = await name_of(debits)
    (whole,) = await debits.statement(entry("100", ref="R1", batch=2, ccy="CNY"))
    (detail,) = await debits.statement(told(name, ref="R2"))
    assert (detail.state, detail.refers_to) == ("detailed", whole.id)
    await debits.statement(returned(name, ref="R3"))
    (anew,) = await debits.statement(told(name, ref="R4"))
    assert (anew.state, anew.open, anew.refers_to) == ("doubtful", True, detail.id)
    assert (await debits.balance(), await debits.posted()) == (10, {})


async def expected(debits: Debits, line: BankLine) -> Payout:
    """A payout of what the line brought, which the bank has not told of."""
    key = PayoutKey(
        provider="cards", business_day=line.line.booked_on - timedelta(days=1), nth=1,
        reference="po_1", amount_micro=line.line.amount_micro, currency="CNY",
    )  # fmt: skip
    payout = Payout(
        id=new_id(), key=key, stands=True, state=PayoutState.EXPECTED, found_at=debits.now
    )
    async with debits.scratch.unit() as unit:
        await unit.payouts.add([payout])
    return payout


async def test_what_names_a_debit_is_matched_to_no_payout_by_hand(debits: Debits) -> None:
    (line,) = await debits.statement(told(await name_of(debits), "99.5", ref="R1"))
    assert line.state == "doubtful"
    payout = await expected(debits, line)
    settle = SettlePayout(
        receive_payout=debits.receive_payout, receive_debit=debits.receive_debit,
        receive_refund=ReceiveRefund(review=REVIEW), terms=ONE_PERSON,
    )  # fmt: skip
    asked = Asked(
        payout_id=payout.id, action=Action.MATCH, key="k", who="li", reason="r", bank_line=line.id
    )
    with pytest.raises(LineNamesDebit, match="names debit"):
        async with debits.scratch.unit() as unit:
            await settle(unit, asked=asked, now=debits.now)
    assert (await debits.lines(), await debits.posted()) == ([line], {})


async def test_nor_by_its_amount(debits: Debits) -> None:
    name = await name_of(debits)
    await debits.statement(told(name, ref="R1"), returned(name, ref="R2"))
    (anew,) = await debits.statement(told(name, ref="R3"))
    taken = await debits.take(anew)
    await expected(debits, taken)
    await MatchPayouts(
        open_unit=debits.scratch.unit, receive_payout=debits.receive_payout,
        receive_debit=debits.receive_debit, committed=lambda: None, clock=lambda: debits.now,
    )()  # fmt: skip
    assert [each.state for each in await debits.lines()] == ["collected", "collected", "suspense"]
