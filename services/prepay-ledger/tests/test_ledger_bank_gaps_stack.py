"""A day's statement of a bank that never came is seen, in whatever order the others come."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest
from ledger_bank import camt, entry, mt940
from ledger_scratch import Scratch

from prepay_ledger.bank.accept_gap import accept_gap
from prepay_ledger.bank.keep_file import keep_file, read_upload
from prepay_ledger.bank.open_bank_account import open_bank_account
from prepay_ledger.bank.postgres_statements import StatementQueries
from prepay_ledger.bank.refusals import NoGap
from prepay_ledger.bank.values import BankAccount, SilentAccount
from prepay_ledger.business_days import BusinessDays
from prepay_ledger.payments.credit import Decided
from prewatt_common.ids import new_id
from prewatt_metering.tariffs.holidays import HolidayCalendar

pytestmark = pytest.mark.stack

OURS = "DE02120300000000202051"
MONDAY = date(2026, 3, 2)
MICRO = 1_000_000


class Bank(Scratch):
    """An account, and statements of some days."""

    async def move_in(self) -> None:
        await self.open(MONDAY)
        self.queries = StatementQueries(
            self.database, days=BusinessDays(HolidayCalendar(country="DE")), late_days=2
        )
        account = BankAccount(
            account=OURS, currency="EUR", name="n", opened_by="w", reason="r", at=at(MONDAY)
        )
        async with self.unit() as unit:
            await open_bank_account(unit=unit, asked=account)

    async def comes(self, body: bytes, on: date = MONDAY) -> None:
        upload = read_upload(body, key=str(new_id()), name="s", mapping=None, who="w")
        upload = replace(upload, sha256=new_id().bytes * 2)
        async with self.unit() as unit:
            await keep_file(unit=unit, upload=upload, now=at(on))

    async def gaps(self, *, open_: bool | None = True) -> list[tuple[date, date, int]]:
        """Oldest first: the day before, the day that it is seen on, and what is missing."""
        found = await self.queries.gaps(account=None, open_=open_, before=None, limit=100)
        if open_:
            assert await self.queries.open_gaps() == len(found)
        return sorted((each.after, each.first_day, each.missing_micro) for each in found)


def at(day: date) -> datetime:
    return datetime.combine(day, time(9), ZoneInfo("Europe/Berlin"))


def statement(number: int, moved: int = 5) -> bytes:
    """Of the ``number``-th day: each moves the same."""
    day = (MONDAY + timedelta(days=number)).isoformat()
    opening, closing = f"{100 + number * moved}", f"{100 + (number + 1) * moved}"
    return camt(
        *([entry(str(moved), day=day, ref=f"R{number}")] if moved else []),
        opening=opening, closing=closing, number=f"S{number}", closed_on=day,
    )  # fmt: skip


@pytest.fixture
async def bank(own_database_url: str) -> AsyncGenerator[Bank]:
    town = Bank(own_database_url)
    await town.move_in()
    yield town
    await town.database.close()


@pytest.mark.parametrize("seed", range(6))
async def test_what_is_missing_is_what_did_not_come_in_whatever_order(
    bank: Bank, seed: int
) -> None:
    random = Random(seed)
    came = sorted(random.sample(range(12), 7))
    for each in random.sample([*came, *came[:3]], len(came) + 3):
        await bank.comes(statement(each))
    expected = [
        (MONDAY + timedelta(days=before), MONDAY + timedelta(days=after), (after - before - 1) * 5)
        for before, after in pairwise(came)
        if after - before > 1
    ]
    assert await bank.gaps() == [
        (before, after, micro * MICRO) for before, after, micro in expected
    ]
    for each in set(range(12)) - set(came):
        await bank.comes(statement(each))
    assert await bank.gaps() == []


async def test_days_on_which_nothing_moved_follow_each_other(bank: Bank) -> None:
    for each in (0, 1, 2, 7):
        await bank.comes(statement(each, moved=0))
    assert await bank.gaps() == []


async def test_a_gap_is_accepted_once_with_a_reason(bank: Bank) -> None:
    for each in (0, 2):
        await bank.comes(statement(each))
    (gap,) = await bank.queries.gaps(account=OURS, open_=None, before=None, limit=9)

    async def accept() -> None:
        async with bank.unit() as unit:
            decided = Decided("li", "the bank has moved the account")
            await accept_gap(unit=unit, statement_id=gap.id, decided=decided, now=at(MONDAY))

    await accept()
    with pytest.raises(NoGap):
        await accept()
    assert await bank.gaps() == []
    assert len(await bank.gaps(open_=False)) == 1


async def test_pages_and_other_formats_are_one_chain(bank: Bank) -> None:
    await bank.comes(statement(0))
    page = "<StmtPgntn><PgNb>{}</PgNb><LastPgInd>{}</LastPgInd></StmtPgntn>"
    whole = {"opening": "105", "closing": "115", "number": "S1", "closed_on": "2026-03-03"}
    for number, is_last in ((1, "false"), (2, "true")):
        body = camt(
            entry("5", day="2026-03-03", ref=f"P{number}"), more=page.format(number, is_last),
            **whole,
        )  # fmt: skip
        await bank.comes(body)
    said = mt940(":61:2603040304C5,00NTRFX//R9", ":86:x", opening="115,", closing="120,")
    await bank.comes(said.replace(":62F:C260302", ":62F:C260304").encode())
    await bank.comes(statement(4))
    assert await bank.gaps() == []


async def test_an_account_is_silent_after_so_many_business_days(bank: Bank) -> None:
    friday = MONDAY + timedelta(days=4)
    assert await bank.queries.silent(today=MONDAY + timedelta(days=2)) == []
    assert await bank.queries.silent(today=MONDAY + timedelta(days=3)) == [
        SilentAccount(account=OURS, name="n", last_day=None, business_days=2)
    ]
    await bank.comes(statement(4))
    tuesday = friday + timedelta(days=4)
    assert await bank.queries.silent(today=tuesday) == []
    assert await bank.queries.silent(today=tuesday + timedelta(days=1)) == [
        SilentAccount(account=OURS, name="n", last_day=friday, business_days=2)
    ]
