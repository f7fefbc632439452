"""What the use cases of settlements need."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from prepay_ledger.payments import ports as payments
from prepay_ledger.payouts.ports import HasPayouts
from prepay_ledger.settlement_files.values import SettledDays
from prepay_ledger.settlements.values import (
    Difference,
    KeptLine,
    SettlementFile,
    Sides,
    Step,
)


class SettlementStore(Protocol):
    """Files, their lines and differences. A provider is locked before any payment of it."""

    async def lock(self, provider: str) -> None:
        """Whoever else brings a file of the provider, or resolves something, waits."""
        ...

    async def file_of_key(self, key: str) -> SettlementFile | None: ...
    async def files_of_day(self, provider: str, day: date) -> Sequence[SettlementFile]:
        """By revision."""
        ...

    async def add_file(self, file: SettlementFile, body: bytes) -> None: ...
    async def standing(self, provider: str, day: date) -> Sequence[KeptLine]: ...
    async def replace(self, provider: str, day: date) -> None:
        """No line of that day stands any more."""
        ...

    async def add_lines(self, lines: Sequence[KeptLine]) -> None: ...
    async def settled_days(self, provider: str) -> Collection[date]: ...
    async def ours_of(self, provider: str, day: date, days: SettledDays) -> Collection[str]:
        """Payment ids of what came to us on that business day: payments and movements."""
        ...

    async def sides(
        self, provider: str, payment_ids: Collection[str], days: SettledDays
    ) -> Sequence[Sides]: ...
    async def differences(
        self, provider: str, payment_ids: Collection[str]
    ) -> Sequence[Difference]:
        """Those that are not gone."""
        ...

    async def unresolved(
        self, *, after: UUID | None, limit: int
    ) -> Sequence[tuple[UUID, str, str]]:
        """Id, provider and payment id, by id; nothing is locked."""
        ...

    async def difference(self, difference_id: UUID) -> Difference | None: ...
    async def line(self, line_id: UUID) -> KeptLine: ...
    async def add_differences(self, differences: Sequence[Difference]) -> None: ...
    async def change(self, difference: Difference) -> None:
        """Write how it stands now."""
        ...

    async def close(self, ids: Sequence[UUID], reasons: Sequence[str], *, at: datetime) -> None:
        """They are gone, for these reasons."""
        ...

    async def step_of_key(self, key: str) -> tuple[UUID, Step] | None:
        """With the difference that it was done with."""
        ...

    async def add_step(self, difference_id: UUID, step: Step) -> None: ...


class HasSettlements(Protocol):
    """A transaction about settlements."""

    settlements: SettlementStore


class Unit(HasSettlements, HasPayouts, payments.Unit, Protocol):
    """A transaction in which a file is kept, or a difference resolved."""


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
