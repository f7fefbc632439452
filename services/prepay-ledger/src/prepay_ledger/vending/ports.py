"""What the use cases of points of sale need."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from prepay_ledger.payments import ports as payments
from prepay_ledger.vending.values import (
    Bar,
    Funding,
    FundingReversal,
    Limits,
    Means,
    Vend,
    Vendor,
    VendorStep,
    Void,
)


class VendorStore(Protocol):
    """Points of sale, who sells for them, and what they paid in. A vendor's row is locked before
    anything of its sales, payments or accounts."""

    async def add(self, vendor: Vendor) -> bool:
        """Whether it is new: of a code there is one."""
        ...

    async def lock(self, code: str) -> Vendor | None:
        """The vendor, its row locked until the transaction ends."""
        ...

    async def lock_of(self, seller: str) -> Vendor | None:
        """The one that ``seller`` sells for once its row is locked; none: or for another since."""
        ...

    async def sells_for(self, subject: str) -> UUID | None:
        """The vendor that the person sells for, without any lock."""
        ...

    async def has_decided(self, vendor_id: UUID, subject: str) -> bool:
        """Whether the person opened the vendor, or set or approved its limits."""
        ...

    async def put_limits(self, vendor_id: UUID, limits: Limits) -> None: ...
    async def put_sold(self, vendor: Vendor) -> None:
        """Its balance, and what it sold on its day."""
        ...

    async def add_step(self, vendor_id: UUID, step: VendorStep) -> None: ...
    async def add_seller(self, vendor_id: UUID, subject: str) -> str | None:
        """Gives the code of the vendor that the person sells for already; none: added."""
        ...

    async def remove_seller(self, vendor_id: UUID, subject: str) -> bool:
        """Whether the person sold for it."""
        ...

    async def funding(self, vendor_id: UUID, key: str) -> Funding | None: ...
    async def funding_of(self, vendor_id: UUID, funding_id: UUID) -> Funding | None: ...
    async def standing(self, vendor_id: UUID, means: Means, reference: str) -> Funding | None:
        """The one of that slip that was not reversed."""
        ...

    async def add_reversal(self, funding_id: UUID, reversal: FundingReversal) -> None: ...
    async def add_funding(self, vendor_id: UUID, funding: Funding) -> None: ...
    async def put_holder(
        self, account_id: UUID, name: str | None, *, by: str, at: datetime
    ) -> None:
        """The name that tills see masked; none: it is forgotten."""
        ...


class VendStore(Protocol):
    """Sales. The vendor's row is locked."""

    async def by_key(self, vendor_id: UUID, key: str, *, seller: str) -> Vend | None:
        """What ``seller`` sold under that key, for whichever vendor; else what the vendor did."""
        ...

    async def find(self, vend_id: UUID) -> Vend | None:
        """Without any lock."""
        ...

    async def add(self, vend: Vend) -> None: ...
    async def barred(self, vendor_id: UUID, key: str, *, seller: str) -> Bar | None:
        """Whether that vendor, or ``seller`` for whichever, reversed it before it came."""
        ...

    async def bar(self, vendor_id: UUID, bar: Bar) -> None:
        """Where the key is barred already, nothing changes."""
        ...

    async def add_void(self, vend: Vend, void: Void, *, business_day: date) -> None:
        """Raises `KeyUsedBefore` where the person voided another sale under that key."""
        ...


class DrawerStore(Protocol):
    """Cash in cashiers' drawers, by desk and business day: the room `cashiers` keeps it. The
    vendor's row is locked."""

    async def is_counted(self, vendor_id: UUID, seller: str, business_day: date) -> bool:
        """Whether the drawer was counted, and not sent back."""
        ...

    async def earliest_open(self, seller: str, *, before: date) -> date | None:
        """The person's first day, at whichever desk, that nobody counted."""
        ...

    async def move(
        self, vendor: Vendor, *, seller: str, business_day: date, amount_micro: int
    ) -> None:
        """What should be in the drawer is more by that, or less."""
        ...


class HasDrawers(Protocol):
    """A transaction in which cash is taken."""

    drawers: DrawerStore


class HasVendors(Protocol):
    """A transaction about points of sale."""

    vendors: VendorStore


class Unit(HasVendors, HasDrawers, payments.Unit, Protocol):
    """A transaction in which a vendor sells, or is paid."""

    vends: VendStore


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
