"""What posting needs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from prepay_ledger.journal.values import Journal


class JournalStore(Protocol):
    """Journals and what they do to balances."""

    async def post(self, journal: Journal, *, at: datetime) -> tuple[int, Sequence[UUID]]:
        """The journal's id, and the accounts whose balance now calls for a supply review."""
        ...


class HasJournals(Protocol):
    """A transaction that posts."""

    journals: JournalStore
