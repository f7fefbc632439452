"""What the use cases of supply need."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from prepay_ledger.breakers.ports import HasBreakers
from prepay_ledger.events import Publishes
from prepay_ledger.policies.ports import HasPolicies
from prepay_ledger.policies.values import Area
from prepay_ledger.prepay_agreements.ports import HasGrounds
from prepay_ledger.reconnections.ports import HasReconnections
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

    async def areas(
        self, account_ids: Sequence[UUID], *, now: datetime
    ) -> Mapping[UUID, frozenset[Area]]:
        """Where the meters hang that serve these accounts, as far as that is known."""
        ...

    async def rules(self) -> tuple[int | None, ...]:
        """Another value whenever what holds for everybody has changed."""
        ...

    async def look_at(self, account_ids: Sequence[UUID], *, now: datetime) -> None:
        """These are to be decided about anew."""
        ...

    async def look_again(self, *, now: datetime) -> None:
        """Everybody whose supply is off, or moving, or to be cut, is decided about anew: the rules
        have changed."""
        ...

    async def due(self, *, now: datetime, limit: int) -> Sequence[UUID]:
        """Accounts to be looked at again, locked; those another replica holds are skipped."""
        ...

    async def save(
        self, *, reviews: Sequence[NextReview], decisions: Sequence[StoredDecision]
    ) -> None:
        """States and when they are looked at next; decisions with all they rest on."""
        ...


class HasSupply(HasRelays, HasPolicies, HasGrounds, HasBreakers, HasReconnections, Protocol):
    """A transaction that decides supply."""

    supply: SupplyStore


class Unit(HasSupply, Publishes, Protocol):
    """A transaction in which supply is decided, and commands and warnings go out."""


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
