"""What people decide of debts, on PostgreSQL: paused, and written off by two."""

import asyncio
from datetime import timedelta

import pytest
from ledger_owing import FIRST_DUE, OWED_MICRO, TOPUP_MICRO, Owing, owing_town, share, topped_up
from ledger_town import Dying, Killed

from prepay_ledger.approvals.decide_proposal import ApproveProposal, refuse_proposal
from prepay_ledger.approvals.refusals import AnotherWaits, ProposalDecided, UnknownProposal
from prepay_ledger.approvals.values import ActKind, Proposal, ProposalState
from prepay_ledger.debts.pause_debt import pause_debt
from prepay_ledger.debts.refusals import (
    PauseRefused,
    PlanRefused,
    UnknownDebt,
    WriteOffRefused,
)
from prepay_ledger.debts.rules import months_after
from prepay_ledger.debts.values import Debt
from prepay_ledger.debts.write_off_debt import carry_out_write_off, propose_write_off
from prepay_ledger.unit import PostgresUnit
from prepay_ledger.vending.postgres_queries import VendQueries
from prewatt_common.ids import new_id
from prewatt_common.refusals import NeedsSecondPerson

pytestmark = pytest.mark.stack

town = pytest.fixture(owing_town)
DAYS = timedelta(days=1)


async def pause(town: Owing, debt_id, until) -> Debt:
    async with town.unit() as unit:
        return await pause_debt(
            unit=unit, debt_id=debt_id, until=until, decided=town.decided("ann")
        )


async def draft(town: Owing, debt_id, micro=None, *, by: str = "ann") -> Proposal:
    async with town.unit() as unit:
        return await propose_write_off(
            unit=unit, debt_id=debt_id, amount_micro=micro, term=7 * DAYS, decided=town.decided(by)
        )


async def release(town: Owing, proposal_id, *, by: str = "bob", open_unit=None) -> Proposal:
    approve = ApproveProposal[PostgresUnit]({ActKind.DEBT_WRITE_OFF: carry_out_write_off})
    async with (open_unit or town.unit)() as unit:
        return await approve(unit, proposal_id=proposal_id, decided=town.decided(by))


async def withdraw(town: Owing, proposal_id) -> Proposal:
    async with town.unit() as unit:
        return await refuse_proposal(
            unit=unit, proposal_id=proposal_id, decided=town.decided("ann")
        )


async def facts(town: Owing, kind: str) -> int:
    return len(await town.sql("SELECT FROM fact WHERE kind = $1", f"prewatt.ledger.{kind}.v1"))


async def test_nothing_is_taken_of_a_paused_debt_and_then_what_is_due(town: Owing) -> None:
    account_id = await town.owe()
    (debt,) = await town.debts()
    await town.plan(debt.id, 2, town.today)
    until = town.today + 40 * DAYS
    paused = await pause(town, debt.id, until)
    assert await pause(town, debt.id, until) == paused == (await town.debts())[0]
    assert await facts(town, "debt-paused") == 1
    assert await town.pay(account_id, until - DAYS) == 0
    await town.stands(left_micro=OWED_MICRO)
    # An instalment a month, though two are due.
    assert await town.pay(account_id, until) == OWED_MICRO // 2
    assert await town.pay(account_id, months_after(until, 1)) == OWED_MICRO // 2
    await town.stands(left_micro=0)
    with pytest.raises(PauseRefused, match="nothing is left"):
        await pause(town, debt.id, town.today + DAYS)


async def test_a_pause_ends_when_a_person_says_so(town: Owing) -> None:
    account_id = await town.owe()
    (debt,) = await town.debts()
    await town.plan(debt.id, 1, town.today)
    with pytest.raises(PauseRefused, match="is not to come"):
        await pause(town, debt.id, town.now.date())
    await pause(town, debt.id, town.today + 40 * DAYS)
    assert await town.pay(account_id, town.today) == 0
    await pause(town, debt.id, None)
    assert await town.pay(account_id, town.today) == OWED_MICRO
    assert await facts(town, "debt-paused") == 2
    with pytest.raises(UnknownDebt):
        await pause(town, new_id(), None)


