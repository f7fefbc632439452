"""Consents in PostgreSQL: each change is a row, the newest of a purpose counts."""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from notifier.contacts.consents import Consent, Purpose
from prewatt_common.db.database import Database, DriverConnection, driver


class PostgresConsents:
    """A `ConsentStore` on an open transaction."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    async def hold(self, account_id: UUID) -> bool:
        query = "SELECT true FROM contact WHERE account_id = $1 FOR UPDATE"
        return bool(await self._connection.fetchval(query, account_id))

    async def is_known(self, account_id: UUID) -> bool:
        query = "SELECT true FROM contact WHERE account_id = $1"
        return bool(await self._connection.fetchval(query, account_id))

    async def of(self, account_id: UUID) -> Sequence[Consent]:
        return (await consents_of(self._connection, [account_id])).get(account_id, ())

    async def add(self, account_id: UUID, consents: Sequence[Consent]) -> None:
        await self._connection.executemany(
            """
            INSERT INTO consent (account_id, purpose, given, at, how, by)
            VALUES ($1, $2, $3, $4, $5, $6)
            """,
            [(account_id, c.purpose, c.given, c.at, c.how, c.by) for c in consents],
        )


@asynccontextmanager
async def open_consents(database: Database) -> AsyncGenerator[PostgresConsents]:
    """A transaction of its own."""
    async with database.transaction() as connection:
        yield PostgresConsents(await driver(connection))


async def consents_of(
    connection: DriverConnection, account_ids: Collection[UUID]
) -> Mapping[UUID, Sequence[Consent]]:
    """The newest of each purpose, by account; of those that have said something."""
    rows = await connection.fetch(
        """
        SELECT DISTINCT ON (account_id, purpose) account_id, purpose, given, at, how, by
        FROM consent WHERE account_id = ANY ($1::uuid[])
        ORDER BY account_id, purpose, sequence DESC
        """,
        list(account_ids),
    )
    found: dict[UUID, list[Consent]] = {}
    for row in rows:
        consent = Consent(
            purpose=Purpose(row["purpose"]),
            given=row["given"],
            at=row["at"],
            how=row["how"],
            by=row["by"],
        )
        found.setdefault(row["account_id"], []).append(consent)
    return found
