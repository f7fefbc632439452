"""What accounts used, paid and signed of late, as far as policies ask."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.supply.values import KeptForecast
from prewatt_common.db.database import driver
from prewatt_metering.forecast.run_out import CostsAhead

_FORECAST_DAYS = 3
"""An older forecast says nothing: its run is behind, or nothing is known any more."""
_DAYS = 31
"""What a day costs is the mean of the periods that reach into so many days."""

# Backwards along the index: between two top-ups lie some entries of charges.
_LAST_TOPUPS = """
SELECT a.id, t.amount_micro FROM unnest($1::uuid[]) AS a (id)
CROSS JOIN LATERAL (
    SELECT e.amount_micro FROM entry AS e JOIN journal AS j ON j.id = e.journal_id
    WHERE e.account_id = a.id AND j.kind IN ('top-up', 'suspense-assigned')
    ORDER BY e.journal_id DESC LIMIT 1) AS t
"""
_DAY_COSTS = """
SELECT account_id,
       sum(posted_micro)::bigint
       / greatest(1, $3::date - greatest(min(period_first), min(opened_at)::date)) AS micro
FROM charge_state JOIN account ON account.id = account_id
WHERE account_id = ANY($1::uuid[]) AND period_end > $2 AND period_first <= $3
GROUP BY account_id
"""
_FORECASTS = """
SELECT account_id, timezone, at_us, low_micro, middle_micro, high_micro FROM forecast
WHERE account_id = ANY($1::uuid[]) AND made_at > $2
"""
_USED_WH = """
SELECT a.account_id, sum(u.wh)::bigint AS wh
FROM agreement AS a JOIN day_use AS u ON u.agreement_id = a.id
WHERE a.account_id = ANY($1::uuid[]) AND u.day >= $2 AND u.day < $3
GROUP BY a.account_id
"""
_PREPAID_SINCE = """
SELECT p.account_id, min(p.valid_from) AS since
FROM prepay_agreement AS p
LEFT JOIN LATERAL (
    SELECT max(q.valid_from) AS at FROM prepay_agreement AS q
    WHERE q.account_id = p.account_id AND q.valid_from <= $2
      AND (q.is_ended OR q.mode <> 'prepay')) AS other ON true
WHERE p.account_id = ANY($1::uuid[]) AND p.valid_from <= $2
  AND (other.at IS NULL OR p.valid_from > other.at)
GROUP BY p.account_id
"""


class PostgresUsed:
    """A `UsedStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def last_topups(self, account_ids: Collection[UUID]) -> Mapping[UUID, int]:
        """By the index of an account's entries."""
        rows = await (await driver(self._connection)).fetch(_LAST_TOPUPS, list(account_ids))
        return {row["id"]: row["amount_micro"] for row in rows}

    async def day_costs(
        self, account_ids: Collection[UUID], *, now: datetime
    ) -> Mapping[UUID, int]:
        """The mean of the periods of the last month: they tell as well as readings do, and are
        some rows an account."""
        today = now.date()
        rows = await (await driver(self._connection)).fetch(
            _DAY_COSTS, list(account_ids), today - timedelta(days=_DAYS), today
        )
        return {row["account_id"]: max(0, row["micro"]) for row in rows}

    async def forecasts(
        self, account_ids: Collection[UUID], *, now: datetime
    ) -> Mapping[UUID, KeptForecast]:
        """A row an account, as the daily run left it."""
        rows = await (await driver(self._connection)).fetch(
            _FORECASTS, list(account_ids), now - timedelta(days=_FORECAST_DAYS)
        )
        return {
            row["account_id"]: KeptForecast(
                CostsAhead(
                    at_us=tuple(row["at_us"]),
                    low_micro=tuple(row["low_micro"]),
                    middle_micro=tuple(row["middle_micro"]),
                    high_micro=tuple(row["high_micro"]),
                ),
                row["timezone"],
            )
            for row in rows
        }

    async def used_wh(
        self, account_ids: Collection[UUID], *, first: date, end: date
    ) -> Mapping[UUID, int]:
        """Of whole local days."""
        rows = await (await driver(self._connection)).fetch(_USED_WH, list(account_ids), first, end)
        return {row["account_id"]: row["wh"] for row in rows}

    async def prepaid_since(
        self, account_ids: Collection[UUID], *, now: datetime
    ) -> Mapping[UUID, datetime]:
        """The begin of the agreements that have followed each other since."""
        rows = await (await driver(self._connection)).fetch(_PREPAID_SINCE, list(account_ids), now)
        return {row["account_id"]: row["since"] for row in rows}
