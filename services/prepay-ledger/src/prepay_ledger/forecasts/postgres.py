"""What forecasts rest on, how far a day's run came, and what is kept of it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.charging.postgres_rows import array_text
from prepay_ledger.forecasts.values import Kept, UnderWay, Use
from prewatt_common.db.database import driver
from prewatt_metering.calendar.instants import us_of
from prewatt_metering.registers.spans import Span
from prewatt_metering.vee.checks.vee10_gap import CHECK as GAP

METERS_MAX = 20
"""Of an account of more the readings are not unpacked: each hour counts alike."""

_DAYS = """
SELECT a.account_id, u.day, sum(u.wh)::bigint AS wh
FROM agreement AS a JOIN day_use AS u ON u.agreement_id = a.id
WHERE a.account_id = ANY($1::uuid[]) AND u.day >= $2
GROUP BY a.account_id, u.day
"""
_METERS = """
SELECT i.account_id, i.meter_id, i.begins_at, i.ends_at IS NULL AS serves, s.last_at_us
FROM installation AS i LEFT JOIN meter_state AS s ON s.meter_id = i.meter_id
WHERE i.account_id = ANY($1::uuid[])
"""
_GAPS = """
SELECT meter_id, begin_us, end_us FROM finding
WHERE meter_id = ANY($1::text[]) AND check_id = $2
"""
_PACKED = """
SELECT meter_id, day, packed FROM meter_day WHERE meter_id = ANY($1::text[]) AND day >= $2
UNION ALL
SELECT meter_id, day, today FROM meter_state WHERE meter_id = ANY($1::text[]) AND today <> ''
"""
# One row, which whoever forecasts holds.
_TAKE = "SELECT day, after, is_done FROM forecast_run FOR UPDATE SKIP LOCKED"
_NEXT = "UPDATE forecast_run SET day = $1, is_done = false, after = NULL"
_KEEP = """
INSERT INTO forecast (account_id, made_at, timezone, measured_days, at_us, low_micro, middle_micro,
                      high_micro)
SELECT n.account_id, $2, n.timezone, n.measured_days, n.at_us::bigint[], n.low::bigint[],
       n.middle::bigint[], n.high::bigint[]
FROM unnest($1::uuid[], $3::text[], $4::integer[], $5::text[], $6::text[], $7::text[], $8::text[])
     AS n (account_id, timezone, measured_days, at_us, low, middle, high)
ON CONFLICT (account_id) DO UPDATE
SET made_at = excluded.made_at, timezone = excluded.timezone,
    measured_days = excluded.measured_days, at_us = excluded.at_us,
    low_micro = excluded.low_micro, middle_micro = excluded.middle_micro,
    high_micro = excluded.high_micro
"""


class PostgresForecasts:
    """A `ForecastStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def used(
        self, account_ids: Collection[UUID], *, first: date, hours_first: date
    ) -> Mapping[UUID, Use]:
        """A query a table for all of them."""
        connection = await driver(self._connection)
        ids = list(account_ids)
        days: dict[UUID, dict[date, int]] = {each: {} for each in ids}
        for account_id, day, wh in await connection.fetch(_DAYS, ids, first):
            days[account_id][day] = wh
        meters: dict[UUID, dict[str, list[int | None]]] = {each: {} for each in ids}
        begins: dict[UUID, int] = {}
        for row in await connection.fetch(_METERS, ids):
            account_id = row["account_id"]
            last_of = meters[account_id].setdefault(row["meter_id"], [])
            if row["serves"]:
                last_of.append(row["last_at_us"])
            begin_us = us_of(row["begins_at"])
            begins[account_id] = min(begin_us, begins.get(account_id, begin_us))
        all_meters = [meter_id for each in meters.values() for meter_id in each]
        gaps: dict[str, list[Span]] = {}
        for meter_id, begin_us, end_us in await connection.fetch(_GAPS, all_meters, GAP.check_id):
            gaps.setdefault(meter_id, []).append(Span(begin_us, end_us))
        few = [meter_id for each in meters.values() if len(each) <= METERS_MAX for meter_id in each]
        packed: dict[str, list[tuple[date, bytes]]] = {}
        for meter_id, day, some in await connection.fetch(_PACKED, few, hours_first):
            packed.setdefault(meter_id, []).append((day, some))
        return {
            account_id: Use(
                days=days[account_id],
                meter_ids=tuple(of),
                begins_us=begins.get(account_id),
                last_at_us=_least([at for last in of.values() for at in last]),
                gaps=[span for meter_id in of for span in gaps.get(meter_id, ())],
                packed={meter_id: packed[meter_id] for meter_id in of if meter_id in packed},
            )
            for account_id, of in meters.items()
        }

    async def begin(self, day: date) -> UnderWay | None:
        """The first run of all makes the row. An insert that meets it would wait for whoever holds
        it, so nobody else tries one."""
        connection = await driver(self._connection)
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM forecast_run)"):
            await connection.execute(
                "INSERT INTO forecast_run (day, is_done) VALUES ($1, false) ON CONFLICT DO NOTHING",
                day,
            )
        row = await connection.fetchrow(_TAKE)
        if row is None or row["day"] > day or (row["day"] == day and row["is_done"]):
            return None
        if row["is_done"]:
            await connection.execute(_NEXT, day)
            return UnderWay(day, None)
        return UnderWay(row["day"], row["after"])

    async def run_day(self) -> date | None:
        """As this transaction sees it."""
        return await (await driver(self._connection)).fetchval(
            "SELECT CASE WHEN is_done THEN day ELSE day - 1 END FROM forecast_run"
        )

    async def portion(self, *, after: UUID | None, limit: int) -> Sequence[UUID]:
        """By the primary key."""
        rows = await (await driver(self._connection)).fetch(
            "SELECT id FROM account WHERE $1::uuid IS NULL OR id > $1 ORDER BY id LIMIT $2",
            after,
            limit,
        )
        return [row["id"] for row in rows]

    async def keep(self, kept: Kept) -> None:
        """Two statements."""
        connection = await driver(self._connection)
        if kept.forgotten:
            await connection.execute(
                "DELETE FROM forecast WHERE account_id = ANY($1::uuid[])", list(kept.forgotten)
            )
        if kept.made:
            await connection.execute(
                _KEEP,
                [each.account_id for each in kept.made],
                kept.at,
                [each.timezone for each in kept.made],
                [each.profile.measured_days for each in kept.made],
                [array_text(each.costs.at_us) for each in kept.made],
                [array_text(each.costs.low_micro) for each in kept.made],
                [array_text(each.costs.middle_micro) for each in kept.made],
                [array_text(each.costs.high_micro) for each in kept.made],
            )

    async def go_on(self, after: UUID | None) -> None:
        """The row is held."""
        await (await driver(self._connection)).execute(
            "UPDATE forecast_run SET after = $1::uuid, is_done = $1::uuid IS NULL", after
        )


def _least(last_at_us: Sequence[int | None]) -> int | None:
    """None where any is not known, or there is none."""
    known = [at for at in last_at_us if at is not None]
    return min(known) if known and len(known) == len(last_at_us) else None
