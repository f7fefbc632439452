"""The archive's rows in PostgreSQL: what waits, and the manifest of its files."""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any

from asyncpg import Record

from billing.archive.values import ArchiveFile, Block, Level, Place, Totals, Waiting
from prewatt_common.db.database import ChangedMeanwhile, Database, DriverConnection, driver

_KEEPER_LOCK = 0x61726368
"""Of the transaction, so that it ends with whoever held it, however that died."""

_PUT = """
UPDATE archive_file AS f
SET state = 'live', day = n.day, partition = n.partition, level = n.level, readings = n.readings,
    import_wh_sum = n.import_wh_sum, size_bytes = n.size_bytes, sha256 = n.sha256,
    changed_at = n.changed_at
FROM unnest($1::text[], $2::date[], $3::smallint[], $4::smallint[], $5::bigint[], $6::numeric[],
            $7::bigint[], $8::bytea[], $9::timestamptz[])
    AS n (path, day, partition, level, readings, import_wh_sum, size_bytes, sha256, changed_at)
WHERE f.path = n.path AND f.state = 'begun'
RETURNING f.path
"""
_SET_ASIDE = """
INSERT INTO archive_file AS f (path, day, partition, level, readings, import_wh_sum, size_bytes,
                               sha256, changed_at, state)
SELECT n.*, 'replaced' FROM unnest(
    $1::text[], $2::date[], $3::smallint[], $4::smallint[], $5::bigint[], $6::numeric[],
    $7::bigint[], $8::bytea[], $9::timestamptz[]) AS n
ON CONFLICT (path) DO UPDATE
SET state = 'replaced', day = excluded.day, partition = excluded.partition, level = excluded.level,
    readings = excluded.readings, import_wh_sum = excluded.import_wh_sum,
    size_bytes = excluded.size_bytes, sha256 = excluded.sha256, changed_at = excluded.changed_at
WHERE f.state IN ('begun', 'abandoned')
RETURNING f.path
"""
_COUNT = """
INSERT INTO archive_day AS d (day, partition, readings, import_wh_sum, listed)
SELECT n.*, false FROM unnest($1::date[], $2::smallint[], $3::bigint[], $4::numeric[])
    AS n (day, partition, readings, import_wh_sum)
ON CONFLICT (day, partition) DO UPDATE
SET readings = d.readings + excluded.readings,
    import_wh_sum = d.import_wh_sum + excluded.import_wh_sum, listed = false
"""
_LIVE = """
SELECT path, day, partition, level, readings, import_wh_sum, size_bytes, sha256, changed_at
FROM archive_file WHERE state = 'live'
"""


