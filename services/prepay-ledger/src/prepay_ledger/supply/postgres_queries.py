"""What people ask of supply: read-only, each its own transaction."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from prepay_ledger.supply.tables import command, decision
from prepay_ledger.tables import AnyRow
from prewatt_common.db.database import Database


class SupplyQueries:
    """Queries for the API."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def decisions(self, account_id: UUID, *, limit: int) -> Sequence[AnyRow]:
        """An account's supply decisions with all they rest on, newest first."""
        query = select(decision).where(decision.c.account_id == account_id)
        async with self._database.transaction() as connection:
            rows = await connection.execute(query.order_by(decision.c.id.desc()).limit(limit))
            return rows.all()

    async def commands(self, account_id: UUID, *, limit: int) -> Sequence[AnyRow]:
        """An account's relay commands, newest first."""
        query = select(command).where(command.c.account_id == account_id)
        async with self._database.transaction() as connection:
            return (
                await connection.execute(query.order_by(command.c.id.desc()).limit(limit))
            ).all()
