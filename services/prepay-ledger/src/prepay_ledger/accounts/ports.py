"""What the use cases of accounts need."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol
from uuid import UUID

from prepay_ledger.accounts.values import Opening, Terms
from prepay_ledger.agreements import ports as agreements
from prepay_ledger.balances.values import Account
from prepay_ledger.installations import ports as installations
from prepay_ledger.prepay_agreements.ports import HasGrounds


class BulkStore(Protocol):
    """Accounts with their agreements and meters in bulk."""

    async def existing_numbers(self, numbers: Sequence[str]) -> set[str]: ...
    async def known_meters(self, meter_ids: Sequence[str]) -> set[str]:
        """Those that are installed or were, or that something is known of."""
        ...

    async def insert(self, openings: Sequence[Opening]) -> None:
        """Accounts with their balances, agreements, meters and installations; whoever calls writes
        the entries that the balances are of. Raises `ImportRefused` where somebody opened one of
        them meanwhile."""
        ...

    async def waiting(self, meter_ids: Sequence[str]) -> Sequence[str]:
        """Those whose readings came already."""
        ...


class AccountStore(Protocol):
    """Accounts as they are opened and changed."""

    async def add(self, account: Account) -> bool:
        """False where the number is taken."""
        ...

    async def change_terms(self, account_id: UUID, terms: Terms) -> bool:
        """False where there is no such account."""
        ...


class Unit(agreements.Unit, installations.Unit, HasGrounds, Protocol):
    """A transaction in which accounts are opened, with their meters, and changed."""

    accounts: AccountStore
    bulk: BulkStore


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
