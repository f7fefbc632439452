"""Debts on PostgreSQL: once a source, out of the balance and back, whoever races or is killed."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import date
from uuid import UUID

import pytest
from ledger_town import Dying, Killed, Town

from prepay_ledger.debts.move_debt import record_debt
from prepay_ledger.debts.pay_off import pay_off
from prepay_ledger.debts.plan_debt import plan_debt
from prepay_ledger.debts.postgres_queries import DebtQueries
from prepay_ledger.debts.refusals import PlanRefused, UnknownDebt
from prepay_ledger.debts.rules import months_after
from prepay_ledger.debts.values import BillCause, Debt, NewDebt, Origin
from prewatt_common.ids import new_id

pytestmark = pytest.mark.stack

OWED_MICRO = 1_000
FIRST_DUE = date(2026, 4, 1)


class Owing(Town):
    """The first account has ``balance_micro`` before it owes anything."""

    balance_micro = 0


@pytest.fixture
async def town(own_database_url: str) -> AsyncGenerator[Owing]:
    made = Owing(own_database_url)
    await made.settle(made.begin.date())
    (row,) = await made.sql("SELECT balance_micro FROM account WHERE number = 'town-0'")
    made.balance_micro = row["balance_micro"]
    yield made
    await made.database.close()


async def owe(town: Owing, *, source: str = "edit/1", open_unit=None) -> UUID:
    """The first account owes what was posted to its balance."""
    (account,) = await town.sql("SELECT id, currency FROM account WHERE number = 'town-0'")
    new = NewDebt(
        account_id=account["id"],
        source=source,
        origin=Origin(account["id"], FIRST_DUE),
        cause=BillCause.EDIT,
        our_fault=True,
        used_until=FIRST_DUE,
        amount_micro=OWED_MICRO,
        currency=account["currency"],
    )
    async with (open_unit or town.unit)() as unit:
        await unit.balances.lock(account["id"])
        await record_debt(unit=unit, new=new, at=town.now)
    return account["id"]


async def debts(town: Owing) -> list[Debt]:
    queries = DebtQueries(town.database)
    return list(await queries.debts(account_id=None, open_=None, before=None, limit=10))


async def pay(town: Owing, account_id: UUID, today: date, *, open_unit=None) -> int:
    async with (open_unit or town.unit)() as unit:
        return await pay_off(unit=unit, account_ids=[account_id], today=today, at=town.now)


async def plan(town: Owing, debt_id: UUID, instalments: int, first_due: date = FIRST_DUE) -> Debt:
    async with town.unit() as unit:
        return await plan_debt(
            unit=unit,
            debt_id=debt_id,
            instalments=instalments,
            first_due=first_due,
            decided=town.decided(),
        )


async def stands(town: Owing, *, left_micro: int) -> None:
    """The balance has more by what is owed apart, and all sums hold."""
    (row,) = await town.sql(
        "SELECT a.balance_micro, s.amount_micro FROM account AS a JOIN sub_balance AS s "
        "ON s.account_id = a.id AND s.sub_account = 'debt' WHERE a.number = 'town-0'"
    )
    assert tuple(row) == (town.balance_micro + left_micro, -left_micro)
    await town.holds()


async def test_owed_apart_once_and_paid_by_instalments(town: Owing) -> None:
    accounts = await asyncio.gather(*(owe(town) for _ in range(4)))
    (debt,) = await debts(town)
    await stands(town, left_micro=OWED_MICRO)
    assert await pay(town, accounts[0], FIRST_DUE) == 0
    planned = await plan(town, debt.id, 3)
    assert [each.amount_micro for each in planned.plan] == [334, 333, 333]
    assert await plan(town, debt.id, 3) == planned == (await debts(town))[0]
    facts = await town.sql("SELECT FROM fact WHERE kind = 'prewatt.ledger.debt-planned.v1'")
    assert len(facts) == 1
    taken = await asyncio.gather(*(pay(town, accounts[0], FIRST_DUE) for _ in range(4)))
    assert sorted(taken) == [0, 0, 0, 334]
    await stands(town, left_micro=666)
    # Agreed on anew: what was paid stays paid.
    await plan(town, debt.id, 2, months_after(FIRST_DUE, 1))
    assert await pay(town, accounts[0], FIRST_DUE) == 0
    assert await pay(town, accounts[0], months_after(FIRST_DUE, 1)) == 333
    assert await pay(town, accounts[0], months_after(FIRST_DUE, 9)) == 333
    await stands(town, left_micro=0)
    with pytest.raises(PlanRefused, match="is paid"):
        await plan(town, debt.id, 2)
    with pytest.raises(UnknownDebt):
        await plan(town, new_id(), 2)


async def test_what_is_due_makes_nobodys_balance_low(town: Owing) -> None:
    account_id = await owe(town)
    (debt,) = await debts(town)
    await plan(town, debt.id, 1)
    await town.sql("UPDATE account SET low_balance_micro = balance_micro - 11")
    assert await pay(town, account_id, FIRST_DUE) == 10
    assert await pay(town, account_id, FIRST_DUE) == 0
    (debt,) = await debts(town)
    assert (debt.paid_micro, debt.left_micro) == (10, OWED_MICRO - 10)


async def test_killed_it_is_there_as_a_whole_or_not_at_all(town: Owing) -> None:
    with pytest.raises(Killed):
        await owe(town, open_unit=Dying(town, after=0, inside=True))
    assert await debts(town) == []
    account_id = await owe(town)
    (debt,) = await debts(town)
    await plan(town, debt.id, 1)
    with pytest.raises(Killed):
        await pay(town, account_id, FIRST_DUE, open_unit=Dying(town, after=0, inside=True))
    await stands(town, left_micro=OWED_MICRO)
    assert await pay(town, account_id, FIRST_DUE) == OWED_MICRO
    await stands(town, left_micro=0)
