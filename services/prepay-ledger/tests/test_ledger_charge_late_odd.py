"""Accounts that cannot be charged for late days keep none of the others from being charged."""

from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from prepay_ledger.late_charges import charge_late
from prepay_ledger.late_charges.charge_late import ACCOUNTS_AT_ONCE, ChargeLate


class Store:
    """Accounts that wait, in the order in which they are due."""

    def __init__(self, count: int) -> None:
        self.waiting = [UUID(int=number) for number in range(count)]

    async def due(
        self, today: date, *, without: Collection[UUID] = (), limit: int
    ) -> Sequence[UUID]:
        del today
        return [each for each in self.waiting if each not in without][:limit]


def job(monkeypatch: pytest.MonkeyPatch, store: Store, odd: Collection[UUID]) -> ChargeLate:
    @asynccontextmanager
    async def unit() -> AsyncGenerator[Any]:
        yield SimpleNamespace(late_charges=store)

    async def charge_accounts(_: object, account_ids: Sequence[UUID], **__: object) -> None:
        if set(account_ids) & set(odd):
            raise ArithmeticError
        for each in account_ids:
            store.waiting.remove(each)

    monkeypatch.setattr(charge_late, "charge_accounts", charge_accounts)
    return ChargeLate(
        open_unit=unit,
        zone=ZoneInfo("UTC"),
        clock=lambda: datetime(2026, 11, 30, tzinfo=UTC),
        committed=lambda: None,
    )


async def until_it_rests(charge: ChargeLate) -> int:
    for runs in range(1, 1_000):
        if await charge() is None:
            return runs
    raise AssertionError


async def test_more_odd_ones_than_a_portion_has_are_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = Store(5 * ACCOUNTS_AT_ONCE)
    first, *odd = store.waiting[: ACCOUNTS_AT_ONCE + 3]
    odd_now = {first, *odd}
    charge = job(monkeypatch, store, odd_now)
    assert await until_it_rests(charge) == 6
    assert store.waiting == [first, *odd]
    odd_now.remove(first)
    await until_it_rests(charge)
    assert store.waiting == odd, "they are tried again the next time"


async def test_where_all_are_odd_it_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(3_000)
    assert await until_it_rests(job(monkeypatch, store, store.waiting[:])) == 20
