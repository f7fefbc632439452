"""What adjusting and transferring need."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from prepay_ledger.adjustments.values import Adjustment, Transfer
from prepay_ledger.approvals.ports import HasProposals
from prepay_ledger.balances.ports import HasBalances
from prepay_ledger.journal.ports import HasJournals
from prepay_ledger.supply import ports as supply


class AdjustmentStore(Protocol):
    """Adjustments and transfers: written once, never changed. The accounts are locked."""

    async def adjustment(self, key: str, *, who: str) -> Adjustment | None:
        """The one that ``who`` asked for under that Idempotency-Key."""
        ...

    async def add_adjustment(self, adjustment: Adjustment) -> None:
        """Raises `KeyUsedBefore` where the person used the key meanwhile."""
        ...

    async def transfer(self, key: str, *, who: str) -> Transfer | None: ...
    async def add_transfer(self, transfer: Transfer) -> None:
        """Raises `KeyUsedBefore` where the person used the key meanwhile."""
        ...


class Unit(supply.Unit, HasBalances, HasJournals, HasProposals, Protocol):
    """A transaction in which balances are put right, and supply is decided after it."""

    adjustments: AdjustmentStore


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
