"""Readings in PostgreSQL: a batch is one statement a UTC day."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from itertools import groupby
from operator import attrgetter

from billing.readings.packed import PackedDay
from prewatt_common.db.database import DriverConnection

# Appending in the database needs no reading first; the keys come sorted, which keeps concurrent
# batches from deadlock.
_APPEND = """
INSERT INTO meter_day AS m (meter_id, day, packed, changed_at)
SELECT n.meter_id, $1, n.packed, now() FROM unnest($2::text[], $3::bytea[]) AS n (meter_id, packed)
ON CONFLICT (meter_id, day) DO UPDATE
SET packed = m.packed || excluded.packed, changed_at = excluded.changed_at
"""


class PostgresReadings:
    """A `ReadingStore` on an open transaction."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    async def append(self, days: Sequence[PackedDay]) -> None:
        """To what is there of the meters and days."""
        for day, of_day in groupby(days, key=attrgetter("day")):
            some = list(of_day)
            await self._connection.execute(
                _APPEND, day, [each.meter_id for each in some], [each.packed for each in some]
            )

    async def kept(self, rows: Collection[tuple[str, date]]) -> Mapping[tuple[str, date], bytes]:
        """What is there of these meters and days."""
        found = await self._connection.fetch(
            "SELECT meter_id, day, packed FROM meter_day"
            " JOIN unnest($1::text[], $2::date[]) AS n (meter_id, day) USING (meter_id, day)",
            [meter_id for meter_id, _ in rows],
            [day for _, day in rows],
        )
        return {(row["meter_id"], row["day"]): row["packed"] for row in found}
