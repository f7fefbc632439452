"""Procedures, their drafts, and evidence of their steps."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy import RowMapping, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.facts.values import Decided, DraftState
from prepay_ledger.procedures.book import ProcedureBook
from prepay_ledger.procedures.tables import (
    procedure_draft,
    procedure_evidence,
    procedure_version,
)
from prepay_ledger.procedures.values import (
    Evidence,
    EvidenceKind,
    ProcedureDraft,
    PublishedProcedure,
)
from prewatt_common.contracts.notice_events_v1 import (
    NoticeBounced,
    NoticeDelivered,
    NoticeFailed,
)
from prewatt_common.contracts.procedure_v1 import Procedure, canonical
from prewatt_common.db.database import driver
from prewatt_common.ids import new_id

_PUBLISHING_LOCK = 0x4E4D0F
_STATE = "SELECT current_database(), count(*), max(published_at) FROM procedure_version"
_STANDING = """
SELECT * FROM procedure_evidence AS e
WHERE account_id = ANY($1::uuid[]) AND takes_back IS NULL
  AND NOT EXISTS (SELECT FROM procedure_evidence AS b WHERE b.takes_back = e.id)
ORDER BY id
"""
_FIND = """
SELECT e.*, takes_back IS NULL AND NOT EXISTS (
    SELECT FROM procedure_evidence AS b WHERE b.takes_back = e.id
) AS stands
FROM procedure_evidence AS e WHERE id = $1 AND account_id = $2
"""
# Of accounts that there are: a ledger restored from a backup may hear of one it has forgotten.
_ADD_DELIVERED = """
INSERT INTO procedure_evidence
  (id, account_id, kind, name, at, said_at, by, form, reference, cause_id, recorded_at)
SELECT n.id, n.account_id, 'notice', n.template, n.at, n.said_at, 'notifier', n.channel,
       n.notice_id, n.cause_id, $9
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::text[],
            $7::text[], $8::text[])
     AS n (id, account_id, template, at, said_at, channel, notice_id, cause_id)
JOIN account AS a ON a.id = n.account_id
ON CONFLICT (reference) WHERE kind = 'notice' AND takes_back IS NULL DO NOTHING
RETURNING account_id
"""
# What a person brought to the door was not sent, and stays delivered whatever fails.
_OF_FAILED = """
SELECT e.id, e.account_id, e.name, f.at, f.channel, f.notice_id, f.cause_id
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[])
     AS f (account_id, template, at, channel, notice_id, cause_id)
JOIN procedure_evidence AS e
  ON e.account_id = f.account_id AND e.kind = 'notice' AND e.takes_back IS NULL
 AND e.name = f.template AND e.cause_id = f.cause_id AND e.at <= f.at
 AND e.form NOT IN ('in_person', 'posted_at_premises')
"""
_OF_BOUNCED = """
SELECT e.id, e.account_id, e.name, b.at, b.channel, b.notice_id, b.cause_id
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[])
     AS b (account_id, template, at, channel, notice_id, cause_id)
JOIN procedure_evidence AS e
  ON e.account_id = b.account_id AND e.kind = 'notice' AND e.takes_back IS NULL
 AND e.reference = b.notice_id
"""
_TAKE_BACK = """
INSERT INTO procedure_evidence
  (id, account_id, kind, name, at, by, form, reference, cause_id, takes_back, reason, recorded_at)
SELECT id, account_id, 'notice', name, at, 'notifier', form, reference, cause_id, takes_back,
       $9, $10
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::text[], $6::text[],
            $7::text[], $8::uuid[])
     AS f (id, account_id, name, at, form, reference, cause_id, takes_back)
