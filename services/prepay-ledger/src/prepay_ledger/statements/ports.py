"""What issuing statements needs."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date
from typing import Protocol
from uuid import UUID

from prepay_ledger.balances.ports import HasBalances
from prepay_ledger.balances.values import Account
from prepay_ledger.statements.values import Ground, Period, PeriodKey, Statement


class StatementStore(Protocol):
    """Statements: written once, never changed."""

    async def due(self, ended_by: date, *, limit: int) -> Sequence[UUID]:
        """Accounts that are to be looked at by then, the longest waiting first; nothing is
        locked."""
        ...

    async def look_on(self, account_id: UUID, day: date) -> None:
        """The account is to be looked at once its periods up to that day may have statements."""
        ...

    async def forget(self, account_id: UUID) -> None:
        """It is not looked at any more."""
        ...

    async def next_period(self, account_id: UUID) -> Period | None:
        """The oldest of its post-paid time that has no statement; none: nothing was charged for
        any."""
        ...

    async def ground(self, account: Account, key: PeriodKey) -> Ground:
        """Of an account whose row is locked, and its next period."""
        ...

    async def paid_micro(self, account_id: UUID) -> int:
        """All payments of an account whose row is locked, without what was taken back."""
        ...

    async def next_number(self) -> int:
        """The one after the last, which nobody else gets unless this transaction is undone; waits
        for whoever has it."""
        ...

    async def add(self, statement: Statement) -> None: ...


class HasStatements(Protocol):
    """A transaction that knows what statements are made of."""

    statements: StatementStore


class Unit(HasBalances, HasStatements, Protocol):
    """A transaction in which a statement is issued."""


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
