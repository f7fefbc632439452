"""Contacts, and what the API shows of notices."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from notifier.adapters.postgres.rows import contact_of, stop_notices
from notifier.domain.contacts import Channel, Contact
from notifier.domain.notices import Status
from prewatt_common.db.database import Database, DriverConnection, driver


class PostgresContacts:
    """A `ContactStore` on an open transaction."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    async def put(self, contacts: Sequence[Contact]) -> None:
        await self._connection.executemany(
            """
            INSERT INTO contact (account_id, language, email, phone, channels)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (account_id) DO UPDATE SET
                language = excluded.language, email = excluded.email, phone = excluded.phone,
                channels = excluded.channels
            """,
            [(c.account_id, c.language, c.email, c.phone, list(c.channels)) for c in contacts],
        )

    async def get(self, account_id: UUID) -> Contact | None:
        row = await self._connection.fetchrow(
            "SELECT * FROM contact WHERE account_id = $1", account_id
        )
        return contact_of(row) if row else None

    async def delete(self, account_id: UUID) -> tuple[bool, Sequence[Channel]]:
        # Locked, so that no batch in progress makes a notice with the old contact.
        await self._connection.execute("SELECT FROM account WHERE id = $1 FOR UPDATE", account_id)
        existed = await self._connection.fetchval(
            "DELETE FROM contact WHERE account_id = $1 RETURNING true", account_id
        )
        if not existed:
            return False, []
        rows = await self._connection.fetch(
            "UPDATE notice SET recipient = '' WHERE account_id = $1 RETURNING id", account_id
        )
        suppressed = await stop_notices(
            self._connection, ids=[row["id"] for row in rows], stop_as=Status.SUPPRESSED
        )
        return True, suppressed


@asynccontextmanager
async def open_contacts(database: Database) -> AsyncGenerator[PostgresContacts]:
    """A transaction of its own."""
    async with database.transaction() as connection:
        yield PostgresContacts(await driver(connection))


class NoticeQueries:
    """Reads for the API."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def notices(
        self, *, account_id: UUID, before: int | None, limit: int
    ) -> list[dict[str, Any]]:
        """Notices of the account, newest first, older than the sequence ``before``."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(
                """
                SELECT sequence, id, cause_id, account_id, template, language, channel, recipient,
                       status, attempts, next_attempt_at, reason, created_at, finished_at
                FROM notice
                WHERE account_id = $1 AND ($2::bigint IS NULL OR sequence < $2)
                ORDER BY sequence DESC LIMIT $3
                """,
                account_id,
                before,
                limit,
            )
        return [dict(row) for row in rows]
