"""What other modules need of accounts: to find one, and to hold it while its money moves."""

from typing import Protocol
from uuid import UUID

from prepay_ledger.balances.values import Account


class BalanceStore(Protocol):
    """Accounts, whose rows their money and supply are decided by."""

    async def account(self, account_id: UUID) -> Account | None: ...
    async def lock(self, account_id: UUID) -> Account | None: ...
    async def lock_by_number(self, number: str) -> Account | None: ...


class HasBalances(Protocol):
    """A transaction that finds accounts."""

    balances: BalanceStore
