"""Days are taken out as the owner of the tables: the service's role may not."""

from collections.abc import AsyncIterator, Sequence
from datetime import date

from prepay_ledger.retention.values import Kept, LeftDay
from prepay_ledger.seals.chain import row_text, tables_of
from prepay_ledger.seals.postgres import PostgresSeals
from prepay_ledger.seals.values import READINGS, SEALED_BY_NAME, TableSeal
from prewatt_common.db.database import ChangedMeanwhile, DriverConnection

_DUE = """
SELECT s.day FROM seal AS s
WHERE s.day < $1 AND NOT EXISTS (SELECT FROM left_day AS l WHERE l.day = s.day)
ORDER BY s.day LIMIT $2
"""
_ADD = """
INSERT INTO left_day (day, folder, rows, root, sha256, size, first_meters, begins, roots)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
_ADD_METERS = """
INSERT INTO left_meter (meter_id, since) SELECT meter_id, day FROM meter_day WHERE day = $1
ORDER BY meter_id COLLATE "C" ON CONFLICT DO NOTHING
"""

KEPT = """
SELECT (SELECT count(*) FROM left_day) AS left,
       (SELECT min(s.day) FROM seal AS s
        WHERE NOT EXISTS (SELECT FROM left_day AS l WHERE l.day = s.day)) AS oldest
"""

_CLEAR_BODIES = """
UPDATE payment_event SET headers = NULL, body = NULL, plain = NULL
WHERE id IN (
  SELECT e.id FROM payment_event AS e
  WHERE e.day < $1 AND e.body IS NOT NULL AND NOT e.open
    AND NOT EXISTS (SELECT FROM payment_event_step AS s
                    WHERE s.payment_event_id = e.id AND s.day >= $1)
  ORDER BY e.day, e.id LIMIT $2 FOR UPDATE SKIP LOCKED
)
"""


class PostgresRetention:
    """A `RetentionStore` on a connection of the tables' owner."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    async def open_day(self) -> date:
        """As it stands."""
        return (await PostgresSeals(self._connection).day()).day

    async def due(self, *, before: date, limit: int) -> Sequence[date]:
        """By their seals."""
        rows = await self._connection.fetch(_DUE, before, limit)
        return [row["day"] for row in rows]

    async def kept(self) -> Kept:
        """By the seals of the days."""
        row = await self._connection.fetchrow(KEPT)
        assert row is not None, "counts have a row"
        return Kept(*row)

    async def sealed(self, day: date) -> TableSeal:
        """From the seal's body."""
        seal = await PostgresSeals(self._connection).seal(day)
        assert seal is not None, "only sealed days are due"
        return tables_of(seal)[READINGS]

    async def texts(self, day: date) -> AsyncIterator[bytes]:
        """Some at a time, in a transaction of their own."""
        table = SEALED_BY_NAME[READINGS]
        async with self._connection.transaction(isolation="repeatable_read", readonly=True):
            async for row in PostgresSeals(self._connection).rows(table, day):
                yield row_text(table, row)

    async def clear_bodies(self, *, before: date, limit: int) -> int:
        """A statement of its own; what somebody has in hand is passed by."""
        status = await self._connection.execute(_CLEAR_BODIES, before, limit)
        return int(status.removeprefix("UPDATE "))

    async def take_out(self, left: LeftDay) -> None:
        """The row of the day first: by it the trigger on ``meter_day`` lets the others go."""
        export = left.export
        async with self._connection.transaction():
            await self._connection.execute(
                _ADD, left.day, left.folder, export.rows, export.root, export.sha256, export.size,
                [each.first_meter for each in export.chunks],
                [each.begin for each in export.chunks],
                [each.root for each in export.chunks],
            )  # fmt: skip
            await self._connection.execute(_ADD_METERS, left.day)
            status = await self._connection.execute(
                "DELETE FROM meter_day WHERE day = $1", left.day
            )
            if status != f"DELETE {export.rows}":
                message = f"{left.day} has other rows than were exported: {status}"
                raise ChangedMeanwhile(message)
