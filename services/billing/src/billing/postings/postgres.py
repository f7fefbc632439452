"""The ledger's totals in PostgreSQL, one statement a batch."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from prewatt_common.contracts.ledger_charges_v1 import PostedCharge
from prewatt_common.db.database import Database, DriverConnection, driver

_PUT_POSTED = """
INSERT INTO posted_month AS p (binding_id, month, account_id, meter_id, version, import_wh,
                               last_read_at, energy_wh, total_micro, changed_at)
SELECT n.*, now()
FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::bigint[], $6::bigint[],
            $7::timestamptz[], $8::bigint[], $9::bigint[])
    AS n (binding_id, month, account_id, meter_id, version, import_wh, last_read_at, energy_wh,
          total_micro)
ORDER BY 1, 2
ON CONFLICT (binding_id, month) DO UPDATE
SET version = excluded.version, import_wh = excluded.import_wh,
    last_read_at = excluded.last_read_at, energy_wh = excluded.energy_wh,
    total_micro = excluded.total_micro, changed_at = excluded.changed_at
WHERE excluded.version > p.version
"""


class PostgresPostings:
    """A `PostingStore` on an open transaction."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    async def put_posted(self, charges: Sequence[PostedCharge]) -> None:
        """The ledger's totals; the highest version holds."""
        if charges:
            await self._connection.execute(
                _PUT_POSTED,
                [c.binding_id for c in charges],
                [c.month for c in charges],
                [c.account_id for c in charges],
                [c.meter_id for c in charges],
                [c.version for c in charges],
                [c.import_wh for c in charges],
                [c.last_read_at for c in charges],
                [c.energy_wh for c in charges],
                [c.total_micro for c in charges],
            )


@asynccontextmanager
async def open_postings(database: Database) -> AsyncGenerator[PostgresPostings]:
    """A transaction of its own, for what does not come through a consumer."""
    async with database.transaction() as connection:
        yield PostgresPostings(await driver(connection))
