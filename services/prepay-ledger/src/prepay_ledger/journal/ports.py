"""What posting needs."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from prepay_ledger.journal.values import Balance, Journal


class JournalStore(Protocol):
    """Journals and what they do to balances."""

    async def post(self, journal: Journal, *, at: datetime) -> tuple[int, Sequence[Balance]]:
        """`write`, `move` and `move_apart`: the journal's id, and the balances as they are now."""
        ...

    async def write(self, journal: Journal, *, at: datetime, day: date | None = None) -> int:
        """The journal with its entries and postings; gives its id. ``day``: the posting day, none
        for the open one."""
        ...

    async def move(self, amounts_micro: Mapping[UUID, int]) -> Sequence[Balance]:
        """The balances of accounts by these amounts; gives what they are now, as the database has
        it."""
        ...

    async def move_apart(self, journal: Journal) -> None:
        """What the journal's entries move beside balances, of accounts that moved already."""
        ...


class HasJournals(Protocol):
    """A transaction that posts."""

    journals: JournalStore
