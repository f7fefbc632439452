"""Agreements as they stand."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.agreements.tables import agreement as agreement_table
from prepay_ledger.agreements.values import Agreement


class PostgresAgreements:
    """An `AgreementStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of_account(self, account_id: UUID) -> Sequence[Agreement]:
        """By their first days."""
        query = select(agreement_table).where(agreement_table.c.account_id == account_id)
        rows = await self._connection.execute(query.order_by(agreement_table.c.first_day))
        return [Agreement(**row) for row in rows.mappings()]

    async def add(self, agreement: Agreement) -> None:
        """The caller has checked that it overlaps with no other."""
        await self._connection.execute(insert(agreement_table).values(**agreement_row(agreement)))

    async def change(self, agreement: Agreement) -> None:
        """Its row, as it stands now."""
        await self._connection.execute(
            update(agreement_table)
            .where(agreement_table.c.id == agreement.id)
            .values(**agreement_row(agreement))
        )


def agreement_row(agreement: Agreement) -> dict[str, Any]:
    """The row of an agreement."""
    return {name: getattr(agreement, name) for name in Agreement.__dataclass_fields__}
