"""Readings in PostgreSQL: a batch is one statement."""

from collections.abc import Sequence

from billing.readings.packed import PackedDay
from prewatt_common.db.database import DriverConnection

# Appending in the database needs no reading first; the keys come sorted, which keeps concurrent
# batches from deadlock.
_APPEND = """
INSERT INTO meter_day AS m (meter_id, day, packed, changed_at)
SELECT n.*, now() FROM unnest($1::text[], $2::date[], $3::bytea[]) AS n (meter_id, day, packed)
ON CONFLICT (meter_id, day) DO UPDATE
SET packed = m.packed || excluded.packed, changed_at = excluded.changed_at
"""


class PostgresReadings:
    """A `ReadingStore` on an open transaction."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    async def append(self, days: Sequence[PackedDay]) -> None:
        """To what is there of the meters and days."""
        if days:
            await self._connection.execute(
                _APPEND,
                [each.meter_id for each in days],
                [each.day for each in days],
                [each.packed for each in days],
            )
