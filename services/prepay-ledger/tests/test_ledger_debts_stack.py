"""Debts on PostgreSQL: once a source, out of the balance and back, whoever races or is killed."""

import asyncio
from datetime import timedelta

import pytest
from asyncpg import ForeignKeyViolationError
from ledger_owing import FIRST_DUE, OWED_MICRO, Owing, owing_town
from ledger_town import Dying, Killed

from prepay_ledger.debts.refusals import PlanRefused, UnknownDebt
from prepay_ledger.debts.rules import months_after
from prepay_ledger.debts.values import Corrected
from prewatt_common.ids import new_id

pytestmark = pytest.mark.stack

town = pytest.fixture(owing_town)


async def test_owed_apart_once_and_paid_by_instalments(town: Owing) -> None:
    accounts = await asyncio.gather(*(town.owe() for _ in range(4)))
    (debt,) = await town.debts()
    await town.stands(left_micro=OWED_MICRO)
    assert await town.pay(accounts[0], FIRST_DUE) == 0
    planned = await town.plan(debt.id, 3)
    assert [each.amount_micro for each in planned.plan] == [334, 333, 333]
    assert await town.plan(debt.id, 3) == planned == (await town.debts())[0]
    facts = await town.sql("SELECT FROM fact WHERE kind = 'prewatt.ledger.debt-planned.v1'")
    assert len(facts) == 1
    taken = await asyncio.gather(*(town.pay(accounts[0], FIRST_DUE) for _ in range(4)))
    assert sorted(taken) == [0, 0, 0, 334]
    await town.stands(left_micro=666)
    # The same again, after something was paid, changes nothing; nor is it refused when it began.
    paid = (await town.debts())[0]
    town.now, now = town.now + timedelta(days=36_600), town.now
    assert await town.plan(debt.id, 3) == paid
    town.now = now
    assert len(await town.sql("SELECT FROM fact WHERE kind LIKE '%debt-planned%'")) == 1
    # Agreed on anew: what was paid stays paid.
    await town.plan(debt.id, 2, months_after(FIRST_DUE, 1))
    assert await town.pay(accounts[0], FIRST_DUE) == 0
    assert await town.pay(accounts[0], months_after(FIRST_DUE, 1)) == 333
    assert await town.pay(accounts[0], months_after(FIRST_DUE, 9)) == 333
    await town.stands(left_micro=0)
    with pytest.raises(PlanRefused, match="is paid"):
        await town.plan(debt.id, 2)
    with pytest.raises(UnknownDebt):
        await town.plan(new_id(), 2)


async def test_no_instalments_are_agreed_on_for_days_that_are_past(town: Owing) -> None:
    await town.owe()
    (debt,) = await town.debts()
    with pytest.raises(PlanRefused, match="is past; nothing was changed"):
        await town.plan(debt.id, 6, town.today - timedelta(days=1))
    assert (await town.debts())[0].planned is None
    assert len((await town.plan(debt.id, 6, town.today)).plan) == 6


@pytest.mark.parametrize("table", ["debt", "corrected_bill"])
async def test_what_is_owed_is_of_an_agreement_that_is_there(town: Owing, table: str) -> None:
    account_id = await town.owe()
    async with town.unit() as unit:
        await unit.debts.put_corrected(await town.origin(0), account_id, Corrected(given_micro=1))
    with pytest.raises(ForeignKeyViolationError):
        await town.sql(f"UPDATE {table} SET agreement_id = $1", new_id())


async def test_what_is_due_makes_nobodys_balance_low(town: Owing) -> None:
    account_id = await town.owe()
    (debt,) = await town.debts()
    await town.plan(debt.id, 1)
    await town.sql("UPDATE account SET low_balance_micro = balance_micro - 11")
    assert await town.pay(account_id, FIRST_DUE) == 10
    assert await town.pay(account_id, FIRST_DUE) == 0
    (debt,) = await town.debts()
    assert (debt.paid_micro, debt.left_micro) == (10, OWED_MICRO - 10)


async def test_killed_it_is_there_as_a_whole_or_not_at_all(town: Owing) -> None:
    with pytest.raises(Killed):
        await town.owe(open_unit=Dying(town, after=0, inside=True))
    assert await town.debts() == []
    account_id = await town.owe()
    (debt,) = await town.debts()
    await town.plan(debt.id, 1)
    with pytest.raises(Killed):
        await town.pay(account_id, FIRST_DUE, open_unit=Dying(town, after=0, inside=True))
    await town.stands(left_micro=OWED_MICRO)
    assert await town.pay(account_id, FIRST_DUE) == OWED_MICRO
    await town.stands(left_micro=0)
