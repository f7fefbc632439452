"""Adjustments and transfers as people look at them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import or_, select

from prepay_ledger.adjustments.postgres_rows import to_adjustment, to_transfer
from prepay_ledger.adjustments.tables import adjustment, transfer
from prepay_ledger.adjustments.values import Adjustment, Transfer
from prewatt_common.db.database import Database


class AdjustmentQueries:
    """Each question one read-only transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def adjustments(
        self, *, account_id: UUID | None, before: UUID | None, limit: int
    ) -> Sequence[Adjustment]:
        """The newest first."""
        query = select(adjustment).order_by(adjustment.c.id.desc()).limit(limit)
        if account_id is not None:
            query = query.where(adjustment.c.account_id == account_id)
        if before is not None:
            query = query.where(adjustment.c.id < before)
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [to_adjustment(row) for row in rows]

    async def transfers(
        self, *, account_id: UUID | None, before: UUID | None, limit: int
    ) -> Sequence[Transfer]:
        """Likewise; of an account those from it and to it."""
        query = select(transfer).order_by(transfer.c.id.desc()).limit(limit)
        if account_id is not None:
            query = query.where(
                or_(
                    transfer.c.from_account_id == account_id,
                    transfer.c.to_account_id == account_id,
                )
            )
        if before is not None:
            query = query.where(transfer.c.id < before)
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [to_transfer(row) for row in rows]
