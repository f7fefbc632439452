"""Corrected bills on PostgreSQL: barred by the law, by policy of the class, killed and repeated."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from uuid import UUID

import pytest
from ledger_town import REVIEW, Dying, Killed, Town

from prepay_ledger.debts.postgres_queries import DebtQueries
from prepay_ledger.installations.decide_meter import DecideMeter
from prepay_ledger.installations.values import ReadingEdit
from prewatt_common.ids import new_id

pytestmark = pytest.mark.stack

HOURS = 48
MORE_WH = 3_000


class Old(Town):
    """People moved in ``days`` ago, and were read for two days."""

    def __init__(self, url: str, *, days: int = 400) -> None:
        super().__init__(url)
        self.begin -= timedelta(days=days - 20)
        self.tariff = {"valid_from": "2020-01-01"}

    async def lived(self) -> UUID:
        await self.settle(self.today)
        await self.read_as_new(0, HOURS)
        (row,) = await self.sql("SELECT id FROM account WHERE number = 'town-0'")
        return row["id"]

    async def edit(self, more_wh: int, *, our_fault: bool = False, open_unit=None) -> None:
        """The last reading of the first household was this much higher; 0: as it came."""
        edit = ReadingEdit(
            id=new_id(),
            meter_id="m0",
            read_at=self.begin + timedelta(hours=HOURS),
            kind="set" if more_wh else "restore",
            register_wh=HOURS * 100 + more_wh if more_wh else None,
            decided_by="test",
            reason="test",
            at=self.now,
            our_fault=our_fault,
        )
        async with (open_unit or self.unit)() as unit:
            await DecideMeter(review=REVIEW).edit(unit=unit, edit=edit, decided=self.decided())

    async def stands(self) -> tuple[int, int, int]:
        """The first household's balance, what it owes apart, and all that was written off."""
        (row,) = await self.sql("SELECT id, balance_micro FROM account WHERE number = 'town-0'")
        debts = await DebtQueries(self.database).debts(
            account_id=row["id"], open_=True, before=None, limit=100
        )
        (off,) = await self.sql(
            "SELECT coalesce(sum(amount_micro), 0)::bigint AS micro FROM posting "
            "WHERE ledger_account = 'written-off'"
        )
        return row["balance_micro"], sum(each.left_micro for each in debts), -off["micro"]

    async def charged_micro(self) -> int:
        return (await self.charged())["town-0"][0]


@pytest.fixture
async def town(own_database_url: str) -> AsyncGenerator[Old]:
    made = Old(own_database_url)
    yield made
    await made.database.close()


async def test_what_was_used_too_long_ago_is_written_off(town: Old) -> None:
    await town.lived()
    await town.says(limitation_months=12)
    before, charged_micro = await town.stands(), await town.charged_micro()
    assert before[1:] == (0, 0)
    await town.edit(MORE_WH)
    more_micro = await town.charged_micro() - charged_micro
    assert more_micro > 0
    assert await town.stands() == (before[0], 0, more_micro)
    await town.holds()
    # Nobody is given for good what nobody has paid.
    await town.edit(0)
    assert await town.stands() == before
    await town.holds()


async def test_days_are_the_policys(town: Old) -> None:
    await town.lived()
    await town.says(apart_after_days=1_000)
    before, charged_micro = await town.stands(), await town.charged_micro()
    await town.edit(MORE_WH)
    more_micro = await town.charged_micro() - charged_micro
    assert await town.stands() == (before[0] - more_micro, 0, 0)
    await town.edit(0)
    await town.edit(MORE_WH, our_fault=True)
    assert await town.stands() == (before[0] - more_micro, 0, 0)


async def test_killed_it_is_there_as_a_whole_or_not_at_all_and_once(town: Old) -> None:
    await town.lived()
    before, charged_micro = await town.stands(), await town.charged_micro()
    with pytest.raises(Killed):
        await town.edit(MORE_WH, open_unit=Dying(town, after=0, inside=True))
    assert await town.stands() == before
    await asyncio.gather(*(town.edit(MORE_WH) for _ in range(3)))
    more_micro = await town.charged_micro() - charged_micro
    assert await town.stands() == (before[0], more_micro, 0)
    await town.close_days()
    await town.holds()
