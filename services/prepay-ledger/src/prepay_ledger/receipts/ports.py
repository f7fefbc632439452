"""What receipts need."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol
from uuid import UUID

from prepay_ledger.receipts.values import Paid
from prepay_ledger.seals.ports import SealStore


class Unit(Protocol):
    """A transaction that reads seals."""

    seals: SealStore


class PaidStore(Protocol):
    """Payments as they stand."""

    async def paid(self, payment_id: UUID) -> Paid | None: ...


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
