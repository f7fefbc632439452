"""Proposals in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, insert
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.approvals.postgres_rows import proposals, to_proposal
from prepay_ledger.approvals.tables import proposal as proposal_table
from prepay_ledger.approvals.tables import proposal_outcome, sole_act
from prepay_ledger.approvals.values import ActKind, DoneAlone, Outcome, Proposal, SoleAct
from prewatt_common.db.database import driver

_LOCK = 0x4E4D07
"""Of a person who acts alone; taken after what the act is about."""
_DONE = """
SELECT coalesce(sum(amount_micro), 0)::bigint AS in_all_micro,
       coalesce(sum(amount_micro) FILTER (WHERE $4 IN (about, also_about)), 0)::bigint
           AS first_micro,
       coalesce(sum(amount_micro) FILTER (WHERE $5 IN (about, also_about)), 0)::bigint
           AS last_micro
FROM sole_act WHERE who = $1 AND currency = $2 AND at > $3
"""


class PostgresProposals:
    """A `ProposalStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def find(self, proposal_id: UUID) -> Proposal | None:
        """By our id."""
        return await self._one(proposals().where(proposal_table.c.id == proposal_id))

    async def by_key(self, kind: ActKind, key: str, *, who: str) -> Proposal | None:
        """By its key."""
        return await self._one(
            proposals().where(
                proposal_table.c.kind == kind,
                proposal_table.c.who == who,
                proposal_table.c.key == key,
            )
        )

    async def waiting(self, kind: ActKind, subject: str, *, now: datetime) -> Proposal | None:
        """One at most, as whoever adds one holds what it is about."""
        return await self._one(
            proposals().where(
                proposal_table.c.kind == kind,
                proposal_table.c.subject == subject,
                proposal_table.c.expires_at > now,
                proposal_outcome.c.proposal_id.is_(None),
            )
        )

    async def add(self, proposal: Proposal) -> bool:
        """Waits for whoever adds one under the same key."""
        act, by = proposal.act, proposal.proposed
        added = await self._connection.execute(
            upsert(proposal_table)
            .values(
                id=proposal.id, kind=act.kind, subject=act.subject, key=act.key,
                parameters=dict(act.parameters), amount_micro=act.amount_micro,
                currency=act.currency, who=by.by, reason=by.reason, at=by.at,
                expires_at=proposal.expires_at,
            )
            .on_conflict_do_nothing(index_elements=["kind", "who", "key"])
            .returning(proposal_table.c.id)
        )  # fmt: skip
        return added.first() is not None

    async def done_alone(
        self, who: str, *, currency: str, about: Sequence[str], since: datetime
    ) -> DoneAlone:
        """By the index of persons; waits for the same person's act that is under way."""
        connection = await driver(self._connection)
        await connection.execute("SELECT pg_advisory_xact_lock($1, hashtext($2))", _LOCK, who)
        row = await connection.fetchrow(_DONE, who, currency, since, about[0], about[-1])
        assert row is not None, "an aggregate has a row"
        return DoneAlone(max(row["first_micro"], row["last_micro"]), row["in_all_micro"])

    async def add_sole(self, act: SoleAct) -> None:
        """Insert it."""
        await self._connection.execute(insert(sole_act).values(asdict(act)))

    async def decide(self, proposal_id: UUID, outcome: Outcome) -> bool:
        """Waits for whoever writes an outcome of it: of two there is one."""
        by = outcome.decided
        written = await self._connection.execute(
            upsert(proposal_outcome)
            .values(
                proposal_id=proposal_id, action=outcome.action, who=by.by, reason=by.reason,
                at=by.at,
            )
            .on_conflict_do_nothing(index_elements=["proposal_id"])
            .returning(proposal_outcome.c.proposal_id)
        )  # fmt: skip
        return written.first() is not None

    async def _one(self, query: Select[Any]) -> Proposal | None:
        row = (await self._connection.execute(query)).mappings().first()
        return to_proposal(row) if row else None
