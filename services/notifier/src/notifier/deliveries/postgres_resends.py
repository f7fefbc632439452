"""Notices that people had said anew."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from notifier.contacts.postgres_nominations import contact_as
from notifier.contacts.values import Contact
from notifier.deliveries.values import Resend, Standing
from notifier.notices.postgres_rows import INSERT_NOTICES, hold_account, notice_columns, notice_of
from notifier.notices.values import Notice
from prewatt_common.contracts.notice_events_v1 import Role
from prewatt_common.db.database import Database, DriverConnection, driver

_STANDING = """
SELECT n.*, s.overtaken, s.on_its_way, s.last_position
FROM notice AS n
CROSS JOIN LATERAL (
    SELECT coalesce(bool_or(stop_as = 'withdrawn'), false) AS overtaken,
           bool_or(status IN ('queued', 'sending')) AS on_its_way,
           max(position) AS last_position
    FROM notice WHERE cause_id = n.cause_id AND template = n.template
) AS s
WHERE n.id = $1
"""


class PostgresResends:
    """A `ResendStore` on an open transaction."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    async def account_of(self, notice_id: UUID) -> UUID | None:
        query = "SELECT account_id FROM notice WHERE id = $1"
        return await self._connection.fetchval(query, notice_id)

    async def hold_account(self, account_id: UUID) -> None:
        await hold_account(self._connection, account_id)

    async def asked(self, *, by: str, key: str) -> Resend | None:
        row = await self._connection.fetchrow(
            "SELECT * FROM notice_resend WHERE asked_by = $1 AND asked_as = $2", by, key
        )
        if row is None:
            return None
        return Resend(
            id=row["id"],
            of=row["of"],
            key=row["asked_as"],
            by=row["asked_by"],
            reason=row["reason"],
            at=row["asked_at"],
        )

    async def standing(self, notice_id: UUID) -> Standing:
        row = await self._connection.fetchrow(_STANDING, notice_id)
        assert row is not None, f"notice {notice_id} went while its account was held"
        return Standing(notice_of(row), row["overtaken"], row["on_its_way"], row["last_position"])

    async def contact(self, account_id: UUID, role: Role) -> Contact | None:
        return await contact_as(self._connection, account_id, role)

    async def add(self, notice: Notice, *, now: datetime) -> None:
        await self._connection.execute(INSERT_NOTICES, *notice_columns([notice]), now)

    async def note(self, resend: Resend) -> None:
        await self._connection.execute(
            "INSERT INTO notice_resend (id, of, asked_as, asked_by, reason, asked_at) "
            "VALUES ($1, $2, $3, $4, $5, $6)",
            resend.id, resend.of, resend.key, resend.by, resend.reason, resend.at,
        )  # fmt: skip


@asynccontextmanager
async def open_resends(database: Database) -> AsyncGenerator[PostgresResends]:
    """A transaction of its own."""
    async with database.transaction() as connection:
        yield PostgresResends(await driver(connection))
