"""Proposals as people look at them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from prepay_ledger.approvals.postgres_rows import proposals, to_proposal
from prepay_ledger.approvals.tables import proposal, proposal_outcome
from prepay_ledger.approvals.values import ActKind, Proposal, ProposalState
from prewatt_common.db.database import Database


class ProposalQueries:
    """Each question one read-only transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def proposals(
        self,
        *,
        state: ProposalState | None,
        kind: ActKind | None,
        now: datetime,
        before: UUID | None,
        limit: int,
    ) -> Sequence[Proposal]:
        """The newest first; of those in that state at ``now``, and of that kind."""
        query = proposals().order_by(proposal.c.id.desc()).limit(limit)
        if state is not None:
            query = query.where(*_in(state, now))
        if kind is not None:
            query = query.where(proposal.c.kind == kind)
        if before is not None:
            query = query.where(proposal.c.id < before)
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [to_proposal(row) for row in rows]

    async def waiting_since(self, now: datetime) -> datetime | None:
        """Of the oldest that waits."""
        query = (
            select(func.min(proposal.c.at))
            .select_from(proposal.outerjoin(proposal_outcome))
            .where(*_in(ProposalState.WAITING, now))
        )
        async with self._database.transaction() as connection:
            return await connection.scalar(query)

    async def proposal(self, proposal_id: UUID) -> Proposal | None:
        """By its id."""
        query = proposals().where(proposal.c.id == proposal_id)
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).mappings().first()
        return to_proposal(row) if row else None


def _in(state: ProposalState, now: datetime) -> Sequence[ColumnElement[bool]]:
    open_ = proposal_outcome.c.proposal_id.is_(None)
    match state:
        case ProposalState.WAITING:
            return open_, proposal.c.expires_at > now
        case ProposalState.EXPIRED:
            return open_, proposal.c.expires_at <= now
        case decided:
            return (proposal_outcome.c.action == decided,)
