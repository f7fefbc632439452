"""Consents in PostgreSQL: each change is a row, the newest of a purpose counts."""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from notifier.contacts.consents import Consent, Purpose
from prewatt_common.db.database import Database, DriverConnection, driver

_STOP_CAMPAIGNS = """
UPDATE notice AS n SET
    stop_as = 'declined',
    status = CASE WHEN n.status = 'queued' THEN 'declined' ELSE n.status END,
    next_attempt_at = CASE WHEN n.status = 'queued' THEN NULL ELSE n.next_attempt_at END,
    finished_at = CASE WHEN n.status = 'queued' THEN now() ELSE n.finished_at END
FROM campaign AS c
WHERE n.account_id = $1 AND c.id = n.campaign_id AND c.purpose = ANY ($2::text[])
  AND n.status IN ('queued', 'sending', 'accepted') AND n.stop_as IS NULL
"""


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

    async def stop_campaigns(self, account_id: UUID, purposes: Collection[Purpose]) -> None:
        await self._connection.execute(_STOP_CAMPAIGNS, account_id, list(purposes))


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
