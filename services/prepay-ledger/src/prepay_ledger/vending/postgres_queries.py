"""What tills, people and dashboards ask about points of sale: read-only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, select

from prepay_ledger.balances.tables import account
from prepay_ledger.debts.tables import debt
from prepay_ledger.vending.postgres_rows import fundings, to_funding, to_vend, to_vendor, vends
from prepay_ledger.vending.refusals import UnknownVendor
from prepay_ledger.vending.rules import masked
from prepay_ledger.vending.tables import (
    account_holder,
    vend,
    vendor,
    vendor_funding,
    vendor_seller,
)
from prepay_ledger.vending.values import Funding, Payable, Vend, Vendor
from prewatt_common.db.database import Database


@dataclass(frozen=True, slots=True)
class VendorView:
    """A vendor and who sells for it."""

    vendor: Vendor
    sellers: Sequence[str]


class VendQueries:
    """Each question one read-only transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def vendors(self, *, after: str | None, limit: int) -> Sequence[Vendor]:
        """By their codes."""
        query = select(vendor).order_by(vendor.c.code).limit(limit)
        if after is not None:
            query = query.where(vendor.c.code > after)
        async with self._database.transaction() as connection:
            return [to_vendor(row) for row in (await connection.execute(query)).mappings()]

    async def vendor(self, code: str) -> VendorView | None:
        """By its code."""
        query = select(vendor).where(vendor.c.code == code)
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).mappings().first()
            if row is None:
                return None
            sellers = await connection.execute(
                select(vendor_seller.c.subject)
                .where(vendor_seller.c.vendor_id == row["id"])
                .order_by(vendor_seller.c.subject)
            )
            return VendorView(to_vendor(row), sellers.scalars().all())

    async def view(self, code: str) -> VendorView:
        """By its code. Raises `UnknownVendor`."""
        view = await self.vendor(code)
        if view is None:
            message = f"there is no vendor {code}"
            raise UnknownVendor(message)
        return view

    async def sells_for(self, subject: str) -> UUID | None:
        """The vendor that the person sells for."""
        query = select(vendor_seller.c.vendor_id).where(vendor_seller.c.subject == subject)
        async with self._database.transaction() as connection:
            return (await connection.execute(query)).scalar()

    async def vendor_of(self, subject: str) -> Vendor | None:
        """Likewise, as it stands."""
        query = (
            select(vendor)
            .join(vendor_seller, vendor_seller.c.vendor_id == vendor.c.id)
            .where(vendor_seller.c.subject == subject)
        )
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).mappings().first()
        return to_vendor(row) if row else None

    async def fundings(
        self, vendor_id: UUID, *, before: UUID | None, limit: int
    ) -> Sequence[Funding]:
        """What the vendor paid in, the newest first."""
        query = (
            fundings()
            .where(vendor_funding.c.vendor_id == vendor_id)
            .order_by(vendor_funding.c.id.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(vendor_funding.c.id < before)
        async with self._database.transaction() as connection:
            return [to_funding(row) for row in (await connection.execute(query)).mappings()]

    async def vend(self, vend_id: UUID) -> Vend | None:
        """A sale, void or not."""
        async with self._database.transaction() as connection:
            found = await connection.execute(vends().where(vend.c.id == vend_id))
            row = found.mappings().first()
        return to_vend(row) if row else None

    async def vends(
        self, *, code: str | None, business_day: date | None, before: UUID | None, limit: int
    ) -> Sequence[Vend]:
        """Sales, the newest first."""
        query = vends().order_by(vend.c.id.desc()).limit(limit)
        if business_day is not None:
            query = query.where(vend.c.business_day == business_day)
        if before is not None:
            query = query.where(vend.c.id < before)
        async with self._database.transaction() as connection:
            if code is not None:
                # By its id, which the indexes have; no such vendor: no sale.
                of_code = select(vendor.c.id).where(vendor.c.code == code)
                vendor_id = (await connection.execute(of_code)).scalar()
                query = query.where(vend.c.vendor_id == vendor_id)
            return [to_vend(row) for row in (await connection.execute(query)).mappings()]

    async def payable(self, number: str) -> Payable | None:
        """What a till may see of an account."""
        owed = (
            select(func.sum(debt.c.left_micro))
            .where(debt.c.account_id == account.c.id)
            .scalar_subquery()
        )
        query = (
            select(account, account_holder.c.name, owed.label("owed"))
            .select_from(
                account.outerjoin(account_holder, account_holder.c.account_id == account.c.id)
            )
            .where(account.c.number == number)
        )
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).mappings().first()
        if row is None:
            return None
        return Payable(
            account_id=row["id"],
            account_number=row["number"],
            holder=None if row["name"] is None else masked(row["name"]),
            currency=row["currency"],
            balance_micro=row["balance_micro"],
            credit_micro=row["overdraft_micro"] + row["emergency_credit_micro"],
            owed_micro=int(row["owed"] or 0),
        )