async def test_a_day_is_one_of_the_customers_own_zone(own_database_url: str) -> None:
    """At 18:00 in UTC it is the next day in Shanghai."""
    town = Owing(own_database_url)
    town.tariff = {"timezone": "Asia/Shanghai"}
    await town.settle(town.begin.date())
    account_id = await town.owe()
    (debt,) = await town.debts()
    town.now = town.now.replace(hour=18)
    utc_day = town.now.date()
    with pytest.raises(PlanRefused, match=f"{utc_day}, is past"):
        await town.plan(debt.id, 2, utc_day)
    with pytest.raises(PauseRefused, match="is not to come"):
        await pause(town, debt.id, utc_day + DAYS)
    await pause(town, debt.id, utc_day + 2 * DAYS)
    await share(town, debt.id, 500_000)
    town.now = town.now.replace(hour=15) + DAYS
    assert await topped_up(town, account_id, 1) == 0
    # The day after tomorrow has begun there.
    town.now = town.now.replace(hour=17)
    assert await topped_up(town, account_id, 2) == TOPUP_MICRO // 2
    assert len((await town.plan(debt.id, 2, utc_day + 2 * DAYS)).plan) == 2
    await town.database.close()


async def test_two_people_write_off_and_the_balance_stays(town: Owing) -> None:
    await town.owe()
    (debt,) = await town.debts()
    one = await draft(town, debt.id, 400)
    assert await draft(town, debt.id, 400) == one
    with pytest.raises(AnotherWaits):
        await draft(town, debt.id)
    with pytest.raises(NeedsSecondPerson, match="somebody else than ann"):
        await release(town, one.id, by="ann")
    (row,) = await town.sql("SELECT balance_micro FROM account WHERE number = 'town-0'")
    outcomes = await asyncio.gather(*(release(town, one.id) for _ in range(3)))
    assert {each.state(town.now) for each in outcomes} == {ProposalState.APPROVED}
    assert await facts(town, "debt-written-off") == 1
    (debt,) = await town.debts()
    assert (debt.written_off_micro, debt.left_micro) == (400, OWED_MICRO - 400)
    (after,) = await town.sql("SELECT balance_micro FROM account WHERE number = 'town-0'")
    assert after["balance_micro"] == row["balance_micro"]
    # A till asks for no more than is left.
    payable = await VendQueries(town.database).payable("town-0")
    assert payable is not None
    assert payable.owed_micro == OWED_MICRO - 400
    rest = await draft(town, debt.id)
    assert rest.act.amount_micro == OWED_MICRO - 400
    await release(town, rest.id)
    assert (await town.debts())[0].left_micro == 0
    await town.holds()
    await town.tell(town.now + DAYS)
    # All that was owed and written off within minutes: what is left of it is told as it stands.
    assert [(each["news"], each["amount_micro"], each["owed_micro"]) for each in await town.told()][
        -1
    ] == ("written_off", OWED_MICRO, 0)
    with pytest.raises(UnknownProposal):
        await release(town, new_id())


async def test_what_was_paid_meanwhile_cannot_be_written_off(town: Owing) -> None:
    account_id = await town.owe()
    (debt,) = await town.debts()
    await town.plan(debt.id, 2)
    one = await draft(town, debt.id)
    await town.pay(account_id, FIRST_DUE)
    with pytest.raises(WriteOffRefused, match="500 micro-units are left"):
        await release(town, one.id)
    assert (await withdraw(town, one.id)).state(town.now) is ProposalState.WITHDRAWN
    assert await withdraw(town, one.id) == await withdraw(town, one.id)
    with pytest.raises(ProposalDecided, match="was withdrawn"):
        await release(town, one.id)
    await release(town, (await draft(town, debt.id)).id)
    # Nothing is due any more.
    assert await town.pay(account_id, months_after(FIRST_DUE, 9)) == 0
    assert (await town.debts())[0].paid_micro == 500
    await town.holds()


async def test_killed_it_is_written_off_as_a_whole_or_not_at_all(town: Owing) -> None:
    await town.owe()
    (debt,) = await town.debts()
    one = await draft(town, debt.id)
    with pytest.raises(Killed):
        await release(town, one.id, open_unit=Dying(town, after=0, inside=True))
    await town.stands(left_micro=OWED_MICRO)
    assert await facts(town, "debt-written-off") == 0
    for _ in range(2):
        await release(town, one.id)
    (row,) = await town.sql(
        "SELECT -sum(amount_micro)::bigint AS micro FROM posting "
        "WHERE ledger_account = 'written-off'"
    )
    assert row["micro"] == OWED_MICRO
    await town.close_days()
    await town.holds()
