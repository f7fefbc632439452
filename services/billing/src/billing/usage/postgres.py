"""What is known of a meter, in PostgreSQL: facts, files to read, and what waits for its file."""

import asyncio
from collections.abc import Sequence
from datetime import date

from billing.archive.columns import packed_of_meter
from billing.archive.layout import partition_of
from billing.readings.values import Reading
from billing.reconciliation.postgres_rows import load_agreements, load_meters
from billing.usage.values import Snapshot
from prewatt_common.db.database import Database, DriverConnection, driver

_FILES = """
SELECT f.day, f.path
FROM meter_day AS m
JOIN archive_file AS f ON f.day = m.day AND f.partition = $2 AND f.state = 'live'
WHERE m.meter_id = $1
ORDER BY f.day, f.path
"""
"""``meter_day`` is written in the transaction that puts a reading into ``archive_pending``: it has
each day of which the archive holds a reading of the meter."""
_BLOCKS_AT_ONCE = 100


class PostgresSnapshots:
    """`Snapshots`, each a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_meter(self, meter_id: str) -> Snapshot | None:
        """One state of everything: a reading that moves into a file meanwhile still waits here."""
        async with self._database.snapshot() as connection:
            raw = await driver(connection)
            terms = (await load_meters(raw, [meter_id])).of_meter(meter_id)
            if terms is None:
                return None
            files: dict[date, list[str]] = {}
            for row in await raw.fetch(_FILES, meter_id, partition_of(meter_id)):
                files.setdefault(row["day"], []).append(row["path"])
            return Snapshot(
                terms=terms,
                agreements=await load_agreements(raw, terms),
                files=files,
                waiting=await _waiting(raw, meter_id),
            )


async def _waiting(connection: DriverConnection, meter_id: str) -> Sequence[Reading]:
    """Some at a time: while the folder is away, days of all meters may be there."""
    found: list[Reading] = []
    cursor = await connection.cursor("SELECT packed FROM archive_pending ORDER BY id")
    while rows := await cursor.fetch(_BLOCKS_AT_ONCE):
        blocks = [row["packed"] for row in rows]
        some = await asyncio.to_thread(packed_of_meter, blocks, meter_id)
        found += (Reading(*each) for each in some)
    return found
