"""Reconnections as people look at them: read-only."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from prepay_ledger.reconnections.postgres import OPEN, to_reconnection
from prepay_ledger.reconnections.values import Duration, Percentiles, Reconnection, Summary
from prewatt_common.contracts.ledger_events_v1 import ReconnectionStage
from prewatt_common.db.database import Database, driver

_LISTED = f"""
SELECT * FROM reconnection
WHERE ($1::text IS NULL OR meter_id = $1) AND ($2::uuid IS NULL OR account_id = $2)
  AND ($3::boolean IS NULL OR ({OPEN}) = $3)
  AND ($4::boolean IS NULL OR (breached_at IS NOT NULL) = $4)
  AND ($5::uuid IS NULL OR id < $5)
ORDER BY id DESC LIMIT $6
"""  # noqa: S608 - of constants
# Each duration as `rules.durations` has it: none where it does not count.
_PERCENTILES = """
WITH caused AS (
    SELECT * FROM reconnection WHERE caused_at >= $1 AND caused_at < $2
), lasted (duration, took) AS (
    SELECT 'caused_issued', issued_at - caused_at FROM caused
    UNION ALL
    SELECT 'issued_armed', armed_at - issued_at FROM caused
    UNION ALL
    SELECT 'caused_armed', armed_at - caused_at FROM caused
    UNION ALL
    SELECT 'issued_closed', closed_at - issued_at FROM caused WHERE armed_at IS NULL
    UNION ALL
    SELECT 'caused_closed', closed_at - caused_at FROM caused WHERE armed_at IS NULL
    UNION ALL
    SELECT 'closed_load', greatest(load_at - closed_at, interval '0') FROM caused
    WHERE load_at IS NOT NULL AND closed_at IS NOT NULL
)
SELECT duration, count(*) AS n,
       percentile_disc(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY took) AS percentiles
FROM lasted WHERE took IS NOT NULL GROUP BY duration
"""
_COUNTS = f"""
SELECT count(*) AS begun, count(*) FILTER (WHERE {OPEN}) AS open,
       count(closed_at) AS closed, count(load_at) AS with_load,
       count(superseded_at) AS superseded, count(journal_id) AS credited
FROM reconnection WHERE caused_at >= $1 AND caused_at < $2
"""  # noqa: S608 - of constants
_LATE = """
SELECT breach_stage, count(*) AS n FROM reconnection
WHERE caused_at >= $1 AND caused_at < $2 AND breached_at IS NOT NULL GROUP BY breach_stage
"""


class ReconnectionQueries:
    """Each question one read-only transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def listed(
        self,
        *,
        meter_id: str | None,
        account_id: UUID | None,
        open_: bool | None,
        late: bool | None,
        before: UUID | None,
        limit: int,
    ) -> Sequence[Reconnection]:
        """The newest first, older than ``before``."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(
                _LISTED, meter_id, account_id, open_, late, before, limit
            )
        return [to_reconnection(row) for row in rows]

    async def summary(self, *, first: datetime, end: datetime) -> Summary:
        """Of those caused from ``first`` up to, without, ``end``: exact, from their rows."""
        async with self._database.transaction() as connection:
            asked = await driver(connection)
            (counts,) = await asked.fetch(_COUNTS, first, end)
            late = await asked.fetch(_LATE, first, end)
            rows = await asked.fetch(_PERCENTILES, first, end)
        return Summary(
            *counts,
            late={ReconnectionStage(row["breach_stage"]): row["n"] for row in late},
            durations={
                Duration(row["duration"]): Percentiles(row["n"], *row["percentiles"])
                for row in rows
            },
        )
