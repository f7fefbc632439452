"""What people ask of flags and do about them, in PostgreSQL, and who looked."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from billing.hardship.ports import Seen
from billing.hardship.postgres_rows import acknowledgement_of, flag_of
from billing.hardship.values import Acknowledgement, Flag
from prewatt_common.db.database import Database, DriverConnection, driver
from prewatt_common.ids import new_id

_FLAGS = """
SELECT f.*, k.id AS k_id, k.at AS k_at, k.by AS k_by, k.action AS k_action, k.note AS k_note
FROM hardship_flag AS f LEFT JOIN LATERAL (
    SELECT * FROM hardship_acknowledgement WHERE flag_id = f.id ORDER BY id DESC LIMIT 1
) AS k ON true
WHERE ($1::uuid IS NULL OR f.account_id = $1) AND ($2::text IS NULL OR f.level = $2)
  AND ($3::bool IS NULL OR (f.ended_day IS NULL) = $3)
  AND ($4::bool IS NULL OR (k.id IS NOT NULL) = $4)
  AND ($5::uuid IS NULL OR f.id < $5)
ORDER BY f.id DESC LIMIT $6
"""
_FLAG = "SELECT * FROM hardship_flag WHERE id = $1"
_LOCKED = "SELECT * FROM hardship_flag WHERE id = $1 FOR UPDATE"
_HISTORY = """
SELECT f.id, f.account_id, f.first_day, f.raised_at, d.day AS last_true_day, d.level, d.doubts,
       d.evidence, d.policy_version, NULL::date AS ended_day, NULL::text AS ended_by
FROM hardship_flag AS f JOIN hardship_flag_day AS d ON d.flag_id = f.id
WHERE f.id = $1 ORDER BY d.day
"""


class PostgresDesk:
    """A `Desk` on an open transaction."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    async def flags(
        self,
        *,
        account_id: UUID | None,
        level: str | None,
        standing: bool | None,
        acknowledged: bool | None,
        before: UUID | None,
        limit: int,
    ) -> Sequence[tuple[Flag, Acknowledgement | None]]:
        """Newest first."""
        rows = await self._connection.fetch(
            _FLAGS, account_id, level, standing, acknowledged, before, limit
        )
        return [
            (
                flag_of(row),
                None
                if row["k_id"] is None
                else acknowledgement_of(
                    {
                        "flag_id": row["id"],
                        **{name: row[f"k_{name}"] for name in ("id", "at", "by", "action", "note")},
                    }
                ),
            )
            for row in rows
        ]

    async def flag(self, flag_id: UUID, *, lock: bool = False) -> Flag | None:
        """``lock``: nobody else changes it until the transaction ends."""
        row = await self._connection.fetchrow(_LOCKED if lock else _FLAG, flag_id)
        return None if row is None else flag_of(row)

    async def acknowledgements(self, flag_id: UUID) -> Sequence[Acknowledgement]:
        """In order."""
        rows = await self._connection.fetch(
            "SELECT * FROM hardship_acknowledgement WHERE flag_id = $1 ORDER BY id", flag_id
        )
        return [acknowledgement_of(row) for row in rows]

    async def history(self, flag_id: UUID) -> Sequence[Flag]:
        """In order."""
        return [flag_of(row) for row in await self._connection.fetch(_HISTORY, flag_id)]

    async def account(self, account_id: UUID) -> tuple[str, str] | None:
        """Its number and currency."""
        row = await self._connection.fetchrow(
            "SELECT number, currency FROM account WHERE id = $1", account_id
        )
        return None if row is None else (row["number"], row["currency"])

    async def asked(self, *, by: str, key: str) -> Acknowledgement | None:
        """What this person did under this key."""
        row = await self._connection.fetchrow(
            "SELECT * FROM hardship_acknowledgement WHERE by = $1 AND asked_as = $2", by, key
        )
        return None if row is None else acknowledgement_of(row)

    async def acknowledge(self, done: Acknowledgement, *, key: str) -> bool:
        """One more, unless another one of the key is there by now."""
        return await self._connection.fetchval(
            "INSERT INTO hardship_acknowledgement VALUES ($1, $2, $3, $4, $5, $6, $7) "
            "ON CONFLICT (by, asked_as) DO NOTHING RETURNING true",
            done.id, done.flag_id, done.at, done.by, done.action, done.note, key,
        ) is not None  # fmt: skip

    async def looked(self, *, by: str, what: str, account_id: UUID | None, now: datetime) -> None:
        """Kept with the answer, or there is none."""
        await self._connection.execute(
            "INSERT INTO hardship_look VALUES ($1, $2, $3, $4, $5)",
            new_id(), now, by, what, account_id,
        )  # fmt: skip

    async def looks(
        self, *, account_id: UUID | None, before: UUID | None, limit: int
    ) -> Sequence[Seen]:
        """Newest first."""
        rows = await self._connection.fetch(
            "SELECT * FROM hardship_look WHERE ($1::uuid IS NULL OR account_id = $1) "
            "AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
            account_id,
            before,
            limit,
        )
        return [Seen(*(row[name] for name in Seen._fields)) for row in rows]


@asynccontextmanager
async def open_desk(database: Database) -> AsyncGenerator[PostgresDesk]:
    """A transaction."""
    async with database.transaction() as connection:
        yield PostgresDesk(await driver(connection))
