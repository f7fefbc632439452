"""Versions of the policy in PostgreSQL."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from billing.hardship.policy import HardshipPolicy, canonical, read_policy
from billing.hardship.ports import Published
from billing.hardship.postgres_rows import published_of
from prewatt_common.db.database import Database, DriverConnection, driver

_PUBLISH_LOCK = 0x68617264


class PostgresPolicies:
    """A `PolicyStore` on an open transaction."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    async def newest(self) -> Published | None:
        """What holds."""
        row = await self._connection.fetchrow(
            "SELECT * FROM hardship_policy ORDER BY version DESC LIMIT 1"
        )
        return None if row is None else published_of(row)

    async def listed(self, *, before: int | None, limit: int) -> Sequence[Published]:
        """The newest first."""
        rows = await self._connection.fetch(
            "SELECT * FROM hardship_policy WHERE version < $1 ORDER BY version DESC LIMIT $2",
            before if before is not None else 2**31 - 1,
            limit,
        )
        return [published_of(row) for row in rows]

    async def policy(self, version: int) -> HardshipPolicy:
        """Of a version that is there."""
        return read_policy(
            await self._connection.fetchval(
                "SELECT document FROM hardship_policy WHERE version = $1", version
            )
        )

    async def asked(self, *, by: str, key: str) -> Published | None:
        """One at a time publishes: what another does meanwhile is waited for."""
        await self._connection.execute("SELECT pg_advisory_xact_lock($1)", _PUBLISH_LOCK)
        row = await self._connection.fetchrow(
            "SELECT * FROM hardship_policy WHERE published_by = $1 AND asked_as = $2", by, key
        )
        return None if row is None else published_of(row)

    async def add(self, published: Published, *, key: str) -> None:
        """A version more."""
        await self._connection.execute(
            "INSERT INTO hardship_policy VALUES ($1, $2, $3, $4, $5, $6)",
            published.version, canonical(published.policy), published.at, published.by,
            published.reason, key,
        )  # fmt: skip


@asynccontextmanager
async def open_policies(database: Database) -> AsyncGenerator[PostgresPolicies]:
    """A transaction."""
    async with database.transaction() as connection:
        yield PostgresPolicies(await driver(connection))
