"""Notices that are set aside, and what people did with them."""

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from notifier.channels.ports import Verdict
from notifier.deliveries.postgres import PostgresDeliveries
from notifier.deliveries.values import (
    Doing,
    ParkedEnd,
    ParkedNotice,
    ParkedStep,
    ParkedView,
    Said,
)
from notifier.notices.postgres_rows import notice_of
from notifier.notices.values import Notice, Status
from prewatt_common.db.database import Database, DriverConnection, driver
from prewatt_common.kafka import outbox
from prewatt_common.kafka.messages import Message

logger = logging.getLogger(__name__)

_PARKING_LOCK = 0x4E4D0E
# From now on it stands as one that is being sent: what comes meanwhile and leaves it untrue is
# noted in stop_as, and nobody needs to read it for that.
_PARK = """
WITH open AS (
    UPDATE notice SET
        status = CASE WHEN status = 'queued' THEN 'sending' ELSE status END
    WHERE id = $1 AND (status IN ('queued', 'sending', 'accepted')
                       OR $6::text IS NOT NULL AND status = 'delivered')
    RETURNING id
)
INSERT INTO parked_notice AS p
    (notice_id, since, doing, error, peer_has_it, verdict, verdict_reason)
SELECT id, $2, $3, $4, $5, $6::text, $7::text FROM open
ON CONFLICT (notice_id) DO UPDATE SET
    verdict = excluded.verdict, verdict_reason = excluded.verdict_reason
WHERE excluded.verdict IS NOT NULL AND p.verdict IS DISTINCT FROM 'bounced'
"""
_NOTE = """
INSERT INTO parked_notice_step
    (id, notice_id, since, doing, error, peer_has_it, what, asked_as, asked_by, reason, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
# One that is true no more ends as that of a sender that died does.
_LET_GO = """
UPDATE notice SET
    status = CASE WHEN stop_as IS NULL THEN 'queued' ELSE 'sending' END, next_attempt_at = $2
WHERE id = $1 AND status IN ('queued', 'sending')
"""
_END = """
UPDATE notice SET
    status = coalesce(stop_as, 'failed'), reason = $2, next_attempt_at = NULL, finished_at = $3
WHERE id = $1 AND status IN ('queued', 'sending', 'accepted')
RETURNING *
"""
_PAGE = """
SELECT p.notice_id, n.account_id, n.template, n.channel, n.status, p.since, p.doing, p.error,
       p.peer_has_it
FROM parked_notice AS p JOIN notice AS n ON n.id = p.notice_id
WHERE $1::uuid IS NULL OR p.notice_id > $1 ORDER BY p.notice_id LIMIT $2
"""
_STEPS = """
SELECT * FROM parked_notice_step WHERE $1::uuid IS NULL OR id < $1 ORDER BY id DESC LIMIT $2
"""


class PostgresParking:
    """A `ParkingStore` on an open transaction."""

    def __init__(self, connection: AsyncConnection, inner: DriverConnection) -> None:
        self._connection = connection
        self._inner = inner

    async def hold(self) -> None:
        # One after the other, or two replicas would each find the last place free.
        await self._inner.execute("SELECT pg_advisory_xact_lock($1)", _PARKING_LOCK)

    async def parked(self, notice_id: UUID) -> ParkedNotice | None:
        row = await self._inner.fetchrow(
            "SELECT * FROM parked_notice WHERE notice_id = $1", notice_id
        )
        if row is None:
            return None
        said = None
        if row["verdict"] is not None:
            said = Said(Verdict(row["verdict"]), row["verdict_reason"])
        return replace(_parked_of(row), said=said)

    async def others(self, notice_id: UUID) -> int:
        query = "SELECT count(*) FROM parked_notice WHERE notice_id <> $1"
        return await self._inner.fetchval(query, notice_id)

    async def park(self, parked: ParkedNotice) -> None:
        await self._inner.execute(
            _PARK, parked.notice_id, parked.since, parked.doing, parked.error, parked.peer_has_it,
            *(parked.said or (None, None)),
        )  # fmt: skip

    async def asked(self, *, by: str, key: str) -> ParkedStep | None:
        row = await self._inner.fetchrow(
            "SELECT * FROM parked_notice_step WHERE asked_by = $1 AND asked_as = $2", by, key
        )
        return _step_of(row) if row else None

    async def unpark(self, step: ParkedStep) -> None:
        parked = step.parked
        await self._inner.execute(
            "DELETE FROM parked_notice WHERE notice_id = $1", parked.notice_id
        )
        await self._inner.execute(
            _NOTE, step.id, parked.notice_id, parked.since, parked.doing, parked.error,
            parked.peer_has_it, step.what, step.key, step.by, step.reason, step.at,
        )  # fmt: skip

    async def hold_account_of(self, notice_id: UUID) -> None:
        await self._inner.execute(
            "SELECT FROM account WHERE id = (SELECT account_id FROM notice WHERE id = $1) "
            "FOR UPDATE",
            notice_id,
        )

    async def let_go(self, notice_id: UUID, *, now: datetime) -> None:
        await self._inner.execute(_LET_GO, notice_id, now)

    async def end(self, notice_id: UUID, *, reason: str, now: datetime) -> Notice | None:
        row = await self._inner.fetchrow(_END, notice_id, reason, now)
        if row is None:
            return None
        try:
            return notice_of(row)
        except Exception:
            # Whatever raised as it was parked: it ends all the same, and no event can tell of it.
            logger.exception("notice %s is dropped and cannot be read: not told", notice_id)
            return None

    @asynccontextmanager
    async def trying(self) -> AsyncGenerator[PostgresDeliveries]:
        async with self._connection.begin_nested():
            yield PostgresDeliveries(self._connection, self._inner)

    async def publish(self, message: Message) -> None:
        await outbox.append(self._connection, [message])


class PostgresParkingRecords:
    """`ParkingRecords`, each call a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, *, after: UUID | None, limit: int) -> Sequence[ParkedView]:
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(_PAGE, after, limit)
        return [
            ParkedView(
                notice_id=row["notice_id"],
                account_id=row["account_id"],
                template=row["template"],
                channel=row["channel"],
                status=Status(row["status"]),
                since=row["since"],
                doing=Doing(row["doing"]),
                error=row["error"],
                peer_has_it=row["peer_has_it"],
            )
            for row in rows
        ]

    async def steps(self, *, before: UUID | None, limit: int) -> Sequence[ParkedStep]:
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(_STEPS, before, limit)
        return [_step_of(row) for row in rows]

    async def count(self) -> int:
        async with self._database.transaction() as connection:
            return await (await driver(connection)).fetchval("SELECT count(*) FROM parked_notice")


def _parked_of(row: asyncpg.Record) -> ParkedNotice:
    return ParkedNotice(
        notice_id=row["notice_id"],
        since=row["since"],
        doing=Doing(row["doing"]),
        error=row["error"],
        peer_has_it=row["peer_has_it"],
    )


def _step_of(row: asyncpg.Record) -> ParkedStep:
    return ParkedStep(
        id=row["id"],
        parked=_parked_of(row),
        what=ParkedEnd(row["what"]),
        key=row["asked_as"],
        by=row["asked_by"],
        reason=row["reason"],
        at=row["at"],
    )


@asynccontextmanager
async def open_parking(database: Database) -> AsyncGenerator[PostgresParking]:
    """A transaction of its own."""
    async with database.transaction() as connection:
        yield PostgresParking(connection, await driver(connection))