ON CONFLICT (takes_back) DO NOTHING
RETURNING account_id
"""
# In our words: the peer's own may name the address, and this row stands when that is forgotten.
_FAILED = "no channel could deliver it"
_BOUNCED = "it came back"
_EVIDENCE = tuple(each.name for each in fields(Evidence))
# A row is never changed and never goes, so how many there are tells whether any is new. The book
# is asked for in every review.
_kept: dict[tuple[object, ...], ProcedureBook] = {}
_parse = msgspec.json.Decoder(Procedure).decode


class PostgresProcedures:
    """A `ProcedureStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock(self) -> None:
        """Until the transaction ends."""
        await self._connection.execute(select(func.pg_advisory_xact_lock(_PUBLISHING_LOCK)))

    async def book(self) -> ProcedureBook:
        """Every version there is: a utility has tens of them."""
        connection = await driver(self._connection)
        state = await connection.fetchrow(_STATE)
        assert state is not None, "an aggregate has a row"
        key = tuple(state)
        known = _kept.get(key)
        if known is None:
            rows = await connection.fetch("SELECT version, document FROM procedure_version")
            known = ProcedureBook(
                PublishedProcedure(version=row["version"], procedure=_parse(row["document"]))
                for row in rows
            )
            _kept.clear()
            _kept[key] = known
        return known

    async def add_draft(self, draft: ProcedureDraft) -> None:
        """A new one."""
        await self._connection.execute(insert(procedure_draft).values(**_draft_row(draft)))

    async def lock_draft(self, draft_id: UUID) -> ProcedureDraft | None:
        """Waits for whoever has it."""
        query = select(procedure_draft).where(procedure_draft.c.id == draft_id)
        row = (await self._connection.execute(query.with_for_update())).mappings().first()
        return None if row is None else to_draft(row)

    async def change_draft(self, draft: ProcedureDraft) -> None:
        """The caller has it locked."""
        await self._connection.execute(
            update(procedure_draft)
            .where(procedure_draft.c.id == draft.id)
            .values(**_draft_row(draft))
        )

    async def publish(
        self, published: PublishedProcedure, *, draft: ProcedureDraft, decided: Decided
    ) -> None:
        """The caller holds the lock and has looked."""
        procedure = published.procedure
        await self._connection.execute(
            insert(procedure_version).values(
                jurisdiction=procedure.jurisdiction,
                customer_class=procedure.customer_class,
                mode=procedure.mode.value,
                version=published.version,
                valid_from=procedure.valid_from,
                document=canonical(procedure).decode(),
                draft_id=draft.id,
                drafted_by=draft.drafted.by,
                published_by=decided.by,
                reason=decided.reason,
                published_at=decided.at,
            )
        )


class PostgresEvidence:
    """An `EvidenceStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def standing(self, account_ids: Collection[UUID]) -> Mapping[UUID, Sequence[Evidence]]:
        """By the index of accounts."""
        rows = await (await driver(self._connection)).fetch(_STANDING, list(account_ids))
        found: dict[UUID, list[Evidence]] = {}
        for row in rows:
            found.setdefault(row["account_id"], []).append(to_evidence(row))
        return found

    async def find(self, evidence_id: UUID, *, account_id: UUID) -> tuple[Evidence, bool] | None:
        """Without a lock, for rows never change: of two who take it back one is refused."""
        row = await (await driver(self._connection)).fetchrow(_FIND, evidence_id, account_id)
        return None if row is None else (to_evidence(row), row["stands"])

    async def add(self, evidence: Evidence) -> None:
        """A row."""
        values = {name: getattr(evidence, name) for name in _EVIDENCE}
        await self._connection.execute(insert(procedure_evidence).values(**values))

    async def add_delivered(
        self, notices: Sequence[NoticeDelivered], *, now: datetime
    ) -> Sequence[UUID]:
        """One statement."""
        rows = await (await driver(self._connection)).fetch(
            _ADD_DELIVERED,
            [new_id() for _ in notices],
            [each.account_id for each in notices],
            [each.template for each in notices],
            [each.at for each in notices],
            [each.said_at for each in notices],
            [each.channel for each in notices],
            [str(each.notice_id) for each in notices],
            [each.cause_id for each in notices],
            now,
        )
        return [row["account_id"] for row in rows]

    async def take_back_bounced(
        self, notices: Sequence[NoticeBounced], *, now: datetime
    ) -> Sequence[UUID]:
        """By the notices' ids."""
        return await self._take_back(_OF_BOUNCED, notices, reason=_BOUNCED, now=now)

    async def take_back_failed(
        self, notices: Sequence[NoticeFailed], *, now: datetime
    ) -> Sequence[UUID]:
        """By cause and template: what came back is another notice than the one that failed last."""
        return await self._take_back(_OF_FAILED, notices, reason=_FAILED, now=now)

    async def _take_back(
        self,
        which: str,
        notices: Sequence[NoticeBounced] | Sequence[NoticeFailed],
        *,
        reason: str,
        now: datetime,
    ) -> Sequence[UUID]:
        """Two statements: ids are given here, as lists are read by them."""
        connection = await driver(self._connection)
        found = await connection.fetch(
            which,
            [each.account_id for each in notices],
            [each.template for each in notices],
            [each.at for each in notices],
            [each.channel for each in notices],
            [str(each.notice_id) for each in notices],
            [each.cause_id for each in notices],
        )
        rows = await connection.fetch(
            _TAKE_BACK,
            [new_id() for _ in found],
            [row["account_id"] for row in found],
            [row["name"] for row in found],
            [row["at"] for row in found],
            [row["channel"] for row in found],
            [row["notice_id"] for row in found],
            [row["cause_id"] for row in found],
            [row["id"] for row in found],
            reason,
            now,
        )
        return [row["account_id"] for row in rows]


def to_draft(row: RowMapping) -> ProcedureDraft:
    """A draft from its row."""
    by, why, at = row["decided_by"], row["decision_reason"], row["decided_at"]
    return ProcedureDraft(
        id=row["id"],
        state=DraftState(row["state"]),
        procedure=_parse(row["document"]),
        drafted=Decided(by=row["drafted_by"], reason=row["reason"], at=row["drafted_at"]),
        version=row["version"],
        decided=None if by is None else Decided(by=by, reason=why, at=at),
    )


def to_evidence(row: asyncpg.Record) -> Evidence:
    """Evidence from its row."""
    values: dict[str, Any] = {name: row[name] for name in _EVIDENCE}
    values["kind"] = EvidenceKind(row["kind"])
    return Evidence(**values)


def _draft_row(draft: ProcedureDraft) -> dict[str, Any]:
    decided = draft.decided
    return {
        "id": draft.id,
        "state": draft.state.value,
        "document": canonical(draft.procedure).decode(),
        "drafted_by": draft.drafted.by,
        "reason": draft.drafted.reason,
        "drafted_at": draft.drafted.at,
        "version": draft.version,
        "decided_by": None if decided is None else decided.by,
        "decision_reason": None if decided is None else decided.reason,
        "decided_at": None if decided is None else decided.at,
    }
