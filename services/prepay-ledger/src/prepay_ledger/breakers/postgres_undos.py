"""Cuts that are undone, in PostgreSQL."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.balances.postgres import RECHECK
from prepay_ledger.breakers.postgres_rows import to_undo
from prepay_ledger.breakers.tables import cut_undo
from prepay_ledger.breakers.values import CutUndo, Undone, UndoState
from prepay_ledger.facts.values import Decided
from prewatt_common.db.database import driver

# By the tariff that the account had about then (an agreement's days are of its tariff's zone), by
# the areas that the meter is in.
_DRAFT = """
INSERT INTO cut_undo_account (undo_id, account_id, cut_at, was_dark)
SELECT $1, c.account_id, min(c.issued_at), bool_or(c.status = 'succeeded')
FROM command AS c LEFT JOIN meter AS m USING (meter_id)
WHERE c.day >= $2::timestamptz::date - 2 AND c.issued_at >= $2 AND c.issued_at < $3
  AND c.action IN ('disconnect', 'limit')
  AND CASE $4::text
      WHEN 'all' THEN true
      WHEN 'tariff' THEN EXISTS (
          SELECT FROM agreement AS a WHERE a.account_id = c.account_id AND a.tariff_code = $5
            AND daterange(a.first_day, a.end_day)
                && daterange(c.issued_at::date - 1, c.issued_at::date + 2))
      WHEN 'supply_office' THEN m.supply_office = $5
      WHEN 'station_area' THEN m.station_area = $5
      WHEN 'line' THEN m.line = $5 END
GROUP BY c.account_id
"""
_DRAFTED = """
UPDATE cut_undo SET (accounts, dark) = (
    SELECT count(*), count(*) FILTER (WHERE was_dark) FROM cut_undo_account WHERE undo_id = $1)
WHERE id = $1 RETURNING accounts, dark
"""
# What was in flight when it was drafted may have opened a relay since.
_PORTION = """
SELECT u.account_id, u.cut_at, a.balance_micro, a.currency,
       EXISTS (SELECT FROM command AS c
               WHERE c.account_id = u.account_id AND c.action IN ('disconnect', 'limit')
                 AND c.status = 'succeeded' AND c.issued_at >= $3 AND c.issued_at < $4
              ) AS went_dark
FROM cut_undo_account AS u JOIN account AS a ON a.id = u.account_id
WHERE u.undo_id = $1 AND ($2::uuid IS NULL OR u.account_id > $2)
ORDER BY u.account_id LIMIT $5
"""


class PostgresUndos:
    """An `UndoStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def draft(self, undo: CutUndo) -> CutUndo:
        """20,000 accounts take some 200 ms."""
        await self._connection.execute(insert(cut_undo).values(**_values(undo)))
        connection = await driver(self._connection)
        await connection.execute(
            _DRAFT, undo.id, undo.since, undo.until, undo.scope.kind, undo.scope.name
        )
        row = await connection.fetchrow(_DRAFTED, undo.id)
        assert row is not None, "it was added above"
        return replace(undo, accounts=row["accounts"], dark=row["dark"])

    async def lock(self, undo_id: UUID) -> CutUndo | None:
        """Waits for whoever has it."""
        query = select(cut_undo).where(cut_undo.c.id == undo_id)
        row = (await self._connection.execute(query.with_for_update())).mappings().first()
        return None if row is None else to_undo(row)

    async def take(self) -> CutUndo | None:
        """Releases before ends: somebody sits in the dark."""
        query = (
            select(cut_undo)
            .where(cut_undo.c.state.in_([UndoState.RELEASED, UndoState.ENDING]))
            .order_by(cut_undo.c.state.desc(), cut_undo.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        row = (await self._connection.execute(query)).mappings().first()
        return None if row is None else to_undo(row)

    async def change(self, undo: CutUndo) -> None:
        """The caller has it locked."""
        await self._connection.execute(
            update(cut_undo).where(cut_undo.c.id == undo.id).values(**_values(undo))
        )

    async def portion(self, undo: CutUndo, *, limit: int) -> Sequence[Undone]:
        """After `upto`."""
        rows = await (await driver(self._connection)).fetch(
            _PORTION, undo.id, undo.upto, undo.since, undo.until, limit
        )
        return [
            Undone(
                account_id=row["account_id"],
                cut_at=row["cut_at"],
                went_dark=row["went_dark"],
                balance_micro=row["balance_micro"],
                currency=row["currency"],
            )
            for row in rows
        ]

    async def recheck(self, account_ids: Collection[UUID], *, now: datetime) -> None:
        """By the worker of supply."""
        await (await driver(self._connection)).execute(RECHECK, list(account_ids), now)


def _values(undo: CutUndo) -> dict[str, Any]:
    return {
        "id": undo.id,
        "scope": undo.scope.kind,
        "name": undo.scope.name,
        "since": undo.since,
        "cut_until": undo.until,
        "state": undo.state,
        "accounts": undo.accounts,
        "dark": undo.dark,
        "drafted_by": undo.drafted.by,
        "reason": undo.drafted.reason,
        "drafted_at": undo.drafted.at,
        "upto": undo.upto,
        **_decided(undo.released, "released_by", "release_reason", "released_at"),
        **_decided(undo.withdrawn, "withdrawn_by", "withdrawal_reason", "withdrawn_at"),
        **_decided(undo.ended, "ended_by", "end_reason", "ended_at"),
    }


def _decided(decided: Decided | None, by: str, reason: str, at: str) -> dict[str, Any]:
    if decided is None:
        return {}
    return {by: decided.by, reason: decided.reason, at: decided.at}
