"""What the use cases of installations need."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from prepay_ledger.charging import ports as charging
from prepay_ledger.facts.ports import HasFacts
from prepay_ledger.installations.values import InstalledMeter, Meter, ReadingEdit
from prepay_ledger.modes.ports import HasModes


class InstallationStore(Protocol):
    """Meters, where they are installed, and edits of their readings, as they stand."""

    async def of_meter(self, meter_id: str) -> Sequence[InstalledMeter]:
        """By their beginnings."""
        ...

    async def by_id(self, installation_id: UUID) -> InstalledMeter | None: ...
    async def replace(self, removed: Sequence[UUID], added: Sequence[InstalledMeter]) -> None:
        """Take the rows away and add others, some of them under the same ids."""
        ...

    async def meter(self, meter_id: str) -> Meter | None: ...
    async def put_meter(self, meter: Meter) -> None: ...
    async def add_edit(self, edit: ReadingEdit) -> None: ...
    async def last_edit(self, meter_id: str, read_at: datetime) -> ReadingEdit | None:
        """The one that holds at that instant, if any does."""
        ...

    async def edits(
        self, meter_id: str, *, after: UUID | None, limit: int
    ) -> Sequence[ReadingEdit]:
        """In the order in which they were decided."""
        ...


class Unit(HasFacts, HasModes, charging.Unit, Protocol):
    """A transaction in which something about a meter is decided."""

    installations: InstallationStore


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
