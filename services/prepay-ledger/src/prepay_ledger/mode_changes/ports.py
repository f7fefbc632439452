"""What the use cases of mode changes need."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from prepay_ledger.agreements import ports as agreements
from prepay_ledger.mandates.ports import HasMandates
from prepay_ledger.mode_changes.values import ModeChange, Step
from prepay_ledger.statements.ports import HasStatements


class ModeChangeStore(Protocol):
    """Changes of accounts' modes."""

    async def add(self, change: ModeChange) -> bool:
        """False where the account is changing already."""
        ...

    async def change(self, change_id: UUID) -> ModeChange | None: ...
    async def lock(self, change_id: UUID) -> ModeChange | None:
        """Its row locked until the transaction ends."""
        ...

    async def put(self, change: ModeChange) -> None:
        """As it stands now."""
        ...

    async def due(self, *, now: datetime, limit: int) -> Sequence[UUID]:
        """Open ones that are to be looked at; nothing is locked."""
        ...

    async def asked_as(self, key: str, *, who: str) -> Step | None:
        """What the person did under that key."""
        ...

    async def add_step(self, step: Step) -> None: ...
    async def unread_meters(self, account_id: UUID, *, at: datetime) -> Sequence[str]:
        """That serve the account at that instant and were not read up to it."""
        ...

    async def last_period(self, agreement_id: UUID) -> date | None:
        """The first day of the last period that an agreement was charged for; none: of none."""
        ...

    async def charged_micro(self, agreement_id: UUID) -> int:
        """What an agreement was charged so far."""
        ...


class Parts(Protocol):
    """A transaction with parts."""

    def savepoint(self) -> AbstractAsyncContextManager[None]:
        """A part that is undone by itself where it raises."""
        ...


class Unit(agreements.Unit, HasMandates, HasStatements, Parts, Protocol):
    """A transaction in which an account changes its mode."""

    mode_changes: ModeChangeStore


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
