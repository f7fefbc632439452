"""Receivers in PostgreSQL."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

import asyncpg

from notifier.webhooks.postgres_messages import DROP_WAITING
from notifier.webhooks.values import (
    Change,
    Changed,
    EventKind,
    MessageStatus,
    NewMessage,
    RecordedMessage,
    Webhook,
    WebhookStatus,
)
from prewatt_common.db.database import Database, DriverConnection, driver

_LOCK_ALL = "SELECT pg_advisory_xact_lock(1413829701)"
_ADD = """
INSERT INTO webhook (id, url, events, status, reason, since) VALUES ($1, $2, $3, $4, $5, $6)
"""
_NOTE = """
INSERT INTO webhook_change (id, webhook_id, what, asked_as, asked_by, reason, asked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_END_SECRETS = """
UPDATE webhook_secret SET ends_at = least(ends_at, $2::timestamptz) WHERE webhook_id = $1
"""
_NEXT_NUMBER = """
INSERT INTO webhook_secret (webhook_id, number)
SELECT $1::uuid, coalesce(max(number), 0) + 1 FROM webhook_secret WHERE webhook_id = $1
RETURNING number
"""
_QUEUE = """
INSERT INTO webhook_message (webhook_id, event_id, kind, body, status, next_attempt_at, expires_at,
                             made_at)
VALUES ($1, $2, $3, $4, 'queued', $5, $6, $5)
"""
_MESSAGES = """
SELECT sequence, event_id, kind, status, attempts, answer, next_attempt_at, expires_at, made_at,
       finished_at
FROM webhook_message
WHERE webhook_id = $1 AND ($2::bigint IS NULL OR sequence < $2)
ORDER BY sequence DESC LIMIT $3
"""


class PostgresWebhooks:
    """A `WebhookStore` on an open transaction."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    async def hold_all(self) -> int:
        await self._connection.execute(_LOCK_ALL)
        query = "SELECT count(*) FROM webhook WHERE status <> 'ended'"
        return await self._connection.fetchval(query)

    async def asked(self, *, by: str, key: str) -> Changed | None:
        query = "SELECT * FROM webhook_change WHERE asked_by = $1 AND asked_as = $2"
        row = await self._connection.fetchrow(query, by, key)
        return None if row is None else _changed(row)

    async def lock(self, webhook_id: UUID) -> Webhook | None:
        query = "SELECT * FROM webhook WHERE id = $1 FOR UPDATE"
        return _webhook_or_none(await self._connection.fetchrow(query, webhook_id))

    async def get(self, webhook_id: UUID) -> Webhook | None:
        query = "SELECT * FROM webhook WHERE id = $1"
        return _webhook_or_none(await self._connection.fetchrow(query, webhook_id))

    async def add(self, webhook: Webhook) -> None:
        await self._connection.execute(
            _ADD, webhook.id, webhook.url, sorted(webhook.events), webhook.status, webhook.reason,
            webhook.since,
        )  # fmt: skip

    async def stand(
        self, webhook_id: UUID, status: WebhookStatus, *, reason: str, now: datetime
    ) -> None:
        await self._connection.execute(
            "UPDATE webhook SET status = $2, reason = $3, since = $4 WHERE id = $1",
            webhook_id, status, reason, now,
        )  # fmt: skip
        if status is WebhookStatus.ENDED:
            await self._connection.execute(DROP_WAITING, webhook_id, now)

    async def note(self, changed: Changed) -> None:
        await self._connection.execute(
            _NOTE, changed.id, changed.webhook_id, changed.what, changed.key, changed.by,
            changed.reason, changed.at,
        )  # fmt: skip

    async def new_secret(self, webhook_id: UUID, *, old_until: datetime) -> int:
        await self._connection.execute(_END_SECRETS, webhook_id, old_until)
        return await self._connection.fetchval(_NEXT_NUMBER, webhook_id)

    async def page(self, *, before: UUID | None, limit: int) -> Sequence[Webhook]:
        rows = await self._connection.fetch(
            "SELECT * FROM webhook WHERE $1::uuid IS NULL OR id < $1 ORDER BY id DESC LIMIT $2",
            before, limit,
        )  # fmt: skip
        return [_webhook(row) for row in rows]

    async def changes(
        self, webhook_id: UUID, *, before: UUID | None, limit: int
    ) -> Sequence[Changed]:
        rows = await self._connection.fetch(
            "SELECT * FROM webhook_change WHERE webhook_id = $1 AND ($2::uuid IS NULL OR id < $2) "
            "ORDER BY id DESC LIMIT $3",
            webhook_id, before, limit,
        )  # fmt: skip
        return [_changed(row) for row in rows]

    async def messages(
        self, webhook_id: UUID, *, before: int | None, limit: int
    ) -> Sequence[RecordedMessage]:
        rows = await self._connection.fetch(_MESSAGES, webhook_id, before, limit)
        return [
            RecordedMessage(
                sequence=row["sequence"],
                event_id=row["event_id"],
                kind=row["kind"],
                status=MessageStatus(row["status"]),
                attempts=row["attempts"],
                answer=row["answer"],
                next_attempt_at=row["next_attempt_at"],
                expires_at=row["expires_at"],
                made_at=row["made_at"],
                finished_at=row["finished_at"],
            )
            for row in rows
        ]

    async def queue(
        self, webhook_id: UUID, message: NewMessage, *, now: datetime, expires_at: datetime
    ) -> None:
        await self._connection.execute(
            _QUEUE, webhook_id, message.event_id, message.kind, message.body, now, expires_at
        )


@asynccontextmanager
async def open_webhooks(database: Database) -> AsyncGenerator[PostgresWebhooks]:
    """A transaction of its own."""
    async with database.transaction() as connection:
        yield PostgresWebhooks(await driver(connection))


def _webhook_or_none(row: asyncpg.Record | None) -> Webhook | None:
    return None if row is None else _webhook(row)


def _webhook(row: asyncpg.Record) -> Webhook:
    return Webhook(
        id=row["id"],
        url=row["url"],
        events=frozenset(map(EventKind, row["events"])),
        status=WebhookStatus(row["status"]),
        reason=row["reason"],
        since=row["since"],
    )


def _changed(row: asyncpg.Record) -> Changed:
    return Changed(
        id=row["id"],
        webhook_id=row["webhook_id"],
        what=Change(row["what"]),
        key=row["asked_as"],
        by=row["asked_by"],
        reason=row["reason"],
        at=row["asked_at"],
    )
