"""Reconnection codes in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.epochs.postgres import current_epoch
from prepay_ledger.site_codes.rules import next_counter
from prepay_ledger.site_codes.values import Reading, SiteCode
from prewatt_common.db.database import driver
from prewatt_common.ids import new_id

_LAST = """
SELECT m.id AS meter_id, c.counter,
       (SELECT count(*) FROM epoch WHERE epoch.epoch > coalesce(c.epoch, 0)) AS restores
FROM unnest($1::text[]) AS m (id)
LEFT JOIN LATERAL (SELECT counter, epoch FROM site_code WHERE meter_id = m.id
                   ORDER BY counter DESC LIMIT 1) AS c ON true
"""
_ADD = """
INSERT INTO site_code (id, order_id, meter_id, counter, issued_at, epoch)
VALUES ($1, $2, $3, $4, $5, $6)
"""
_OF_ORDER = """
SELECT id, order_id, meter_id, counter, issued_at FROM site_code WHERE order_id = $1
ORDER BY counter DESC
"""
_READ = "INSERT INTO site_code_reading (id, site_code_id, read_by, at) VALUES ($1, $2, $3, $4)"
_READINGS = """
SELECT read_by, at FROM site_code_reading WHERE site_code_id = $1 ORDER BY id DESC LIMIT 100
"""


class PostgresSiteCodes:
    """A `SiteCodeStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of_order(self, order_id: UUID) -> Sequence[SiteCode]:
        """By their counters."""
        rows = await (await driver(self._connection)).fetch(_OF_ORDER, order_id)
        return [SiteCode(**row) for row in rows]

    async def next_counters(self, meter_ids: Collection[str]) -> Mapping[str, int]:
        """In one statement: a mass cut asks for thousands."""
        if not meter_ids:
            return {}
        rows = await (await driver(self._connection)).fetch(_LAST, list(meter_ids))
        return {
            row["meter_id"]: next_counter(row["counter"], restores=row["restores"]) for row in rows
        }

    async def add(self, code: SiteCode) -> None:
        """With the epoch that it is given out in."""
        connection = await driver(self._connection)
        await connection.execute(
            _ADD,
            code.id,
            code.order_id,
            code.meter_id,
            code.counter,
            code.issued_at,
            await current_epoch(connection),
        )

    async def read(self, code_id: UUID, reading: Reading) -> Sequence[Reading]:
        """A row of its own each time; gives the last hundred."""
        connection = await driver(self._connection)
        await connection.execute(_READ, new_id(), code_id, reading.read_by, reading.at)
        return [Reading(*row) for row in await connection.fetch(_READINGS, code_id)]
