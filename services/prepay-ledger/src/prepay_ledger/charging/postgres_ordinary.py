"""The hot path's reads and writes: meters and periods of ordinary readings, by column."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.charging.meters import packed_base_us
from prepay_ledger.charging.ordinary import Followed, Standing
from prepay_ledger.charging.postgres_rows import (
    TURNED,
    array_text,
    check_rows,
    decode_energy,
    decode_posted,
    encode,
)
from prepay_ledger.charging.postgres_turning import turn_days
from prewatt_common.db.database import driver
from prewatt_metering.registers.packing import pack

_STANDINGS = """
SELECT s.meter_id, s.version, s.day, s.agreement_id, a.tariff_code, a.corrections, s.open_day,
       s.quiet_from_us, s.served_until_us, s.last_at_us, s.last_wh, s.piece_wh, s.limit_w,
       s.resolution_wh, s.multiplier, s.modulus_wh, c.account_id, c.period_first, c.period_end,
       c.version, c.energy, c.standing_days, c.due_day, c.posted, c.last_read_us
FROM meter_state AS s
JOIN agreement AS a ON a.id = s.agreement_id
JOIN charge_state AS c ON c.agreement_id = s.agreement_id AND c.due_day IS NOT NULL
WHERE s.meter_id = ANY($1::text[]) AND s.open_day IS NOT NULL
"""

_METERS = """
UPDATE meter_state AS s
SET version = s.version + 1, day = $1, last_at_us = n.last_at_us, last_wh = n.last_wh,
    piece_wh = n.piece_wh::bigint[],
    today = CASE WHEN s.day = $1 THEN n.new || s.today ELSE n.new END
FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::bytea[])
     AS n (meter_id, version, last_at_us, last_wh, piece_wh, new)
WHERE s.meter_id = n.meter_id AND s.version = n.version
"""

_PERIODS = f"""
UPDATE charge_state AS c
SET version = c.version + 1, energy = n.energy, posted = n.posted, last_read_us = n.last_read_us,
    posted_micro = n.posted_micro, energy_wh = n.energy_wh, {TURNED}
FROM unnest($2::uuid[], $3::date[], $4::bigint[], $5::text[], $6::text[], $7::bigint[],
            $8::bigint[], $9::bigint[])
     AS n (agreement_id, period_first, version, energy, posted, last_read_us, posted_micro,
           energy_wh)
WHERE c.agreement_id = n.agreement_id AND c.period_first = n.period_first
  AND c.version = n.version
"""  # noqa: S608 - of constants

_ENERGY = Standing._fields.index("energy")
_POSTED = Standing._fields.index("posted")


class PostgresOrdinary:
    """What a `ChargingStore` does for ordinary readings."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def standings(self, meter_ids: Sequence[str]) -> Sequence[Standing]:
        """One query for meters, agreements and periods."""
        rows = await (await driver(self._connection)).fetch(_STANDINGS, meter_ids)
        found: list[Standing] = []
        for row in rows:
            values = list(row)
            values[_ENERGY] = decode_energy(values[_ENERGY])
            values[_POSTED] = decode_posted(values[_POSTED])
            found.append(Standing._make(values))
        return found

    async def save_followed_meters(self, followed: Sequence[Followed], *, day: date) -> None:
        """In the order of their ids, so that two batches do not deadlock."""
        connection = await driver(self._connection)
        turned = [f.before.meter_id for f in followed if f.before.day < day]
        if turned:
            await turn_days(connection, turned, day)
        base_us = packed_base_us(day)
        meters = sorted(followed, key=lambda each: each.before.meter_id)
        status = await connection.execute(
            _METERS,
            day,
            [each.before.meter_id for each in meters],
            [each.before.version for each in meters],
            [each.readings[-1].at_us for each in meters],
            [each.readings[-1].register_wh for each in meters],
            [array_text(each.piece_wh) for each in meters],
            [pack(reversed(each.readings), base_us=base_us) for each in meters],
        )
        check_rows(status, f"UPDATE {len(meters)}")

    async def save_followed_periods(self, followed: Sequence[Followed], *, day: date) -> None:
        """In the order of their ids, so that two batches do not deadlock."""
        connection = await driver(self._connection)
        periods = sorted(followed, key=lambda each: each.before.agreement_id.int)
        status = await connection.execute(
            _PERIODS,
            day,
            [each.before.agreement_id for each in periods],
            [each.before.period_first for each in periods],
            [each.before.period_version for each in periods],
            [encode(each.energy).decode() for each in periods],
            [encode(each.posted).decode() for each in periods],
            [each.last_read_us for each in periods],
            [each.posted_micro for each in periods],
            [each.energy_wh for each in periods],
        )
        check_rows(status, f"UPDATE {len(periods)}")
