"""Rows of webhooks for the lists of them."""

from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
from rows import AT

from prewatt_common.ids import new_id


async def a_webhook(connection: asyncpg.Connection) -> str:
    webhook_id = new_id()
    await connection.execute(
        "INSERT INTO webhook (id, url, events, status, reason, since) VALUES ($1, "
        "'https://x.example/', '{prewatt.ledger.topped-up.v1}', 'active', 'r', $2)",
        webhook_id, AT,
    )  # fmt: skip
    return str(webhook_id)


async def add_webhook(connection: asyncpg.Connection, _: str, __: int) -> None:
    await a_webhook(connection)


async def add_webhook_change(connection: asyncpg.Connection, webhook_id: str, _: int) -> None:
    await connection.execute(
        "INSERT INTO webhook_change (id, webhook_id, what, asked_as, asked_by, reason, asked_at) "
        "VALUES ($1, $2, 'pinged', $3, 'x', 'r', $4)",
        new_id(), UUID(webhook_id), str(uuid4()), AT,
    )  # fmt: skip


async def add_webhook_message(connection: asyncpg.Connection, webhook_id: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO webhook_message (webhook_id, event_id, kind, body, status, next_attempt_at, "
        "expires_at, made_at) VALUES ($1, $2, 'prewatt.ledger.topped-up.v1', '{}', 'queued', $3, "
        "$3, $3)",
        UUID(webhook_id), uuid4(), AT + timedelta(seconds=n),
    )  # fmt: skip
