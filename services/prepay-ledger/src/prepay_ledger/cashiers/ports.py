"""What the use cases of cashiers need."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol
from uuid import UUID

from prepay_ledger.cashiers.values import (
    CashDay,
    Count,
    CountOrder,
    HandOver,
    Outcome,
    Receipt,
)
from prepay_ledger.journal.ports import HasJournals
from prepay_ledger.vending.ports import HasVendors
from prepay_ledger.vending.values import Vendor


class CashStore(Protocol):
    """Cashiers' days and their cash. The desk's row (`VendorStore.lock`) is locked."""

    async def counted_as(self, key: str, *, who: str) -> CountOrder | None:
        """What the person counted under that key."""
        ...

    async def day_of(self, vendor: Vendor, asked: CountOrder) -> CashDay | None: ...
    async def begin(self, vendor: Vendor, asked: CountOrder) -> CashDay:
        """A day without sales."""
        ...

    async def day_counted(self, count_id: UUID) -> CashDay | None:
        """The day of a count, without any lock; its `count` is that one."""
        ...

    async def add_count(self, day_id: UUID, count: Count) -> None:
        """Raises `OtherRequest` where the person counted another day under that key."""
        ...

    async def add_outcome(self, count_id: UUID, outcome: Outcome) -> None: ...
    async def put_state(self, day: CashDay) -> None:
        """Its state, and with what it was handed over."""
        ...

    async def closed(self, vendor_id: UUID, seller: str) -> Sequence[CashDay]:
        """Days whose cash the seller has in hand."""
        ...

    async def handed_over_as(self, key: str, *, who: str) -> HandOver | None: ...
    async def hand_over(self, hand_over_id: UUID) -> HandOver | None:
        """Without any lock."""
        ...

    async def add_hand_over(self, hand_over: HandOver) -> bool:
        """Whether its slip is new to the desk, and its key to who asks."""
        ...

    async def add_receipt(self, hand_over_id: UUID, receipt: Receipt) -> None: ...


class Unit(HasVendors, HasJournals, Protocol):
    """A transaction about a cashier's cash."""

    cash: CashStore


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