class PostgresPending:
    """A `PendingStore` on an open transaction."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    async def append(self, *, readings: int, packed: bytes) -> None:
        """One batch, behind what waits."""
        await self._connection.execute(
            "INSERT INTO archive_pending (readings, packed) VALUES ($1, $2)", readings, packed
        )


class PostgresArchive:
    """An `ArchiveStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator["PostgresManifest | None"]:
        """A transaction that holds the keeper's lock; none where another process does."""
        async with self._database.transaction() as connection:
            raw = await driver(connection)
            ours = await raw.fetchval("SELECT pg_try_advisory_xact_lock($1)", _KEEPER_LOCK)
            yield PostgresManifest(raw) if ours else None

    async def begin(self, paths: Collection[str]) -> None:
        """Known from now on, whatever becomes of who writes them."""
        async with self._database.transaction() as connection:
            await (await driver(connection)).execute(
                "INSERT INTO archive_file (path, state, changed_at)"
                " SELECT path, 'begun', now() FROM unnest($1::text[]) AS n (path)",
                list(paths),
            )


class PostgresManifest:
    """A `Manifest` on an open transaction that holds the keeper's lock."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    @property
    def connection(self) -> DriverConnection:
        """Whose transaction it is."""
        return self._connection

    async def waiting(self) -> Waiting:
        """What is not in files yet."""
        row = await self._connection.fetchrow(
            "SELECT coalesce(sum(readings), 0)::bigint AS readings,"
            " coalesce(sum(octet_length(packed)), 0)::bigint AS size_bytes,"
            " min(taken_at) AS since FROM archive_pending"
        )
        assert row is not None
        return Waiting(readings=row["readings"], size_bytes=row["size_bytes"], since=row["since"])

    async def pending(self, *, readings_max: int) -> Sequence[Block]:
        """The oldest, by the order in which they were taken in."""
        rows = await self._connection.fetch(
            "SELECT id, readings, packed FROM"
            " (SELECT *, sum(readings) OVER (ORDER BY id) - readings AS before"
            " FROM (SELECT * FROM archive_pending ORDER BY id LIMIT $1) AS oldest) AS p"
            " WHERE before + readings <= $1 OR before = 0 ORDER BY id",
            readings_max,
        )
        return [Block(row["id"], row["readings"], row["packed"]) for row in rows]

    async def archived(self, ids: Sequence[int]) -> None:
        """Away with the blocks."""
        gone = await self._connection.fetch(
            "DELETE FROM archive_pending WHERE id = ANY($1::bigint[]) RETURNING id", list(ids)
        )
        _all_there(gone, ids)

    async def put(self, files: Collection[ArchiveFile], *, appended: bool) -> None:
        """They were begun, and are live now."""
        put = await self._connection.fetch(_PUT, *_columns(files))
        _all_there(put, files)
        await self._connection.execute(
            _COUNT,
            [each.place.day for each in files],
            [each.place.partition for each in files],
            [each.totals.readings if appended else 0 for each in files],
            [each.totals.import_wh_sum if appended else 0 for each in files],
        )

    async def replace(self, files: Collection[ArchiveFile], *, at: datetime) -> None:
        """Live until now."""
        replaced = await self._connection.fetch(
            "UPDATE archive_file SET state = 'replaced', changed_at = $2"
            " WHERE path = ANY($1::text[]) AND state = 'live' RETURNING path",
            [each.path for each in files],
            at,
        )
        _all_there(replaced, files)

    async def places_of_many(self) -> Sequence[Place]:
        """Places with more than one live file."""
        rows = await self._connection.fetch(
            "SELECT day, partition FROM archive_file WHERE state = 'live'"
            " GROUP BY day, partition HAVING count(*) > 1 ORDER BY day, partition"
        )
        return [Place(row["day"], row["partition"]) for row in rows]

    async def live(self, place: Place) -> Sequence[ArchiveFile]:
        """The oldest first."""
        rows = await self._connection.fetch(
            f"{_LIVE} AND day = $1 AND partition = $2 ORDER BY changed_at, path", *place
        )
        return [file_of(row) for row in rows]

    async def unlisted_days(self) -> Sequence[date]:
        """Days whose list is older than their files."""
        rows = await self._connection.fetch(
            "SELECT DISTINCT day FROM archive_day WHERE NOT listed ORDER BY day"
        )
        return [row["day"] for row in rows]

    async def live_of_day(self, day: date) -> Sequence[ArchiveFile]:
        """By path."""
        rows = await self._connection.fetch(f"{_LIVE} AND day = $1 ORDER BY path", day)
        return [file_of(row) for row in rows]

    async def listed(self, day: date, *, at: datetime) -> None:
        """Its list is up to date; what was replaced is in none."""
        await self._connection.execute(
            "UPDATE archive_day SET listed = true WHERE day = $1 AND NOT listed", day
        )
        await self._connection.execute(
            "UPDATE archive_file SET unlisted_at = $2"
            " WHERE day = $1 AND state = 'replaced' AND unlisted_at IS NULL",
            day,
            at,
        )

    async def begun(self) -> Sequence[str]:
        """Left by a keeper that died or failed."""
        rows = await self._connection.fetch("SELECT path FROM archive_file WHERE state = 'begun'")
        return [row["path"] for row in rows]

    async def abandon(self, paths: Collection[str], *, at: datetime) -> None:
        """Nobody can put them into the manifest any more."""
        abandoned = await self._connection.fetch(
            "UPDATE archive_file SET state = 'abandoned', changed_at = $2"
            " WHERE path = ANY($1::text[]) AND state = 'begun' RETURNING path",
            list(paths),
            at,
        )
        _all_there(abandoned, paths)

    async def abandoned(self, *, before: datetime) -> Sequence[str]:
        """Removed once."""
        rows = await self._connection.fetch(
            "SELECT path FROM archive_file WHERE state = 'abandoned' AND changed_at < $1", before
        )
        return [row["path"] for row in rows]

    async def replaced(self, *, before: datetime) -> Sequence[str]:
        """No list names them any more."""
        rows = await self._connection.fetch(
            "SELECT path FROM archive_file WHERE state = 'replaced' AND unlisted_at < $1", before
        )
        return [row["path"] for row in rows]

    async def states(self, paths: Collection[str]) -> Mapping[str, str]:
        """By path."""
        rows = await self._connection.fetch(
            "SELECT path, state FROM archive_file WHERE path = ANY($1::text[])", list(paths)
        )
        return {row["path"]: row["state"] for row in rows}

    async def set_aside(self, files: Collection[ArchiveFile]) -> None:
        """Replaced from now on."""
        aside = await self._connection.fetch(_SET_ASIDE, *_columns(files))
        _all_there(aside, files)
        await self._connection.execute(
            "UPDATE archive_day SET listed = false WHERE day = ANY($1::date[])",
            [each.place.day for each in files],
        )

    async def forget(self, paths: Collection[str]) -> None:
        """Nobody needs their files."""
        forgotten = await self._connection.fetch(
            "DELETE FROM archive_file WHERE path = ANY($1::text[]) AND state <> 'live'"
            " RETURNING path",
            list(paths),
        )
        _all_there(forgotten, paths)


def _columns(files: Collection[ArchiveFile]) -> list[list[Any]]:
    return [
        [each.path for each in files],
        [each.place.day for each in files],
        [each.place.partition for each in files],
        [each.level for each in files],
        [each.totals.readings for each in files],
        [each.totals.import_wh_sum for each in files],
        [each.size_bytes for each in files],
        [each.sha256 for each in files],
        [each.live_since for each in files],
    ]


def file_of(row: Record) -> ArchiveFile:
    """Of a row of ``archive_file`` that is live."""
    return ArchiveFile(
        path=row["path"],
        place=Place(row["day"], row["partition"]),
        level=Level(row["level"]),
        totals=Totals(row["readings"], int(row["import_wh_sum"])),
        size_bytes=row["size_bytes"],
        sha256=row["sha256"],
        live_since=row["changed_at"],
    )


def _all_there(rows: Sequence[Record], wanted: Collection[object]) -> None:
    if len(rows) != len(wanted):
        message = f"{len(wanted) - len(rows)} of {len(wanted)} rows are not as they were read"
        raise ChangedMeanwhile(message)
