"""Refusals by meter and reason."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from meter_gateway.faults.refusals import FAULT_OF, Fault, ListedRefusal, Reason, Refusals
from prewatt_common.db.database import Database, driver

_WRITE = """
INSERT INTO meter_fault AS f (meter_id, reason, messages, detail, first_at, last_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::timestamptz[],
                     $6::timestamptz[])
ON CONFLICT (meter_id, reason) DO UPDATE
SET messages = f.messages + excluded.messages, detail = excluded.detail,
    last_at = greatest(f.last_at, excluded.last_at)
"""
_GOOD = """
UPDATE meter_fault AS f SET good_at = g.at
FROM unnest($1::text[], $2::timestamptz[]) AS g (meter_id, at)
WHERE f.meter_id = g.meter_id AND (f.good_at IS NULL OR f.good_at < g.at)
"""
# A good message of the same instant came in the same batch, after the refusal.
_FAULTY = """
SELECT meter_id, reason FROM meter_fault
WHERE (good_at IS NULL OR good_at < last_at) AND last_at > $1 ORDER BY last_at DESC LIMIT $2
"""
_PAGE = """
WITH faulty AS (
  SELECT meter_id, reason, messages, detail, first_at, last_at FROM meter_fault
  WHERE (good_at IS NULL OR good_at < last_at) AND last_at > $1
    AND reason = ANY($2::text[]) AND ($3::text IS NULL OR meter_id > $3))
SELECT faulty.*, device.meter_id IS NOT NULL AS registered
FROM faulty LEFT JOIN device USING (meter_id)
WHERE meter_id IN (SELECT DISTINCT meter_id FROM faulty ORDER BY meter_id LIMIT $4)
ORDER BY meter_id, last_at DESC
"""


class PostgresFaults:
    """`FaultStore` and `FaultQueries`. Each call is its own transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def write(
        self,
        refusals: Mapping[tuple[str, Reason], Refusals],
        good_at: Mapping[str, datetime],
        *,
        forget_before: datetime,
    ) -> None:
        """Sorted, so that two replicas do not wait for each other."""
        keys = sorted(refusals)
        async with self._database.transaction() as transaction:
            connection = await driver(transaction)
            if keys:
                found = [refusals[key] for key in keys]
                await connection.execute(
                    _WRITE,
                    [_storable(meter_id) for meter_id, _ in keys],
                    [reason for _, reason in keys],
                    [each.count for each in found],
                    [_storable(each.detail) for each in found],
                    [each.first_at for each in found],
                    [each.last_at for each in found],
                )
            if good_at:
                ids = sorted(good_at)
                await connection.execute(
                    _GOOD,
                    [_storable(meter_id) for meter_id in ids],
                    [good_at[each] for each in ids],
                )
            await connection.execute("DELETE FROM meter_fault WHERE last_at < $1", forget_before)

    async def faulty(self, *, since: datetime, limit: int) -> Sequence[tuple[str, Reason]]:
        """The newest first."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(_FAULTY, since, limit)
        return [(row["meter_id"], Reason(row["reason"])) for row in rows]

    async def page(
        self, *, since: datetime, fault: Fault | None, after: str | None, limit: int
    ) -> Sequence[ListedRefusal]:
        """Refusals of the ``limit`` meters after one, in the order of their ids."""
        reasons = [reason for reason, its in FAULT_OF.items() if fault in (None, its)]
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(_PAGE, since, reasons, after, limit)
        return [
            ListedRefusal(
                meter_id=row["meter_id"],
                registered=row["registered"],
                reason=Reason(row["reason"]),
                messages=row["messages"],
                detail=row["detail"],
                first_at=row["first_at"],
                last_at=row["last_at"],
            )
            for row in rows
        ]


def _storable(text: str) -> str:
    """PostgreSQL holds no U+0000."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")
