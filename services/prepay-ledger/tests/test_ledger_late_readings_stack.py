"""Readings that come long after the use: owed apart, never a reason for a cut."""

from collections.abc import AsyncGenerator
from datetime import date, timedelta

import pytest
from ledger_town import REVIEW, Dying, Killed, Town

from prepay_ledger.charging.sweep_standing import SweepStanding
from prepay_ledger.debts.postgres_queries import DebtQueries
from prepay_ledger.debts.values import Debt

pytestmark = pytest.mark.stack

DAYS = 200
"""How long ago people moved in."""
LAST_HOUR = DAYS * 24 - 40


class Late(Town):
    """Meters are silent for months, with some money left of the first days."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.begin -= timedelta(days=DAYS - 20)
        self.tariff = {"valid_from": "2020-01-01"}

    async def lived(self, *hours: int) -> None:
        """What was read in its time."""
        await self.settle(self.today)
        await self.read_as_new(0, *hours)

    async def debts(self, *, number: int = 0) -> list[Debt]:
        """Of the household, oldest period first."""
        (row,) = await self.sql("SELECT id FROM account WHERE number = $1", f"town-{number}")
        debts = await DebtQueries(self.database).debts(
            account_id=row["id"], open_=None, before=None, limit=100
        )
        return sorted(debts, key=lambda debt: debt.period_first)

    async def stands(self, number: int = 0) -> tuple[int, int]:
        """Balance, and what is owed apart."""
        (row,) = await self.sql(
            "SELECT balance_micro FROM account WHERE number = $1", f"town-{number}"
        )
        return row["balance_micro"], sum(
            debt.left_micro for debt in await self.debts(number=number)
        )

    async def charged_micro(self) -> int:
        return (await self.charged())["town-0"][0]

    async def recent_micro(self) -> int:
        """What periods cost that ended no longer ago than the policy's days."""
        (row,) = await self.sql(
            "SELECT coalesce(sum(c.posted_micro), 0)::bigint AS micro FROM charge_state AS c "
            "JOIN account AS a ON a.id = c.account_id WHERE a.number = 'town-0' "
            "AND c.period_end - 1 >= $1",
            self.now.date() - timedelta(days=30),
        )
        return row["micro"]


@pytest.fixture
async def town(own_database_url: str) -> AsyncGenerator[Late]:
    made = Late(own_database_url)
    yield made
    await made.database.close()


async def test_a_reading_after_a_long_silence_asks_the_balance_for_the_last_weeks_alone(
    town: Late,
) -> None:
    await town.lived(30)
    balance, charged, recent = (
        (await town.stands())[0],
        await town.charged_micro(),
        await town.recent_micro(),
    )
    assert (await town.stands())[1] == 0
    await town.read(LAST_HOUR)
    more, of_late = await town.charged_micro() - charged, await town.recent_micro() - recent
    assert 0 < of_late < more
    assert await town.stands() == (balance - of_late, more - of_late)
    debts = await town.debts()
    assert all(
        (debt.cause, debt.our_fault, debt.planned) == ("reading", False, None) for debt in debts
    )
    assert len(debts) == len({debt.period_first for debt in debts}) > 3
    await town.holds()


async def test_what_comes_reading_by_reading_is_one_debt_a_period(town: Late) -> None:
    await town.lived(30)
    balance, _ = await town.stands()
    charged = await town.charged_micro()
    for hour in range(31, 60):
        await town.read(hour)
    more = await town.charged_micro() - charged
    assert await town.stands() == (balance, more)
    (debt,) = await town.debts()
    assert debt.amount_micro == more
    # The same again changes nothing; nor does one that says the same between.
    await town.read(45)
    assert await town.debts() == [debt]
    await town.holds()
    await town.close_days()
    await town.holds()


async def test_a_late_reading_between_says_when_it_was_used(town: Late) -> None:
    """What the first periods cost less is taken off their debts; the others are owed more."""
    await town.lived(30)
    await town.read(LAST_HOUR)
    before = {debt.period_first: debt.left_micro for debt in await town.debts()}
    balance, _ = await town.stands()
    recent = await town.recent_micro()
    await town.read(LAST_HOUR // 2, wh=LAST_HOUR // 4 * 100)
    after: dict[date, int] = {}
    for debt in await town.debts():
        after[debt.period_first] = after.get(debt.period_first, 0) + debt.left_micro
    first, *_, last = sorted(before)
    assert after[first] < before[first]
    assert after[last] > before[last]
    more = await town.recent_micro() - recent
    assert more > 0
    assert (await town.stands())[0] == balance - more
    await town.holds()


async def test_a_sweep_that_comes_months_late_asks_the_balance_for_the_last_weeks(
    town: Late,
) -> None:
    now, town.now = town.now, town.now - timedelta(days=100)
    await town.settle(town.now.date())
    balance, charged = (await town.stands())[0], await town.charged_micro()
    town.now = now
    recent = await town.recent_micro()
    job = SweepStanding(
        open_unit=town.unit, review=REVIEW, clock=lambda: town.now, committed=lambda: None
    )
    for _ in range(2):
        await job()
    more, of_late = await town.charged_micro() - charged, await town.recent_micro() - recent
    assert 0 < of_late < more
    assert await town.stands() == (balance - of_late, more - of_late)
    await town.holds()


async def test_what_the_law_bars_is_written_off_once(town: Late) -> None:
    await town.lived(30)
    await town.says(limitation_months=4)
    balance, charged = (await town.stands())[0], await town.charged_micro()
    recent = await town.recent_micro()
    for _ in range(3):
        await town.read(LAST_HOUR)
    more, of_late = await town.charged_micro() - charged, await town.recent_micro() - recent
    stands, owed = await town.stands()
    (off,) = await town.sql(
        "SELECT sum(given_micro)::bigint AS given, sum(barred_micro)::bigint AS barred "
        "FROM corrected_bill AS c JOIN account AS a ON a.id = c.account_id "
        "WHERE a.number = 'town-0'"
    )
    assert off["barred"] > 0
    assert (stands, owed) == (balance - of_late, more - of_late - off["barred"])
    await town.holds()


async def test_killed_it_is_there_as_a_whole_or_not_at_all(town: Late) -> None:
    await town.lived(30)
    before = await town.stands(), await town.charged_micro()
    with pytest.raises(Killed):
        await town.read(60, open_unit=Dying(town, after=0, inside=True))
    assert (await town.stands(), await town.charged_micro()) == before
    await town.read(60)
    await town.read(60)
    more = await town.charged_micro() - before[1]
    assert await town.stands() == (before[0][0], before[0][1] + more)
    await town.holds()
