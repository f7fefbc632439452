"""Nights in PostgreSQL: how far one is, and what is rated, in one state of the database."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from uuid import UUID

import asyncpg
import pyarrow as pa

from billing.archive.layout import partition_of
from billing.archive.read_meters import NUMBERED, packed_of_meters
from billing.nights.use_of_meters import Files
from billing.nights.values import Night, Planned, Tally, planned
from billing.reconciliation.compare import Comparison
from billing.reconciliation.postgres_due import PostgresDue
from billing.reconciliation.postgres_rows import COMPARISON_COLUMNS, comparison_of
from prewatt_common.db.database import Database, driver

_NIGHT_LOCK = 0x6E696768
"""Of the transaction, so that it ends with whoever held it, however that died."""
_AGREEMENTS_AT_ONCE = 5_000
_BLOCKS_AT_ONCE = 100

# Whatever either side knows: the ledger may have charged what billing never heard of.
_EVERY = """
SELECT n.id, coalesce(array_agg(DISTINCT i.meter_id) FILTER (WHERE i.meter_id IS NOT NULL), '{}')
    AS meters
FROM (SELECT id FROM agreement UNION SELECT agreement_id FROM posted_period
      UNION SELECT agreement_id FROM comparison) AS n
LEFT JOIN agreement AS a ON a.id = n.id
LEFT JOIN installation AS i ON i.account_id = a.account_id AND NOT i.removed
GROUP BY n.id
"""
_LOOKED_AT = """
UPDATE night
SET agreements = agreements + $1, periods = periods + $2, differences = differences + $3,
    odd_meters = odd_meters + $4, left_agreements = left_agreements + $5,
    readings = readings + $6, worked_s = worked_s + $7
WHERE finished_at IS NULL
"""
_HOLD = """
INSERT INTO due AS d (agreement_id, due_at) SELECT id, $2 FROM unnest($1::uuid[]) AS n (id)
ORDER BY id ON CONFLICT (agreement_id) DO UPDATE SET due_at = least(d.due_at, excluded.due_at)
"""
_PLANNED_COLUMNS = ("agreement_id", "partition", "first_meter", "meters")


class PostgresTurn(PostgresDue):
    """A `Turn` on an open transaction that holds the night's lock."""

    async def newest(self, *, limit: int) -> Sequence[Night]:
        """The newest first."""
        rows = await self._connection.fetch("SELECT * FROM night ORDER BY day DESC LIMIT $1", limit)
        return [_night(row) for row in rows]

    async def begin(self, day: date, *, now: datetime) -> None:
        """Some thousand agreements at a time: there may be a million."""
        await self._connection.execute(
            "INSERT INTO night (day, began_at) VALUES ($1, $2)", day, now
        )
        cursor = await self._connection.cursor(_EVERY)
        while rows := await cursor.fetch(_AGREEMENTS_AT_ONCE):
            some = [
                planned(row["id"], {each: partition_of(each) for each in row["meters"]})
                for row in rows
            ]
            await self._connection.copy_records_to_table(
                "night_work", records=some, columns=_PLANNED_COLUMNS
            )

    async def next_planned(self, *, limit: int) -> Sequence[Planned]:
        """By partition and meter."""
        rows = await self._connection.fetch(
            "SELECT * FROM night_work ORDER BY partition, first_meter, agreement_id LIMIT $1", limit
        )
        return [Planned(*(row[each] for each in _PLANNED_COLUMNS)) for row in rows]

    async def hold(self, agreement_id: UUID, *, now: datetime) -> None:
        """One that is being compared is waited for."""
        await self._connection.execute(_HOLD, [agreement_id], now)

    async def looked_at(self, agreement_ids: Sequence[UUID], tally: Tally) -> None:
        """They are not looked at again this night."""
        gone = await self._connection.fetch(
            "DELETE FROM night_work WHERE agreement_id = ANY($1::uuid[]) RETURNING agreement_id",
            list(agreement_ids),
        )
        assert len(gone) == len(agreement_ids), "the night's lock is ours"
        await self._connection.execute(
            _LOOKED_AT, tally.agreements, tally.periods, tally.differences, tally.odd_meters,
            tally.left, tally.readings, tally.worked_s,
        )  # fmt: skip

    async def finish(self, *, now: datetime) -> None:
        """All were looked at."""
        await self._connection.execute(
            "UPDATE night SET finished_at = $1 WHERE finished_at IS NULL", now
        )


class PostgresState(PostgresDue):
    """A `State` on an open snapshot."""

    async def standing(
        self, agreement_ids: Sequence[UUID]
    ) -> Mapping[UUID, Mapping[date, Comparison]]:
        """How their periods stand."""
        found: dict[UUID, dict[date, Comparison]] = {}
        for row in await self._connection.fetch(
            f"SELECT {COMPARISON_COLUMNS} FROM comparison "  # noqa: S608 - a constant
            "WHERE agreement_id = ANY($1::uuid[])",
            list(agreement_ids),
        ):
            found.setdefault(row["agreement_id"], {})[row["period_first"]] = comparison_of(row)
        return found

    async def files(self, partitions: Collection[int]) -> Files:
        """Those of the manifest, by day."""
        found: dict[date, list[tuple[int, str]]] = {}
        for row in await self._connection.fetch(
            "SELECT day, partition, path FROM archive_file "
            "WHERE state = 'live' AND partition = ANY($1::smallint[]) ORDER BY day, path",
            list(partitions),
        ):
            found.setdefault(row["day"], []).append((row["partition"], row["path"]))
        return found

    async def waiting(self, places: Mapping[str, int]) -> pa.Table:
        """Some blocks at a time: while the folder is away, days of all meters may be there."""
        found: list[pa.RecordBatch] = []
        cursor = await self._connection.cursor("SELECT packed FROM archive_pending ORDER BY id")
        while rows := await cursor.fetch(_BLOCKS_AT_ONCE):
            blocks = [row["packed"] for row in rows]
            found += await asyncio.to_thread(packed_of_meters, blocks, places)
        return pa.Table.from_batches(found, schema=NUMBERED)


@asynccontextmanager
async def open_turn(database: Database) -> AsyncGenerator[PostgresTurn | None]:
    """A transaction that holds the night's lock; none where another process does."""
    async with database.transaction() as connection:
        raw = await driver(connection)
        ours = await raw.fetchval("SELECT pg_try_advisory_xact_lock($1)", _NIGHT_LOCK)
        yield PostgresTurn(raw) if ours else None


@asynccontextmanager
async def open_state(database: Database) -> AsyncGenerator[PostgresState]:
    """One state of everything: a reading that moves into a file meanwhile still waits here."""
    async with database.snapshot() as connection:
        yield PostgresState(await driver(connection))


def _night(row: asyncpg.Record) -> Night:
    return Night(
        day=row["day"],
        began_at=row["began_at"],
        finished_at=row["finished_at"],
        tally=Tally(
            agreements=row["agreements"],
            periods=row["periods"],
            differences=row["differences"],
            odd_meters=row["odd_meters"],
            left=row["left_agreements"],
            readings=row["readings"],
            worked_s=row["worked_s"],
        ),
    )
