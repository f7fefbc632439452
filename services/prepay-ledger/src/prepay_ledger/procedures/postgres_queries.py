"""Procedures as people look at them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from prepay_ledger.procedures.postgres import to_draft
from prepay_ledger.procedures.tables import procedure_draft
from prepay_ledger.procedures.values import ProcedureDraft
from prewatt_common.db.database import Database


class ProcedureQueries:
    """Each question one read-only transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def drafts(self, *, before: UUID | None, limit: int) -> Sequence[ProcedureDraft]:
        """Also those that were published or withdrawn, the newest first."""
        query = select(procedure_draft).order_by(procedure_draft.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(procedure_draft.c.id < before)
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [to_draft(row) for row in rows]

    async def draft(self, draft_id: UUID) -> ProcedureDraft | None:
        """One; none where it does not exist."""
        query = select(procedure_draft).where(procedure_draft.c.id == draft_id)
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).mappings().first()
        return None if row is None else to_draft(row)
