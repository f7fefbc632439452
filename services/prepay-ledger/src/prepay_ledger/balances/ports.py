"""What other modules need of accounts: to find one, and to hold it while its money moves."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from prepay_ledger.balances.values import Account


class BalanceStore(Protocol):
    """Accounts, whose rows their money and supply are decided by."""

    async def account(self, account_id: UUID) -> Account | None: ...
    async def lock(self, account_id: UUID) -> Account | None: ...
    async def lock_all(self, account_ids: Sequence[UUID]) -> Sequence[Account]:
        """In the order of their ids, in which everybody locks them."""
        ...

    async def lock_by_number(self, number: str) -> Account | None: ...
    async def numbers_of_plain(self, plain_number: str) -> Sequence[str]:
        """The numbers of up to three accounts that have this plain number."""
        ...


class HasBalances(Protocol):
    """A transaction that finds accounts."""

    balances: BalanceStore
