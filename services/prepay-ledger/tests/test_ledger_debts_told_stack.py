"""What customers are told of debts: once each, and instalments once a month at most."""

import asyncio
from datetime import timedelta

import pytest
from ledger_owing import FIRST_DUE, OWED_MICRO, Owing, owing_town
from ledger_town import Dying, Killed

from prepay_ledger.debts.postgres_queries import DebtQueries
from prepay_ledger.debts.rules import months_after
from prepay_ledger.debts.split_bills import PeriodBill, split_bills
from prepay_ledger.debts.values import Bill, BillCause

pytestmark = pytest.mark.stack

town = pytest.fixture(owing_town)
MINUTES = timedelta(minutes=1)
DAYS = timedelta(days=1)


async def news(town: Owing) -> list[tuple[str, int, int, int]]:
    """Kind, amount, what is still owed and instalments to come."""
    return [
        (each["news"], each["amount_micro"], each["owed_micro"], each["instalments"])
        for each in await town.told()
    ]


async def test_all_that_comes_within_minutes_is_told_together_and_once(town: Owing) -> None:
    await town.owe(source="edit/1")
    await town.owe(source="edit/2", micro=500)
    await town.tell(town.now + 9 * MINUTES)
    assert await town.told() == []
    waiting = DebtQueries(town.database)
    assert await waiting.untold_since() == town.now
    await asyncio.gather(*(town.tell(town.now + 10 * MINUTES) for _ in range(3)))
    await town.tell(town.now + 40 * DAYS)
    assert await news(town) == [("owed", OWED_MICRO + 500, OWED_MICRO + 500, 0)]
    assert await waiting.untold_since() is None
    (told,) = await town.told()
    assert (told["after_days"], told["next_due"]) == (30, None)
    # The same source again is no debt, and no news.
    await town.owe(source="edit/2", micro=500)
    await town.tell(town.now + 80 * DAYS)
    assert len(await town.told()) == 1


async def test_instalments_are_told_once_a_month_at_most(town: Owing) -> None:
    account_id = await town.owe()
    (debt,) = await town.debts()
    await town.plan(debt.id, 4)
    await town.tell(town.now + DAYS)
    begin = town.now
    # What the balance could not bear at once is taken bit by bit, day after day.
    for day in range(3):
        await town.pay(account_id, months_after(FIRST_DUE, day))
        await town.tell(town.now + DAYS)
        town.now += DAYS
    assert await news(town) == [
        ("owed", OWED_MICRO, OWED_MICRO, 4),
        ("paid", OWED_MICRO // 4, OWED_MICRO * 3 // 4, 3),
    ]
    assert (await town.told())[0]["next_due"] == FIRST_DUE.isoformat()
    await town.tell(begin + 29 * DAYS)
    assert (await news(town))[2:] == [("paid", OWED_MICRO // 2, OWED_MICRO // 4, 1)]
    await town.tell(begin + 90 * DAYS)
    assert len(await town.told()) == 3


async def bill(town: Owing, micro: int, number: int) -> None:
    """A correction of the first debt's period, posted to the balance."""
    account_id, _ = await town.account_of(0)
    one = PeriodBill(
        account_id=account_id,
        origin=await town.origin(0),
        source=f"bill/test/{number}",
        bill=Bill(
            cause=BillCause.EDIT,
            used_from=FIRST_DUE,
            used_until=FIRST_DUE,
            billed_on=FIRST_DUE,
            our_fault=True,
            amount_micro=micro,
        ),
    )
    async with town.unit() as unit:
        await unit.balances.lock(account_id)
        await split_bills(unit, [one], at=town.now)


async def told_of(town: Owing) -> list[tuple[str, int, int]]:
    await town.tell(town.now + 10 * MINUTES)
    town.now += DAYS
    return [each[:3] for each in await news(town)]


async def test_what_was_told_and_is_lowered_is_told_and_swallows_no_later_debt(
    town: Owing,
) -> None:
    await town.owe(source="edit/1", micro=100)
    assert await told_of(town) == [("owed", 100, 100)]
    await bill(town, -100, 1)
    assert (await told_of(town))[1:] == [("lowered", 100, 0)]
    await town.owe(source="edit/2", micro=100)
    assert (await told_of(town))[2:] == [("owed", 100, 100)]
    # Both within minutes: the new debt is told all the same.
    await bill(town, -60, 2)
    await town.owe(source="edit/3", micro=60)
    assert (await told_of(town))[3:] == [("owed", 60, 100), ("lowered", 60, 100)]


async def test_what_is_undone_before_it_was_told_is_not_told(town: Owing) -> None:
    await town.owe(micro=100)
    await bill(town, -30, 1)
    assert await told_of(town) == [("owed", 70, 70)]
    await bill(town, -50, 2)
    await bill(town, 60, 3)
    assert (await told_of(town))[1:] == [("owed", 10, 80)]
    await bill(town, -80, 4)
    await bill(town, 80, 5)
    assert len(await told_of(town)) == 2


async def test_killed_it_is_told_again_or_was_told(town: Owing) -> None:
    await town.owe()
    at = town.now + DAYS
    with pytest.raises(Killed):
        await town.tell(at, open_unit=Dying(town, after=0, inside=True))
    assert await town.told() == []
    with pytest.raises(Killed):
        await town.tell(at, open_unit=Dying(town, after=1, inside=False))
    await town.tell(at)
    assert [each["news"] for each in await town.told()] == ["owed"]
