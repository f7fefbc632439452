"""Kept readings that no installation covers, meter by meter: energy that nobody pays for yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from prewatt_common.db.database import Database, driver

# One look into the installations for each meter, by their index; both ends as in
# Installation.covers.
_BY_METER = """
WITH meter AS (
  SELECT DISTINCT meter_id FROM unbound_reading
  WHERE meter_id > $1 ORDER BY meter_id LIMIT $2)
SELECT meter_id, reason, count(*) AS readings, min(read_at) AS first_read_at,
       max(read_at) AS last_read_at, max(kept_at) AS kept_at
FROM meter
CROSS JOIN LATERAL (
  SELECT min(begins_at) AS first_from, max(coalesce(ends_at, 'infinity')) AS last_to
  FROM installation WHERE installation.meter_id = meter.meter_id) AS served
JOIN unbound_reading USING (meter_id)
CROSS JOIN LATERAL (
  SELECT CASE WHEN first_from IS NULL THEN 'no_installation'
              WHEN read_at <= first_from THEN 'before_first_installation'
              WHEN read_at > last_to THEN 'after_last_installation'
              ELSE 'between_installations' END AS reason) AS why
WHERE kept_at > now() - $3::interval
GROUP BY meter_id, reason ORDER BY meter_id, reason
"""
REASONS = (
    "no_installation",
    "before_first_installation",
    "after_last_installation",
    "between_installations",
)
_METERS_MAX = 100_000
_RECENT = timedelta(days=1)
_EVER = timedelta(days=36_500)


@dataclass(frozen=True, slots=True)
class UnboundMeter:
    """Readings of a meter that no installation covers, for one of `REASONS`."""

    meter_id: str
    reason: str
    readings: int
    first_read_at: datetime
    last_read_at: datetime
    kept_at: datetime


class UnboundQueries:
    """Read-only, each its own transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, *, after: str, limit: int) -> Sequence[UnboundMeter]:
        """A row for each reason of the ``limit`` meters after one, in the order of their ids."""
        return await self._by_meter(after, limit, _EVER)

    async def recent(self) -> Sequence[UnboundMeter]:
        """Meters whose readings were kept within a day: they go on being supplied for nothing."""
        return await self._by_meter("", _METERS_MAX, _RECENT)

    async def _by_meter(
        self, after: str, limit: int, kept_within: timedelta
    ) -> Sequence[UnboundMeter]:
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(_BY_METER, after, limit, kept_within)
        return [UnboundMeter(**row) for row in rows]
