"""Points of sale and their sales in PostgreSQL."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.vending.open_vendor import LIMITS, LIMITS_APPROVED, OPENED
from prepay_ledger.vending.postgres_rows import fundings, to_funding, to_vend, to_vendor, vends
from prepay_ledger.vending.refusals import KeyUsedBefore
from prepay_ledger.vending.tables import (
    account_holder,
    vend_bar,
    vend_void,
    vendor_funding,
    vendor_funding_reversal,
    vendor_seller,
    vendor_step,
)
from prepay_ledger.vending.tables import vend as vend_table
from prepay_ledger.vending.tables import vendor as vendor_table
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
from prewatt_common.ids import new_id


class PostgresVendors:
    """A `VendorStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, vendor: Vendor) -> bool:
        """Waits for whoever adds one of the same code."""
        row = asdict(vendor)
        limits = row.pop("limits")
        query = upsert(vendor_table).values(**row, **limits)
        added = await self._connection.execute(
            query.on_conflict_do_nothing(index_elements=["code"]).returning(vendor_table.c.id)
        )
        return added.first() is not None

    async def lock(self, code: str) -> Vendor | None:
        """Waits for whoever has it."""
        query = select(vendor_table).where(vendor_table.c.code == code).with_for_update()
        row = (await self._connection.execute(query)).mappings().first()
        return to_vendor(row) if row else None

    async def lock_of(self, seller: str) -> Vendor | None:
        """Likewise. Who waited may have been removed or moved meanwhile, so that is read again."""
        vendor_id = await self.sells_for(seller)
        query = select(vendor_table).where(vendor_table.c.id == vendor_id).with_for_update()
        row = (await self._connection.execute(query)).mappings().first()
        still = row is not None and await self.sells_for(seller) == vendor_id
        return to_vendor(row) if row is not None and still else None

    async def sells_for(self, subject: str) -> UUID | None:
        """As it is now."""
        query = select(vendor_seller.c.vendor_id).where(vendor_seller.c.subject == subject)
        return (await self._connection.execute(query)).scalar()

    async def has_decided(self, vendor_id: UUID, subject: str) -> bool:
        """By the steps of the vendor."""
        query = select(vendor_step.c.id).where(
            vendor_step.c.vendor_id == vendor_id,
            vendor_step.c.action.in_([OPENED, LIMITS, LIMITS_APPROVED]),
            vendor_step.c.who == subject,
        )
        return (await self._connection.execute(query.limit(1))).first() is not None

    async def put_limits(self, vendor_id: UUID, limits: Limits) -> None:
        """In place of those before."""
        await self._connection.execute(
            update(vendor_table).where(vendor_table.c.id == vendor_id).values(**asdict(limits))
        )

    async def put_sold(self, vendor: Vendor) -> None:
        """As it is by now."""
        await self._connection.execute(
            update(vendor_table)
            .where(vendor_table.c.id == vendor.id)
            .values(
                balance_micro=vendor.balance_micro,
                sold_on=vendor.sold_on,
                sold_micro=vendor.sold_micro,
            )
        )

    async def add_step(self, vendor_id: UUID, step: VendorStep) -> None:
        """Insert it."""
        await self._connection.execute(
            insert(vendor_step).values(id=new_id(), vendor_id=vendor_id, **asdict(step))
        )

    async def add_seller(self, vendor_id: UUID, subject: str) -> str | None:
        """Waits for whoever adds the same person."""
        query = (
            select(vendor_table.c.code)
            .join(vendor_seller, vendor_seller.c.vendor_id == vendor_table.c.id)
            .where(vendor_seller.c.subject == subject)
        )
        while True:
            added = await self._connection.execute(
                upsert(vendor_seller)
                .values(subject=subject, vendor_id=vendor_id)
                .on_conflict_do_nothing(index_elements=["subject"])
                .returning(vendor_seller.c.subject)
            )
            if added.first() is not None:
                return None
            elsewhere = (await self._connection.execute(query)).scalar()
            # None: removed between the two statements, so the person is free by now.
            if elsewhere is not None:
                return elsewhere

    async def remove_seller(self, vendor_id: UUID, subject: str) -> bool:
        """Of that vendor alone."""
        gone = await self._connection.execute(
            delete(vendor_seller)
            .where(vendor_seller.c.vendor_id == vendor_id, vendor_seller.c.subject == subject)
            .returning(vendor_seller.c.subject)
        )
        return gone.first() is not None

    async def funding(self, vendor_id: UUID, key: str) -> Funding | None:
        """By its key."""
        query = fundings().where(
            vendor_funding.c.vendor_id == vendor_id, vendor_funding.c.key == key
        )
        return await self._funding(query)

    async def funding_of(self, vendor_id: UUID, funding_id: UUID) -> Funding | None:
        """By our id."""
        query = fundings().where(
            vendor_funding.c.vendor_id == vendor_id, vendor_funding.c.id == funding_id
        )
        return await self._funding(query)

    async def standing(self, vendor_id: UUID, means: Means, reference: str) -> Funding | None:
        """By what the slip says."""
        query = fundings().where(
            vendor_funding.c.vendor_id == vendor_id,
            vendor_funding.c.means == means,
            vendor_funding.c.reference == reference,
            vendor_funding_reversal.c.id.is_(None),
        )
        return await self._funding(query)

    async def _funding(self, query: Select[Any]) -> Funding | None:
        row = (await self._connection.execute(query)).mappings().first()
        return to_funding(row) if row else None

    async def add_funding(self, vendor_id: UUID, funding: Funding) -> None:
        """Insert it."""
        row = asdict(funding)
        del row["reversal"]
        await self._connection.execute(insert(vendor_funding).values(vendor_id=vendor_id, **row))

    async def add_reversal(self, funding_id: UUID, reversal: FundingReversal) -> None:
        """Insert it."""
        await self._connection.execute(
            insert(vendor_funding_reversal).values(funding_id=funding_id, **asdict(reversal))
        )

    async def put_holder(
        self, account_id: UUID, name: str | None, *, by: str, at: datetime
    ) -> None:
        """In place of the name before; none: it is forgotten."""
        if name is None:
            await self._connection.execute(
                delete(account_holder).where(account_holder.c.account_id == account_id)
            )
            return
        told = {"name": name, "told_by": by, "told_at": at}
        await self._connection.execute(
            upsert(account_holder)
            .values(account_id=account_id, **told)
            .on_conflict_do_update(index_elements=["account_id"], set_=told)
        )


class PostgresVends:
    """A `VendStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def by_key(self, vendor_id: UUID, key: str, *, seller: str) -> Vend | None:
        """The seller's own goes first: a till's lost answer is of what that till asked."""
        own = vend_table.c.sold_by == seller
        query = (
            vends()
            .where(vend_table.c.key == key, or_(vend_table.c.vendor_id == vendor_id, own))
            .order_by(own.desc())
            .limit(1)
        )
        row = (await self._connection.execute(query)).mappings().first()
        return to_vend(row) if row else None

    async def find(self, vend_id: UUID) -> Vend | None:
        """By our id."""
        query = vends().where(vend_table.c.id == vend_id)
        row = (await self._connection.execute(query)).mappings().first()
        return to_vend(row) if row else None

    async def add(self, vend: Vend) -> None:
        """Insert it."""
        row = asdict(vend)
        order = row.pop("order")
        for name in ("vendor_code", "vendor_name", "void"):
            del row[name]
        row["paid_off"] = {str(debt_id): micro for debt_id, micro in vend.paid_off.items()}
        await self._connection.execute(insert(vend_table).values(**row, **order))

    async def barred(self, vendor_id: UUID, key: str, *, seller: str) -> Bar | None:
        """By its key."""
        query = select(vend_bar).where(
            vend_bar.c.key == key,
            or_(vend_bar.c.vendor_id == vendor_id, vend_bar.c.who == seller),
        )
        row = (await self._connection.execute(query)).mappings().first()
        return Bar(**{name: row[name] for name in Bar.__dataclass_fields__}) if row else None

    async def bar(self, vendor_id: UUID, bar: Bar) -> None:
        """Insert it, unless it is there."""
        await self._connection.execute(
            upsert(vend_bar)
            .values(vendor_id=vendor_id, **asdict(bar))
            .on_conflict_do_nothing(index_elements=["vendor_id", "key"])
        )

    async def add_void(self, vend: Vend, void: Void, *, business_day: date) -> None:
        """Waits for whoever voids under the same key."""
        added = await self._connection.execute(
            upsert(vend_void)
            .values(vend_id=vend.id, business_day=business_day, **asdict(void))
            .on_conflict_do_nothing(index_elements=["who", "key"])
            .returning(vend_void.c.id)
        )
        if added.first() is None:
            message = (
                f"the Idempotency-Key {void.key} came before with the void of another sale, which "
                "stands; nothing was changed"
            )
            raise KeyUsedBefore(message)
