"""What waits for receivers, in PostgreSQL."""

from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from notifier.webhooks.values import Attempt, NewMessage, OutgoingMessage, Reached
from prewatt_common.db.database import Database, DriverConnection, driver

DROP_WAITING = """
UPDATE webhook_message SET status = 'dropped', next_attempt_at = NULL, finished_at = $2::timestamptz
WHERE webhook_id = $1 AND status IN ('queued', 'sending')
"""
# Held until the commit: one that goes off or is ended meanwhile drops what waits after that, and
# finds what is written here.
_WANTED = (
    "SELECT id, events FROM webhook WHERE status IN ('active', 'paused') ORDER BY id FOR SHARE"
)
_QUEUE_ALL = """
INSERT INTO webhook_message (webhook_id, event_id, kind, body, status, next_attempt_at, expires_at,
                             made_at)
SELECT webhook_id, event_id, kind, body, 'queued', $5::timestamptz, $6, $5
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[])
     WITH ORDINALITY AS m (webhook_id, event_id, kind, body, place)
ORDER BY place
ON CONFLICT (webhook_id, event_id) DO NOTHING
"""
_DUE = """
SELECT id FROM webhook AS w
WHERE status = 'active' AND EXISTS (
    SELECT FROM webhook_message
    WHERE webhook_id = w.id AND status IN ('queued', 'sending')
      AND next_attempt_at <= $1::timestamptz AND expires_at > $1
)
ORDER BY id
"""
_CLAIM = """
UPDATE webhook_message AS m SET
    status = 'sending', attempts = attempts + 1, next_attempt_at = $4::timestamptz
FROM (
    SELECT webhook_id, event_id FROM webhook_message
    WHERE webhook_id = $1 AND status IN ('queued', 'sending')
      AND next_attempt_at <= $3::timestamptz AND expires_at > $3
    ORDER BY next_attempt_at, sequence LIMIT $2
    FOR UPDATE SKIP LOCKED
) AS due
JOIN webhook AS w ON w.id = due.webhook_id AND w.status = 'active'
WHERE m.webhook_id = due.webhook_id AND m.event_id = due.event_id
RETURNING m.webhook_id, w.url, m.event_id, m.body, m.attempts, ARRAY(
    SELECT number FROM webhook_secret AS s
    WHERE s.webhook_id = w.id AND (ends_at IS NULL OR ends_at > $3) ORDER BY number DESC
) AS secrets
"""
_FINISH = """
UPDATE webhook_message SET
    status = $4, answer = $5, next_attempt_at = $6::timestamptz, finished_at = $7::timestamptz
WHERE webhook_id = $1 AND event_id = $2 AND attempts = $3 AND status = 'sending'
RETURNING true
"""
_SWITCH_OFF = """
UPDATE webhook SET status = 'off', reason = $2, since = $3
WHERE id = $1 AND status IN ('active', 'paused')
"""
_EXPIRE = """
UPDATE webhook_message SET
    status = 'expired', next_attempt_at = NULL, finished_at = $1::timestamptz
WHERE (webhook_id, event_id) IN (
    SELECT webhook_id, event_id FROM webhook_message
    WHERE status IN ('queued', 'sending') AND expires_at <= $1
      AND (status = 'queued' OR next_attempt_at <= $1)
    LIMIT $2 FOR UPDATE SKIP LOCKED
)
"""
_FORGET = """
DELETE FROM webhook_message WHERE (webhook_id, event_id) IN (
    SELECT webhook_id, event_id FROM webhook_message WHERE finished_at < $1 LIMIT $2
)
"""
_AT_A_TIME = 5_000


class PostgresMessages:
    """A `MessageQueue` on an open transaction."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    async def wanted(self) -> Collection[str]:
        webhooks = await self._connection.fetch(_WANTED)
        return {kind for row in webhooks for kind in row["events"]}

    async def queue_all(
        self, messages: Sequence[NewMessage], *, now: datetime, expires_at: datetime
    ) -> bool:
        webhooks = await self._connection.fetch(_WANTED)
        wanted = [
            (row["id"], message)
            for message in messages
            for row in webhooks
            if message.kind in row["events"]
        ]
        if wanted:
            await self._connection.execute(
                _QUEUE_ALL,
                [webhook_id for webhook_id, _ in wanted],
                [message.event_id for _, message in wanted],
                [message.kind for _, message in wanted],
                [message.body for _, message in wanted],
                now,
                expires_at,
            )
        return bool(wanted)

    async def active(self) -> Sequence[UUID]:
        rows = await self._connection.fetch("SELECT id FROM webhook WHERE status = 'active'")
        return [row["id"] for row in rows]

    async def due(self, *, now: datetime) -> Sequence[UUID]:
        return [row["id"] for row in await self._connection.fetch(_DUE, now)]

    async def claim(
        self, webhook_id: UUID, *, limit: int, now: datetime, lease_until: datetime
    ) -> Sequence[OutgoingMessage]:
        rows = await self._connection.fetch(_CLAIM, webhook_id, limit, now, lease_until)
        return [OutgoingMessage(**dict(row)) for row in rows]

    async def finish(self, message: OutgoingMessage, attempt: Attempt, *, now: datetime) -> None:
        ended = {Reached.DELIVERED: "delivered", Reached.GONE: "dropped"}.get(attempt.reached)
        if attempt.reached is Reached.GONE:
            # First its row, as whoever queues for it: nothing is queued in between.
            await self._connection.execute(_SWITCH_OFF, message.webhook_id, attempt.answer, now)
        await self._connection.fetchval(
            _FINISH,
            message.webhook_id,
            message.event_id,
            message.attempts,
            ended or "queued",
            attempt.answer,
            None if ended else now + attempt.retry_after,
            now if ended else None,
        )
        if attempt.reached is Reached.GONE:
            await self._connection.execute(DROP_WAITING, message.webhook_id, now)

    async def end_overdue(self, *, now: datetime, kept_since: datetime) -> int:
        told = await self._connection.execute(_EXPIRE, now, _AT_A_TIME)
        await self._connection.execute(_FORGET, kept_since, _AT_A_TIME)
        return int(told.rpartition(" ")[2])


@asynccontextmanager
async def open_messages(database: Database) -> AsyncGenerator[PostgresMessages]:
    """A transaction of its own."""
    async with database.transaction() as connection:
        yield PostgresMessages(await driver(connection))
