"""A look's turn in PostgreSQL: flags raised, kept and ended, with their events in the outbox."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from billing.hardship.events import cleared, flagged
from billing.hardship.policy import HardshipPolicy
from billing.hardship.ports import Counts
from billing.hardship.postgres_rows import FLAG_COLUMNS, evidence_text, flag_of, row_of
from billing.hardship.postgres_turn import TurnReads
from billing.hardship.values import Flag
from prewatt_common.db.database import Database, DriverConnection, driver, insert_rows
from prewatt_common.kafka import outbox

_LOOK_LOCK = 0x6C6F6F6B
"""Of the transaction, so that it ends with whoever held it, however that died."""

_KEEP = """
UPDATE hardship_flag
SET level = $2, doubts = $3, evidence = $4, last_true_day = $5, policy_version = $6
WHERE id = $1
"""
# History has a row where more than a number changed: a flag may stand for months.
_HISTORY = """
INSERT INTO hardship_flag_day (flag_id, day, level, doubts, evidence, policy_version, indicators)
SELECT $1, $2, $3, $4, $5, $6, $7
WHERE NOT EXISTS (
    SELECT FROM (SELECT * FROM hardship_flag_day WHERE flag_id = $1 ORDER BY day DESC LIMIT 1) AS h
    WHERE h.level = $3 AND h.doubts = $4 AND h.indicators = $7)
"""
_LEFT = """
SELECT f.* FROM hardship_flag AS f WHERE f.ended_day IS NULL AND (
    NOT EXISTS (SELECT FROM agreement AS a WHERE a.account_id = f.account_id
                AND a.first_day <= $1 AND (a.end_day IS NULL OR a.end_day > $1))
    OR EXISTS (SELECT FROM installation AS i JOIN meter AS m ON m.id = i.meter_id
               WHERE i.account_id = f.account_id AND NOT i.removed AND i.ends_at IS NULL
               AND NOT m.household))
ORDER BY f.account_id LIMIT $2
"""
_COUNTS = """
SELECT level, dealt_with, count(*) AS flags, min(raised_at) AS oldest FROM (
    SELECT f.level, f.raised_at, EXISTS (
        SELECT FROM hardship_acknowledgement AS k WHERE k.flag_id = f.id) AS dealt_with
    FROM hardship_flag AS f WHERE f.ended_day IS NULL) AS f
GROUP BY level, dealt_with
"""
# Of supply and credit the last word stays, however old: it holds until another comes, or nobody
# lives there any more.
_FORGET_EVENTS = """
DELETE FROM hardship_event AS e WHERE e.at < $1 AND (e.kind = 'top_up' OR EXISTS (
    SELECT FROM hardship_event AS n
    WHERE n.account_id = e.account_id AND n.at > e.at AND n.at < $1
      AND left(n.kind, 6) = left(e.kind, 6))
    OR NOT EXISTS (
    SELECT FROM agreement AS a
    WHERE a.account_id = e.account_id AND (a.end_day IS NULL OR a.end_day >= $2)))
"""


class PostgresLook(TurnReads):
    """A `Turn` on an open transaction that holds the look's lock."""

    def __init__(self, raw: DriverConnection, connection: AsyncConnection) -> None:
        super().__init__(raw)
        self._whole = connection

    async def standing(self, account_ids: Sequence[UUID]) -> Mapping[UUID, Flag]:
        """By account; locked, as a person may acknowledge one meanwhile."""
        rows = await self._connection.fetch(
            "SELECT * FROM hardship_flag WHERE account_id = ANY($1::uuid[]) AND ended_day IS NULL "
            "ORDER BY id FOR UPDATE",
            list(account_ids),
        )
        return {row["account_id"]: flag_of(row) for row in rows}

    async def dealt_with(self, account_ids: Sequence[UUID]) -> Mapping[UUID, datetime]:
        """By account."""
        rows = await self._connection.fetch(
            "SELECT f.account_id, max(k.at) AS at FROM hardship_flag AS f "
            "JOIN hardship_acknowledgement AS k ON k.flag_id = f.id "
            "WHERE f.account_id = ANY($1::uuid[]) GROUP BY f.account_id",
            list(account_ids),
        )
        return {row["account_id"]: row["at"] for row in rows}

    async def raise_flags(self, flags: Sequence[Flag], *, now: datetime) -> None:
        """With an event each."""
        await insert_rows(
            self._whole,
            "hardship_flag",
            columns=FLAG_COLUMNS,
            rows=[row_of(each) for each in flags],
        )
        await self._history(flags)
        await outbox.append(self._whole, [flagged(each, at=now) for each in flags])

    async def keep_flags(self, flags: Sequence[Flag]) -> None:
        """As they stand now; no event: it was told once."""
        await self._connection.executemany(
            _KEEP,
            [
                (x.id, x.level, list(x.doubts), evidence_text(x.evidence), x.last_true_day,
                 x.policy_version)
                for x in flags
            ],
        )  # fmt: skip
        await self._history(flags)

    async def end_flags(self, flags: Sequence[Flag], *, now: datetime) -> None:
        """With an event each."""
        await self._connection.executemany(
            "UPDATE hardship_flag SET ended_day = $2, ended_by = $3 WHERE id = $1",
            [(each.id, each.ended_day, each.ended_by) for each in flags],
        )
        await outbox.append(self._whole, [cleared(each, at=now) for each in flags])

    async def left(self, *, day: date, limit: int) -> Sequence[Flag]:
        """By account."""
        return [flag_of(row) for row in await self._connection.fetch(_LEFT, day, limit)]

    async def forget_unasked(self, *, before: datetime) -> None:
        """All of it."""
        await self._connection.execute("DELETE FROM hardship_event WHERE at < $1", before)

    async def forget(
        self, *, policy: HardshipPolicy, day: date, now: datetime, keep: timedelta
    ) -> None:
        """Acknowledgements and history go with their flag."""
        windows = timedelta(days=policy.window_days + policy.before_days + 7)
        before = now - windows
        await self._connection.execute(_FORGET_EVENTS, before, before.date())
        await self._connection.execute(
            "DELETE FROM hardship_use WHERE day < $1",
            day - timedelta(days=policy.window_days + policy.use_before_days + 14),
        )
        await self._connection.execute("DELETE FROM hardship_flag WHERE ended_day < $1", day - keep)
        await self._connection.execute("DELETE FROM hardship_look WHERE at < $1", now - keep)

    async def counts(self) -> Counts:
        """Of flags that stand."""
        rows = await self._connection.fetch(_COUNTS)
        waiting = [row["oldest"] for row in rows if row["level"] == "likely"
                   and not row["dealt_with"]]  # fmt: skip
        return Counts(
            {(row["level"], row["dealt_with"]): row["flags"] for row in rows},
            min(waiting, default=None),
        )

    async def _history(self, flags: Sequence[Flag]) -> None:
        await self._connection.executemany(
            _HISTORY,
            [
                (x.id, x.last_true_day, x.level, list(x.doubts), evidence_text(x.evidence),
                 x.policy_version, [each.name for each in x.evidence])
                for x in flags
            ],
        )  # fmt: skip


@asynccontextmanager
async def open_look(database: Database) -> AsyncGenerator[PostgresLook | None]:
    """A transaction that holds the look's lock; none where another process does."""
    async with database.transaction() as connection:
        raw = await driver(connection)
        ours = await raw.fetchval("SELECT pg_try_advisory_xact_lock($1)", _LOOK_LOCK)
        yield PostgresLook(raw, connection) if ours else None
