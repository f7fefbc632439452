"""What the use cases of policies need, and what a supply review asks."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from prepay_ledger.balances.ports import HasBalances
from prepay_ledger.facts.ports import HasFacts
from prepay_ledger.policies.book import PolicyBook
from prepay_ledger.policies.values import (
    PolicyDraft,
    PolicyVersion,
    ProtectedPeriod,
    Protection,
    Standing,
)


class PolicyStore(Protocol):
    """Policy versions and their drafts."""

    async def book(self) -> PolicyBook:
        """All that were published, as this transaction sees it."""
        ...

    async def lock(self) -> None:
        """Nobody else publishes until the transaction ends."""
        ...

    async def add_draft(self, draft: PolicyDraft) -> None: ...
    async def lock_draft(self, draft_id: UUID) -> PolicyDraft | None:
        """The draft, its row locked until the transaction ends."""
        ...

    async def change_draft(self, draft: PolicyDraft) -> None:
        """Its row, as it stands now."""
        ...

    async def next_number(self) -> int:
        """Of the next version; the caller holds the lock."""
        ...

    async def add(self, version: PolicyVersion) -> None: ...


class ProtectionStore(Protocol):
    """Protections of single accounts."""

    async def add(self, protection: Protection) -> None: ...
    async def lock(self, protection_id: UUID) -> Protection | None:
        """The protection, its row locked until the transaction ends."""
        ...

    async def change(self, protection: Protection) -> None:
        """Its row, as it stands now."""
        ...

    async def standing(
        self, account_ids: Collection[UUID], *, now: datetime
    ) -> Mapping[UUID, Standing]:
        """Of those of the accounts that are protected now or will be."""
        ...


class PeriodStore(Protocol):
    """Protected periods."""

    async def add(self, period: ProtectedPeriod) -> None: ...
    async def lock(self, period_id: UUID) -> ProtectedPeriod | None:
        """The period, its row locked until the transaction ends."""
        ...

    async def change(self, period: ProtectedPeriod) -> None:
        """Its row, as it stands now."""
        ...

    async def declared(self, *, now: datetime) -> Sequence[ProtectedPeriod]:
        """Those that hold now or will."""
        ...


class HasPolicies(Protocol):
    """A transaction that asks what the policy says."""

    policies: PolicyStore
    protections: ProtectionStore
    protected_periods: PeriodStore


class Unit(HasPolicies, HasBalances, HasFacts, Protocol):
    """A transaction in which a policy, a protection or a protected period is decided about."""


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
