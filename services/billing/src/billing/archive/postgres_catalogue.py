"""The manifest in PostgreSQL, to be looked at."""

from collections.abc import Collection, Sequence
from datetime import date

from billing.archive.postgres import file_of
from billing.archive.values import ArchivedDay, Place, Totals
from prewatt_common.db.database import DriverConnection


class PostgresCatalogue:
    """A `Catalogue` on a connection of its own."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    async def days(self, *, first: date | None, end: date | None) -> Sequence[date]:
        """In order."""
        rows = await self._connection.fetch(
            "SELECT DISTINCT day FROM archive_day WHERE ($1::date IS NULL OR day >= $1)"
            " AND ($2::date IS NULL OR day < $2) ORDER BY day",
            first,
            end,
        )
        return [row["day"] for row in rows]

    async def day(self, day: date) -> ArchivedDay:
        """Files and counts of one moment."""
        async with self._connection.transaction(isolation="repeatable_read", readonly=True):
            files = await self._connection.fetch(
                "SELECT * FROM archive_file WHERE state = 'live' AND day = $1 ORDER BY path", day
            )
            meant = await self._connection.fetch(
                "SELECT * FROM archive_day WHERE day = $1 ORDER BY partition", day
            )
        return ArchivedDay(
            day=day,
            files=[file_of(row) for row in files],
            meant={
                Place(day, row["partition"]): Totals(row["readings"], int(row["import_wh_sum"]))
                for row in meant
            },
        )

    async def known(self, paths: Collection[str]) -> Collection[str]:
        """Live or not."""
        rows = await self._connection.fetch(
            "SELECT path FROM archive_file WHERE path = ANY($1::text[])", list(paths)
        )
        return {row["path"] for row in rows}

    async def waiting(self) -> int:
        """Readings that are in no file yet."""
        return await self._connection.fetchval(
            "SELECT coalesce(sum(readings), 0)::bigint FROM archive_pending"
        )
