"""What the use cases of supply need."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from prepay_ledger.events import Publishes
from prepay_ledger.relays.ports import HasRelays
from prepay_ledger.supply.values import NextReview, StoredDecision, SupplyView


class SupplyStore(Protocol):
    """Supply states and decisions."""

    async def hold(self, account_ids: Sequence[UUID]) -> None:
        """Lock the accounts' rows, as every decision does, before the relays of their meters."""
        ...

    async def lock(self, account_ids: Sequence[UUID], *, now: datetime) -> Sequence[SupplyView]:
        """The accounts, locked, with all that a decision rests on."""
        ...

    async def due(self, *, now: datetime, limit: int) -> Sequence[UUID]:
        """Accounts to be looked at again, locked; those another replica holds are skipped."""
        ...

    async def save(
        self, *, reviews: Sequence[NextReview], decisions: Sequence[StoredDecision]
    ) -> None:
        """States and when they are looked at next; decisions with all they rest on."""
        ...


class HasSupply(HasRelays, Protocol):
    """A transaction that decides supply."""

    supply: SupplyStore


class Unit(HasSupply, Publishes, Protocol):
    """A transaction in which supply is decided, and commands and warnings go out."""


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
