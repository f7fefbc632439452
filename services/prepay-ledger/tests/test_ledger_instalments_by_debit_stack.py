"""Instalments of debts collected by files, on PostgreSQL: each pays its debt once, whoever tells of
the money, and neither the balance nor the bank is asked for what the other pays."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations

import pytest
from ledger_bank import details, entry
from ledger_owing_by_debit import OwingByDebit
from ledger_saving import TERMS
from ledger_scratch import Scratch
from ledger_town import Dying, Killed

from prepay_ledger.debit_files.values import FileState
from prepay_ledger.mandates.refusals import InvalidMandate, NeedsConsent
from prepay_ledger.payment_requests.values import NoAnswer, PaymentRequest

pytestmark = pytest.mark.stack
DAY = timedelta(days=1)


class AtOnce:
    """A provider that takes no files."""

    def refused_reference(self, reference: str) -> None:
        """Any will do."""

    async def ask(self, request: PaymentRequest) -> NoAnswer:
        return NoAnswer(str(request.id), is_there=True)


@pytest.fixture
async def home(own_database_url: str) -> AsyncGenerator[OwingByDebit]:
    made = OwingByDebit(Scratch(own_database_url))
    await made.begin()
    await made.owe()
    yield made
    await made.scratch.database.close()


async def test_an_instalment_is_collected_and_pays_its_debt_once(home: OwingByDebit) -> None:
    await home.covered()
    request = await home.newest()
    assert (request.amount_micro, request.requested_on) == (20_000_000, date(2026, 3, 18))
    # The file collects on Monday the 16th, before it is due; the next one on the 18th.
    assert (await home.made()).state is FileState.CANCELLED
    home.now += 2 * DAY
    file = await home.sent()
    assert file.lines == 1
    home.now += DAY
    # It is due by now: the bank is asked for it, so the balance is not.
    assert await home.take_from_balance() == 0
    for _ in range(2):
        await home.told("ok", amount="20")
    assert (await home.balance(), await home.owed(), await home.states()) == (50, 40, ["paid"])
    line = entry("20", ref="R1", tx=[details(e2e=request.id.hex)], ccy="CNY")
    (seen,) = await home.statement(line)
    assert (seen.state, await home.balance(), await home.owed()) == ("collected", 50, 40)
    # The month has had its instalment; the next one is asked for five days before it is due.
    assert await home.take_from_balance() == 0
    await home.ask_instalments()
    home.now += timedelta(days=26)
    await home.ask_instalments()
    assert await home.states() == ["paid", "requested"]
    assert (await home.newest()).requested_on == date(2026, 4, 18)


async def test_the_banks_statement_alone_pays_it_too(home: OwingByDebit) -> None:
    await home.covered()
    home.now += 2 * DAY
    await home.sent()
    name = (await home.newest()).id.hex
    line = entry("20", ref="R1", tx=[details(e2e=name)], ccy="CNY")
    await home.statement(line)
    await home.told("ok", amount="20")
    assert (await home.balance(), await home.owed(), await home.states()) == (50, 40, ["paid"])
    await home.holds()


@pytest.mark.parametrize("order", list(permutations(["ok", "back"])), ids="-".join)
async def test_what_went_back_is_owed_again_and_tried_later(
    home: OwingByDebit, order: tuple[str, ...]
) -> None:
    mandate = await home.covered()
    home.now += 2 * DAY
    await home.sent()
    for each in order:
        await home.told(each, "AM04" if each == "back" else "")
    assert (await home.balance(), await home.owed(), await home.states()) == (50, 60, ["failed"])
    assert await home.posted() == {}
    (told,) = await home.not_collected()
    assert (told["why"], told["retry_on"]) == ("no_money", "2026-03-20")
    assert (told["statement_number"], told["balance_micro"]) == (None, 50_000_000)
    assert told["debt_id"] is not None
    await home.holds()
    retry_on = (await home.mandate(mandate)).retry_on
    assert retry_on == date(2026, 3, 20)
    await home.ask_instalments()
    assert await home.states() == ["failed"]
    home.now += 3 * DAY
    await home.ask_instalments()
    assert await home.states() == ["failed", "requested"]
    assert (await home.newest()).requested_on == retry_on


async def test_what_is_paid_otherwise_before_the_file_is_withdrawn(home: OwingByDebit) -> None:
    await home.covered()
    await home.scratch.sql("UPDATE debt SET paid_micro = 20000000")
    home.now += 2 * DAY
    assert (await home.made()).state is FileState.CANCELLED
    assert await home.states() == ["withdrawn"]
    assert (await home.newest()).code == "instalment-not-due"


async def test_what_is_paid_otherwise_after_the_file_goes_to_the_balance(
    home: OwingByDebit,
) -> None:
    await home.covered()
    home.now += 2 * DAY
    await home.sent()
    await home.scratch.sql("UPDATE debt SET paid_micro = 15000000")
    await home.told("ok", amount="20")
    # 5 of the first instalment were left; the rest is the customer's.
    assert (await home.balance(), await home.owed(), await home.states()) == (65, 40, ["paid"])


async def test_a_top_up_does_not_wait_for_an_instalment(home: OwingByDebit) -> None:
    await home.covered()
    await home.move(-40)
    await home.ask()
    assert sorted(each.debt_id is None for each in await home.requests()) == [False, True]
    home.now += 2 * DAY
    assert (await home.made()).sum_micro == 120_000_000


async def test_nothing_is_collected_that_the_customer_has_not_agreed_to(
    home: OwingByDebit,
) -> None:
    mandate = await home.covered(instalment_micro_max=None)
    assert await home.states() == []
    covering = replace(TERMS, instalment_micro_max=25_000_000)
    with pytest.raises(NeedsConsent):
        await home.change(mandate, covering)
    mandate = await home.change(mandate, covering, consent="paper-2")
    by_file, home.requesters = home.requesters, {"demo": AtOnce()}
    with pytest.raises(InvalidMandate, match="takes no files"):
        await home.change(mandate, covering, consent="paper-3")
    home.requesters = by_file
    await home.ask_instalments()
    assert await home.states() == ["requested"]
    await home.end(mandate)
    assert await home.states() == ["withdrawn"]
    # Nobody is asked any more: on its day the balance is.
    home.now += 3 * DAY
    await home.ask_instalments()
    assert await home.take_from_balance() == 20


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("after", [0, 1])
async def test_killed_as_it_is_asked_for_or_answered_it_counts_once(
    home: OwingByDebit, after: int, inside: bool
) -> None:
    await home.covered()
    await home.scratch.sql("DELETE FROM outbox")
    home.now += 2 * DAY
    await home.sent()
    name = (await home.newest()).id.hex
    with pytest.raises(Killed):
        await home.answers(
            f"id;outcome;code;amount\n{name};ok;;20\n".encode(),
            open_unit=Dying(home.scratch, after=after, inside=inside),
        )
    await home.apply_answers()
    assert (await home.balance(), await home.owed(), await home.states()) == (50, 40, ["paid"])


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("after", [0, 1])
async def test_killed_as_it_is_asked_for_it_is_asked_for_once(
    home: OwingByDebit, after: int, inside: bool
) -> None:
    mandate = await home.open(instalment_micro_max=25_000_000)
    await home.debtor(mandate)
    with pytest.raises(Killed):
        await home.ask_instalments(Dying(home.scratch, after=after, inside=inside))
    for _ in range(2):
        await home.ask_instalments()
    assert await home.states() == ["requested"]
