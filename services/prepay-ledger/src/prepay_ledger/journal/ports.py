"""What posting needs."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from prepay_ledger.journal.values import Journal


class JournalStore(Protocol):
    """Journals and what they do to balances."""

    async def post(self, journal: Journal, *, at: datetime) -> tuple[int, Sequence[UUID]]:
        """`write` and `move`: the journal's id, and the accounts whose balance now calls for a
        supply review."""
        ...

    async def write(self, journal: Journal, *, at: datetime, day: date | None = None) -> int:
        """The journal with its entries and postings; gives its id. ``day``: the posting day, none
        for the open one."""
        ...

    async def move(self, amounts_micro: Mapping[UUID, int]) -> Sequence[UUID]:
        """The balances of accounts by these amounts; gives those that now call for a supply
        review."""
        ...


class HasJournals(Protocol):
    """A transaction that posts."""

    journals: JournalStore
