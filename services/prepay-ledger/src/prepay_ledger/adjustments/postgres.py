"""Adjustments and transfers in PostgreSQL."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.adjustments.postgres_rows import to_adjustment, to_transfer
from prepay_ledger.adjustments.tables import adjustment as adjustment_table
from prepay_ledger.adjustments.tables import transfer as transfer_table
from prepay_ledger.adjustments.values import Adjustment, Transfer
from prepay_ledger.approvals.refusals import KeyUsedBefore


class PostgresAdjustments:
    """An `AdjustmentStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def adjustment(self, key: str, *, who: str) -> Adjustment | None:
        """By its key."""
        query = select(adjustment_table).where(
            adjustment_table.c.who == who, adjustment_table.c.key == key
        )
        row = (await self._connection.execute(query)).mappings().first()
        return to_adjustment(row) if row else None

    async def add_adjustment(self, adjustment: Adjustment) -> None:
        """Waits for whoever uses the same key, of another account."""
        await self._add(adjustment_table, adjustment.order.key, asdict(adjustment))

    async def transfer(self, key: str, *, who: str) -> Transfer | None:
        """By its key."""
        query = select(transfer_table).where(
            transfer_table.c.who == who, transfer_table.c.key == key
        )
        row = (await self._connection.execute(query)).mappings().first()
        return to_transfer(row) if row else None

    async def add_transfer(self, transfer: Transfer) -> None:
        """Likewise."""
        await self._add(transfer_table, transfer.order.key, asdict(transfer))

    async def _add(self, table: Table, key: str, row: dict[str, Any]) -> None:
        order = row.pop("order")
        added = await self._connection.execute(
            upsert(table)
            .values(**row, **order)
            .on_conflict_do_nothing(index_elements=["who", "key"])
            .returning(table.c.id)
        )
        if added.first() is None:
            message = (
                f"the Idempotency-Key {key} came before with another {table.name}, which stands; "
                "nothing was changed"
            )
            raise KeyUsedBefore(message)
