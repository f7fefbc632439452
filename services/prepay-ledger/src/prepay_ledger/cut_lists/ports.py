"""What the use cases of cut lists need."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from prepay_ledger.cut_lists.values import CutList, LineState, Listed, Noted, Progress
from prepay_ledger.facts.ports import HasFacts
from prepay_ledger.procedures.ports import HasProcedures
from prepay_ledger.procedures.values import Whose


class CutListStore(Protocol):
    """Lists of cuts and their lines."""

    async def add(self, made: CutList, account_ids: Sequence[UUID]) -> None: ...
    async def lock(self, list_id: UUID) -> CutList | None:
        """The list, its row locked until the transaction ends."""
        ...

    async def change(self, made: CutList) -> None: ...
    async def unknown(self, account_ids: Collection[UUID]) -> Sequence[UUID]:
        """Those that are no accounts."""
        ...

    async def listed(self, account_ids: Collection[UUID]) -> Mapping[UUID, Listed]:
        """Of each account its line in the newest list that has it. Whoever else asks of the same
        lists waits until the transaction ends: no two see the same place free."""
        ...

    async def note(self, states: Mapping[UUID, LineState], *, now: datetime) -> Sequence[Noted]:
        """The lines of these accounts in the newest lists that have them, where they had not ended;
        gives the lists in which one is another now."""
        ...

    async def waiting(self, list_id: UUID, *, limit: int) -> Sequence[UUID]:
        """Accounts of the first lines of the list that wait."""
        ...

    async def candidates(
        self, of: Whose, *, holds: Collection[str], now: datetime, limit: int
    ) -> Sequence[UUID]:
        """Accounts under that procedure whose cut waits for a list, and for nothing else but
        ``holds``; those that have been exhausted for longest first."""
        ...

    async def progress(self, list_id: UUID) -> Progress: ...


class HasCutLists(Protocol):
    """A transaction that knows of lists of cuts."""

    cut_lists: CutListStore


class HasLists(HasCutLists, HasProcedures, Protocol):
    """A transaction that knows what lists rest on."""


class Unit(HasLists, HasFacts, Protocol):
    """A transaction in which a list is drafted, approved or stopped."""


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
