"""What the use cases of cut lists need."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from prepay_ledger.cut_lists.values import CutList, LineState, Listed, Progress
from prepay_ledger.facts.ports import HasFacts
from prepay_ledger.procedures.ports import HasProcedures


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
        """Of each account its line in the newest list that has it."""
        ...

    async def finish(
        self, account_ids: Collection[UUID], *, state: LineState, now: datetime
    ) -> Collection[UUID]:
        """Their lines in the newest lists that have them, where they waited; gives those lists."""
        ...

    async def waiting(self, list_ids: Collection[UUID]) -> Sequence[UUID]:
        """Accounts whose lines of those lists wait."""
        ...

    async def progress(self, list_id: UUID) -> Progress: ...


class HasCutLists(Protocol):
    """A transaction that knows of lists of cuts."""

    cut_lists: CutListStore


class Unit(HasCutLists, HasProcedures, HasFacts, Protocol):
    """A transaction in which a list is drafted, approved or stopped."""


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
