"""What the use cases of supply need."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from prepay_ledger.events import Publishes
from prepay_ledger.supply.values import (
    CommandProgress,
    CommandRecorded,
    NewCommand,
    NextReview,
    StoredDecision,
    SupplyView,
)
from prewatt_metering.registers.spans import Span


class SupplyStore(Protocol):
    """Supply states, decisions and commands."""

    async def lock(self, account_ids: Sequence[UUID], *, now: datetime) -> Sequence[SupplyView]: ...
    async def due(self, *, now: datetime, limit: int) -> Sequence[UUID]: ...
    async def last_sequences(self, meter_ids: Sequence[str]) -> Mapping[str, int]:
        """The number that each meter's next command is above."""
        ...

    async def save(
        self,
        *,
        reviews: Sequence[NextReview],
        decisions: Sequence[StoredDecision],
        commands: Sequence[NewCommand],
    ) -> None: ...
    async def relay_open(self, meter_ids: Sequence[str]) -> Mapping[str, Sequence[Span]]:
        """When the relay of each was open for certain, by its last
        hundred commands."""
        ...

    async def record_progress(
        self, progress: Sequence[CommandProgress]
    ) -> Sequence[CommandRecorded]:
        """The commands that moved on; not those unknown or already further."""
        ...


class HasSupply(Protocol):
    """A transaction that decides supply."""

    supply: SupplyStore


class Unit(HasSupply, Publishes, Protocol):
    """A transaction in which supply is decided, and commands and warnings go out."""


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
