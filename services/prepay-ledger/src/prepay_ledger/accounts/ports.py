"""What the use cases of accounts need."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol
from uuid import UUID

from prepay_ledger.accounts.values import Terms
from prepay_ledger.balances.values import Account
from prepay_ledger.installations import ports as installations
from prepay_ledger.installations.values import NewBinding


class BulkStore(Protocol):
    """Accounts and bindings in bulk."""

    async def existing_numbers(self, numbers: Sequence[str]) -> set[str]: ...
    async def bound_meters(self, meter_ids: Sequence[str]) -> set[str]: ...
    async def insert(self, accounts: Sequence[Account], bindings: Sequence[NewBinding]) -> None:
        """Raises `ImportRefused` where somebody opened one of them meanwhile."""
        ...


class AccountStore(Protocol):
    """Accounts as they are opened and changed."""

    async def add(self, account: Account) -> bool:
        """False where the number is taken."""
        ...

    async def change_terms(self, account_id: UUID, terms: Terms) -> bool:
        """False where there is no such account."""
        ...


class Unit(installations.Unit, Protocol):
    """A transaction in which accounts are opened, with their meters, and changed."""

    accounts: AccountStore
    bulk: BulkStore


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
