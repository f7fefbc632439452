"""What was compared, read for people and for metrics."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from billing.readings.packed import unpacked
from billing.reconciliation.compare import Kind
from billing.reconciliation.days import MeterHistory
from billing.reconciliation.ports import ComparisonKey, Stored, Tallied, Waiting
from billing.reconciliation.postgres_rows import (
    COMPARISON_COLUMNS,
    load_agreements,
    load_meters,
    load_readings,
    stored_of,
)
from prewatt_common.db.database import Database, DriverConnection, driver

_BEFORE_ALL = (UUID(int=0), date.min)

_LISTED = f"""
SELECT c.*, a.number
FROM (
    SELECT {COMPARISON_COLUMNS}, compared_at FROM comparison
    WHERE month = $1 AND kind = ANY($2::text[]) AND (agreement_id, period_first) > ($3, $4)
    ORDER BY agreement_id, period_first LIMIT $5
) AS c
LEFT JOIN account AS a ON a.id = c.account_id
ORDER BY c.agreement_id, c.period_first
"""  # noqa: S608 - a constant
_TALLY = """
SELECT kind, currency, count(*) AS count, coalesce(sum(our_total_micro), 0)::text AS ours_micro,
       coalesce(sum(their_total_micro), 0)::text AS theirs_micro
FROM comparison WHERE month = $1 GROUP BY kind, currency ORDER BY currency NULLS LAST, kind
"""
_COUNTS = """
SELECT CASE WHEN period_end > $1 THEN 'current' ELSE 'previous' END AS month, kind,
       count(*) AS count
FROM comparison WHERE $1 < period_end + greatest(period_end - period_first, 31)
GROUP BY 1, 2
"""
_WAITING = """
SELECT (moved.things + due.count)::bigint AS count, least(moved.since, due.since) AS since
FROM (SELECT coalesce(sum(things), 0) AS things, min(at) AS since FROM moved) AS moved,
     (SELECT count(*) AS count, min(due_at) AS since FROM due WHERE due_at <= $1) AS due
"""


class PostgresComparisons:
    """`Comparisons`, each call a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def listed(
        self, *, month: str, kinds: Collection[Kind], after: ComparisonKey | None, limit: int
    ) -> Sequence[Stored]:
        """In order of agreement and period."""
        agreement_id, first = after or _BEFORE_ALL
        rows = await self._fetch(_LISTED, month, list(kinds), agreement_id, first, limit)
        return [stored_of(row) for row in rows]

    async def tally(self, *, month: str) -> Sequence[Tallied]:
        """A row a kind and currency."""
        return [
            Tallied(
                kind=Kind(row["kind"]),
                currency=row["currency"],
                count=row["count"],
                ours_micro=int(row["ours_micro"]),
                theirs_micro=int(row["theirs_micro"]),
            )
            for row in await self._fetch(_TALLY, month)
        ]

    async def counts(self, *, today: date) -> Mapping[tuple[str, Kind], int]:
        """By "current" or "previous", and kind."""
        rows = await self._fetch(_COUNTS, today)
        return {(row["month"], Kind(row["kind"])): row["count"] for row in rows}

    async def waiting(self, *, now: datetime) -> Waiting:
        """Marks and agreements that are due."""
        (row,) = await self._fetch(_WAITING, now)
        return Waiting(count=row["count"], since=row["since"])

    async def history(self, meter_id: str) -> MeterHistory | None:
        """None for a meter that is installed nowhere and never was."""
        async with self._database.transaction() as connection:
            return await _history(await driver(connection), meter_id)

    async def _fetch(self, query: str, *arguments: Any) -> Sequence[Any]:
        async with self._database.transaction() as connection:
            return await (await driver(connection)).fetch(query, *arguments)


async def _history(connection: DriverConnection, meter_id: str) -> MeterHistory | None:
    terms = (await load_meters(connection, [meter_id])).of_meter(meter_id)
    if terms is None:
        return None
    agreements = await load_agreements(connection, terms)
    held = (await load_readings(connection, [meter_id])).get(meter_id)
    return MeterHistory(
        terms=terms,
        agreements=agreements,
        readings=[one for day, packed in held.days for one in unpacked(day, packed)]
        if held
        else [],
    )
