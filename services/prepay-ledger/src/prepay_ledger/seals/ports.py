"""What closing and proving days needs."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date
from typing import Any, Protocol
from uuid import UUID

from prepay_ledger.events import Publishes
from prepay_ledger.seals.values import (
    Finding,
    Moved,
    PostingDay,
    Seal,
    SealedTable,
    TableSeal,
)


class SealStore(Protocol):
    """The posting day, the tables that are sealed, and their seals."""

    async def day(self) -> PostingDay: ...
    async def today(self, timezone: str) -> date:
        """By the database's clock."""
        ...

    async def turn(self, to: date) -> bool:
        """From here on rows are of ``to``; waits for everybody who took the day before. False where
        a day waits for its seal, or ``to`` is no later day."""
        ...

    async def lock(self) -> None:
        """One sealer at a time."""
        ...

    def rows(self, table: SealedTable, day: date) -> AsyncIterator[Sequence[Any]]:
        """The columns of each of the day's rows, in the order of the key."""
        ...

    async def row(self, table: SealedTable, key: UUID) -> Sequence[Any] | None:
        """The columns of one row of a table whose key is an id, sealed or not yet."""
        ...

    async def disagreeing_journal(self, day: date | None) -> str | None:
        """A journal of the day (none: of any) that is not what its entries and postings are, in
        words."""
        ...

    async def moved(self, day: date) -> Moved: ...

    async def offsets(self) -> Sequence[Mapping[str, Any]]: ...
    async def zone_data(self) -> str | None: ...
    async def seals(self) -> Sequence[Seal]:
        """All, in the order of their days."""
        ...

    async def seal(self, day: date) -> Seal | None: ...
    async def last_head(self) -> bytes | None: ...
    async def add(
        self, seal: Seal, *, leaves: Mapping[str, Sequence[bytes]], moved_micro: Moved
    ) -> None:
        """With the chunks of prefixes of each table; what the day moved goes into the sums of all
        sealed days, and the day waits for its seal no longer."""
        ...

    async def leaves(self, table: str, day: date) -> Sequence[bytes]:
        """What `add` kept, in order."""
        ...

    async def has_left(self, day: date) -> bool:
        """Whether the day's readings were exported and taken out (room `retention`)."""
        ...

    async def undated(self, table: SealedTable) -> str | None:
        """A row of a day that is neither open nor sealed nor waiting for its seal, in words."""
        ...

    async def wrong_sum(self) -> str | None:
        """A sum of all sealed days that is not what their rows come to, in words."""
        ...

    async def unbalanced_account(self) -> str | None:
        """An account whose balance is not the sum of its entries and of what is open, in words."""
        ...


class Unit(Publishes, Protocol):
    """A transaction in which days are turned and sealed."""

    seals: SealStore


Fold = Callable[[date], Awaitable[bool]]
"""Makes sealed rows of what is kept elsewhere while a day lasts, once the day was left. False where
not all of it could be: to be asked again before the day is sealed."""
DiffersElsewhere = Callable[[date, TableSeal], Awaitable[Finding | None]]
"""How the export of a day's readings, which have left, differs from what was sealed of them."""
OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
