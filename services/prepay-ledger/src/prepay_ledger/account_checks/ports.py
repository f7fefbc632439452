"""What the use cases of account checks need."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date
from typing import Protocol
from uuid import UUID

from prepay_ledger.account_checks.values import Check, Line, OurSale, Posting, Resolution
from prepay_ledger.vending.ports import HasVendors


class CheckStore(Protocol):
    """Checks of days. The vendor's row (`VendorStore.lock`) is locked."""

    async def our_sales(self, vendor_id: UUID, business_day: date) -> Sequence[OurSale]: ...
    async def check_of(self, vendor_id: UUID, business_day: date) -> Check | None: ...
    async def posting(self, check_id: UUID, key: str) -> Posting | None: ...
    async def put_check(self, check: Check) -> None:
        """In place of the one before."""
        ...

    async def add_posting(self, check_id: UUID, posting: Posting) -> None: ...
    async def lines(self, check_id: UUID) -> Sequence[Line]: ...
    async def remove_open_lines(self, check_id: UUID) -> None: ...
    async def add_lines(self, lines: Sequence[Line]) -> None: ...
    async def line(self, line_id: UUID) -> tuple[Check, Line] | None:
        """Without any lock."""
        ...

    async def add_resolution(self, line: Line, resolution: Resolution) -> None: ...


class Unit(HasVendors, Protocol):
    """A transaction about a vendor's day."""

    account_checks: CheckStore


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
