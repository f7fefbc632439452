"""Batch debits and lines of the bank that a person has to look at, on PostgreSQL: what names a
debit is credited by that debit alone."""

from collections.abc import AsyncGenerator

import pytest
from ledger_bank import details, entry
from ledger_debits import OURS, Debits
from ledger_scratch import Scratch

from prepay_ledger.bank.refusals import NotTakeable

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
