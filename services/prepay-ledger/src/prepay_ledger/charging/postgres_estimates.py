"""What is estimated, as it is kept."""

from collections.abc import Collection, Sequence
from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.charging.estimated import EstimatedPeriod
from prepay_ledger.charging.postgres_rows import check_rows, decode_posted, encode
from prewatt_common.db.database import driver
from prewatt_metering.tariffs.periods import Period

# Locked in one order, and read as of when they are.
_OF = """
SELECT e.*, a.currency FROM estimate AS e JOIN account AS a ON a.id = e.account_id
WHERE e.agreement_id = ANY($1::uuid[])
ORDER BY e.agreement_id, e.period_first FOR NO KEY UPDATE OF e
"""

_SAVE = """
INSERT INTO estimate AS e (agreement_id, period_first, period_end, account_id, version, energy_wh,
                           posted, posted_micro, meters, until_us)
SELECT * FROM unnest($1::uuid[], $2::date[], $3::date[], $4::uuid[], $5::bigint[], $6::bigint[],
                     $7::text[], $8::bigint[], $9::text[], $10::bigint[])
ON CONFLICT (agreement_id, period_first) DO UPDATE
SET version = excluded.version, energy_wh = excluded.energy_wh, posted = excluded.posted,
    posted_micro = excluded.posted_micro, meters = excluded.meters, until_us = excluded.until_us
WHERE e.version = excluded.version - 1
"""

decode_meters = msgspec.json.Decoder(dict[str, int]).decode


class PostgresEstimated:
    """An `EstimatedStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of(self, agreement_ids: Collection[UUID]) -> Sequence[EstimatedPeriod]:
        """Their rows, locked until the transaction ends; those that were taken back too."""
        rows = await (await driver(self._connection)).fetch(_OF, list(agreement_ids))
        return [to_estimate(row) for row in rows]

    async def save(self, some: Sequence[EstimatedPeriod]) -> None:
        """Raises `ChangedMeanwhile` where one is not as it was read."""
        if not some:
            return
        rows = [
            (
                each.agreement_id, each.period.first, each.period.end, each.account_id,
                each.version, each.energy_wh, encode(each.posted).decode(), each.total_micro,
                encode(each.meters).decode(), each.until_us,
            )
            for each in some
        ]  # fmt: skip
        connection = await driver(self._connection)
        status = await connection.execute(_SAVE, *zip(*rows, strict=True))
        check_rows(status, f"INSERT 0 {len(rows)}")


def to_estimate(row: asyncpg.Record) -> EstimatedPeriod:
    """From a row of ``estimate`` with the account's currency."""
    return EstimatedPeriod(
        agreement_id=row["agreement_id"],
        account_id=row["account_id"],
        currency=row["currency"],
        period=Period(row["period_first"], row["period_end"]),
        version=row["version"],
        energy_wh=row["energy_wh"],
        posted=decode_posted(row["posted"]),
        meters=decode_meters(row["meters"]),
        until_us=row["until_us"],
    )
