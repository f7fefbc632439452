"""Protections of single accounts, and protected periods."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.policies.postgres_rows import (
    period_row,
    protection_row,
    to_period,
    to_protection,
)
from prepay_ledger.policies.tables import account_protection, protected_period
from prepay_ledger.policies.values import ProtectedPeriod, Protection, Standing
from prewatt_common.db.database import driver

_STANDING = """
SELECT account_id,
       array_agg(DISTINCT kind ORDER BY kind) FILTER (WHERE begins_at <= $2) AS kinds,
       least(min(ends_at) FILTER (WHERE begins_at <= $2),
             min(begins_at) FILTER (WHERE begins_at > $2)) AS changes_at
FROM account_protection WHERE account_id = ANY($1::uuid[]) AND ends_at > $2
GROUP BY account_id
"""


class PostgresProtections:
    """A `ProtectionStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, protection: Protection) -> None:
        """A new one."""
        await self._connection.execute(
            insert(account_protection).values(**protection_row(protection))
        )

    async def lock(self, protection_id: UUID) -> Protection | None:
        """Waits for whoever has it."""
        query = select(account_protection).where(account_protection.c.id == protection_id)
        row = (await self._connection.execute(query.with_for_update())).mappings().first()
        return None if row is None else to_protection(row)

    async def change(self, protection: Protection) -> None:
        """The caller has it locked."""
        await self._connection.execute(
            update(account_protection)
            .where(account_protection.c.id == protection.id)
            .values(**protection_row(protection))
        )

    async def standing(
        self, account_ids: Collection[UUID], *, now: datetime
    ) -> Mapping[UUID, Standing]:
        """One statement for all."""
        rows = await (await driver(self._connection)).fetch(_STANDING, list(account_ids), now)
        return {
            row["account_id"]: Standing(tuple(row["kinds"] or ()), row["changes_at"])
            for row in rows
        }


class PostgresPeriods:
    """A `PeriodStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, period: ProtectedPeriod) -> None:
        """A new one."""
        await self._connection.execute(insert(protected_period).values(**period_row(period)))

    async def lock(self, period_id: UUID) -> ProtectedPeriod | None:
        """Waits for whoever has it."""
        query = select(protected_period).where(protected_period.c.id == period_id)
        row = (await self._connection.execute(query.with_for_update())).mappings().first()
        return None if row is None else to_period(row)

    async def change(self, period: ProtectedPeriod) -> None:
        """The caller has it locked."""
        await self._connection.execute(
            update(protected_period)
            .where(protected_period.c.id == period.id)
            .values(**period_row(period))
        )

    async def declared(self, *, now: datetime) -> Sequence[ProtectedPeriod]:
        """Few of all that ever were, in the order in which they begin."""
        query = (
            select(protected_period)
            .where(protected_period.c.ends_at > now)
            .order_by(protected_period.c.begins_at, protected_period.c.id)
        )
        return [to_period(row) for row in (await self._connection.execute(query)).mappings()]
