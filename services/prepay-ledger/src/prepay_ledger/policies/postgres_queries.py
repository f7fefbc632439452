"""Policies, protections and protected periods as people look at them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from prepay_ledger.policies.postgres_rows import to_draft, to_period, to_protection
from prepay_ledger.policies.tables import account_protection, policy_draft, protected_period
from prepay_ledger.policies.values import PolicyDraft, ProtectedPeriod, Protection
from prewatt_common.db.database import Database, driver

_ACCOUNT = "SELECT EXISTS (SELECT FROM account WHERE id = $1)"


class PolicyQueries:
    """Each question one read-only transaction; lists the newest first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def drafts(self, *, before: UUID | None, limit: int) -> Sequence[PolicyDraft]:
        """Drafts, whatever became of them."""
        query = select(policy_draft).order_by(policy_draft.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(policy_draft.c.id < before)
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [to_draft(row) for row in rows]

    async def draft(self, policy_id: UUID) -> PolicyDraft | None:
        """One; none where it does not exist."""
        query = select(policy_draft).where(policy_draft.c.id == policy_id)
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).mappings().first()
        return None if row is None else to_draft(row)

    async def periods(self, *, before: UUID | None, limit: int) -> Sequence[ProtectedPeriod]:
        """Of now, of the past and to come."""
        query = select(protected_period).order_by(protected_period.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(protected_period.c.id < before)
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [to_period(row) for row in rows]

    async def protections(
        self, account_id: UUID, *, before: UUID | None, limit: int
    ) -> Sequence[Protection] | None:
        """Of an account, those that are over too; none where it does not exist."""
        query = (
            select(account_protection)
            .where(account_protection.c.account_id == account_id)
            .order_by(account_protection.c.id.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(account_protection.c.id < before)
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query)).mappings().all()
            if not rows and not await (await driver(connection)).fetchval(_ACCOUNT, account_id):
                return None
        return [to_protection(row) for row in rows]
