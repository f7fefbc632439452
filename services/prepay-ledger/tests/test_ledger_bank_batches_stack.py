"""Lines of the bank are applied many in a transaction, on PostgreSQL: each once, whatever happens
to one of them or to the process."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import pytest
from ledger_bank import camt
from ledger_town import Dying, Killed
from test_ledger_payouts_stack import OURS, Bank, nothing

from prepay_ledger.bank.keep_file import keep_file, read_upload
from prepay_ledger.bank.ports import Unit
from prepay_ledger.bank.take_lines import TakeLines
from prepay_ledger.bank.values import BankLine

pytestmark = pytest.mark.stack
COUNT = 12
APPLIED = ["credited", "suspense"] * (COUNT // 2)
"""The second account of the town is in another currency."""


@pytest.fixture
async def bank(own_database_url: str) -> AsyncGenerator[Bank]:
    town = Bank(own_database_url)
    await town.move_in()
    entries = [town.line(10, f"town-{n % 2}", ref=f"R{n}") for n in range(COUNT)]
    body = camt(*entries, account=OURS, ccy="CNY", number="S1")
    upload = read_upload(body, key="k", name="s", mapping=None, who="w")
    async with town.unit() as unit:
        await keep_file(unit=unit, upload=upload, now=town.at)
    yield town
    await town.holds()
    await town.database.close()


async def take(bank: Bank, *, open_unit: Any = None, odd: UUID | None = None) -> None:
    """All that wait; the line ``odd`` raises."""

    async def take_line(unit: Unit, line_id: UUID) -> BankLine | None:
        after = await bank.take_line(unit, line_id)
        if line_id == odd:
            message = "a fault of ours"
            raise RuntimeError(message)
        return after

    job = TakeLines(
        open_unit=open_unit or bank.unit,
        take_line=take_line,  # type: ignore[arg-type]
        committed=nothing,
    )
    while await job() is not None:
        pass


async def states(bank: Bank) -> list[str]:
    return [each.state.value for each in await bank.lines()]


async def test_one_that_raises_keeps_no_other_from_being_applied(bank: Bank) -> None:
    odd = (await bank.lines())[6]
    await take(bank, odd=odd.id)
    assert await states(bank) == [*APPLIED[:6], "failed", *APPLIED[7:]]
    assert await bank.balances() == [50, 0]


async def test_whoever_dies_in_the_middle_has_applied_none_and_each_is_applied_once(
    bank: Bank,
) -> None:
    with pytest.raises(Killed):
        await take(bank, open_unit=Dying(bank, after=1, inside=True))
    assert await states(bank) == ["waiting"] * COUNT
    assert await bank.balances() == [0, 0]
    await asyncio.gather(*(take(bank) for _ in range(3)))
    assert await states(bank) == APPLIED
    assert await bank.balances() == [60, 0]


async def test_a_row_that_is_held_makes_many_give_way_and_one_wait(bank: Bank) -> None:
    (row,) = await bank.sql("SELECT id FROM account WHERE number = 'town-0'")
    async with bank.unit() as unit:
        await unit.balances.lock(row["id"])
        taking = asyncio.create_task(take(bank))
        await asyncio.sleep(0.6)  # longer than many wait for a row
        assert await states(bank) == ["waiting"] * COUNT
    await taking
    assert await states(bank) == APPLIED
    assert await bank.balances() == [60, 0]
