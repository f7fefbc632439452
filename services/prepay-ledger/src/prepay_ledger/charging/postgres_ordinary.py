"""The hot path's reads and writes: meters and periods of ordinary readings, by column."""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import chain
from typing import TypeVar

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.charging.column_texts import energy_texts, piece_texts, posted_texts
from prepay_ledger.charging.meters import packed_base_us
from prepay_ledger.charging.ordinary import Followed
from prepay_ledger.charging.postgres_rows import (
    TURNED,
    check_rows,
    decode_energy,
    decode_posted,
)
from prepay_ledger.charging.postgres_turning import turn_days
from prepay_ledger.charging.standing import Block, Column, Standing
from prewatt_common.db.columns import lines, numbers
from prewatt_common.db.database import driver
from prewatt_metering.registers.packing_many import pack_many
from prewatt_metering.usage.batch import Ints

_STANDINGS = """
SELECT s.meter_id, s.version, s.day, s.agreement_id, a.tariff_code, a.corrections, s.open_day,
       s.quiet_from_us, s.served_until_us, s.last_at_us, s.last_wh, s.piece_wh, s.limit_w,
       s.resolution_wh, s.multiplier, s.modulus_wh, c.account_id, c.period_first, c.period_end,
       c.version, c.energy, c.standing_days, c.due_day, c.posted, c.last_read_us,
       NOT EXISTS (SELECT FROM installation AS i
                   WHERE i.account_id = c.account_id AND i.meter_id <> s.meter_id) AS is_alone
FROM meter_state AS s
JOIN agreement AS a ON a.id = s.agreement_id
JOIN charge_state AS c ON c.agreement_id = s.agreement_id AND c.due_day IS NOT NULL
WHERE s.meter_id = ANY($1::text[]) AND s.open_day IS NOT NULL AND NOT s.is_estimated
"""

# Functions that give rows stand in SELECT: in FROM, what each of them gives is kept apart first.
_METERS = """
UPDATE meter_state AS s
SET version = s.version + 1, day = $1, last_at_us = n.last_at_us, last_wh = n.last_wh,
    piece_wh = n.piece_wh::bigint[],
    today = CASE WHEN s.day = $1 THEN n.new || s.today ELSE n.new END
FROM (SELECT unnest(string_to_array($2, E'\\n')) AS meter_id,
             unnest($3::text::bigint[]) AS version,
             unnest($4::text::bigint[]) AS last_at_us,
             unnest($5::text::bigint[]) AS last_wh,
             unnest(string_to_array($6, E'\\n')) AS piece_wh,
             decode(unnest(string_to_array($7, E'\\n')), 'hex') AS new) AS n
WHERE s.meter_id = n.meter_id AND s.version = n.version
"""

_PERIODS = f"""
UPDATE charge_state AS c
SET version = c.version + 1, energy = n.energy, posted = n.posted, last_read_us = n.last_read_us,
    posted_micro = n.posted_micro, energy_wh = n.energy_wh, {TURNED}
FROM (SELECT unnest($2::uuid[]) AS agreement_id,
             unnest($3::date[]) AS period_first,
             unnest($4::text::bigint[]) AS version,
             unnest(string_to_array($5, E'\\n')) AS energy,
             unnest(string_to_array($6, E'\\n')) AS posted,
             unnest($7::text::bigint[]) AS last_read_us,
             unnest($8::text::bigint[]) AS posted_micro,
             unnest($9::text::bigint[]) AS energy_wh) AS n
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
        before, after = [each.before for each in followed], [each.after for each in followed]
        meter_ids = _all(each.meter_ids for each in before)
        is_turned = _column(before, Column.DAY) < day.toordinal()
        if is_turned.any():
            await turn_days(connection, [meter_ids[row] for row in np.flatnonzero(is_turned)], day)
        order = sorted(range(len(meter_ids)), key=meter_ids.__getitem__)
        status = await connection.execute(
            _METERS,
            day,
            lines(_in(order, meter_ids)),
            numbers(_column(before, Column.VERSION)[order].tolist()),
            numbers(_column(after, Column.LAST_AT_US)[order].tolist()),
            numbers(_column(after, Column.LAST_WH)[order].tolist()),
            lines(_in(order, _all(map(piece_texts, after)))),
            lines(_in(order, _packed(followed, day))),
        )
        check_rows(status, f"UPDATE {len(meter_ids)}")

    async def save_followed_periods(self, followed: Sequence[Followed], *, day: date) -> None:
        """In the order of their ids, so that two batches do not deadlock."""
        connection = await driver(self._connection)
        before, after = [each.before for each in followed], [each.after for each in followed]
        agreement_ids = _all(each.agreement_ids for each in before)
        firsts = _all([each.common.key.period_first] * len(each) for each in before)
        by_id = [each.int for each in agreement_ids]
        order = sorted(range(len(by_id)), key=by_id.__getitem__)
        status = await connection.execute(
            _PERIODS,
            day,
            _in(order, agreement_ids),
            _in(order, firsts),
            numbers(_column(before, Column.PERIOD_VERSION)[order].tolist()),
            lines(_in(order, _all(map(energy_texts, after)))),
            lines(_in(order, _all(map(posted_texts, after)))),
            numbers(_column(after, Column.LAST_READ_US)[order].tolist()),
            numbers(np.concatenate([each.posted_micro for each in after])[order].tolist()),
            numbers(np.concatenate([each.energy_wh for each in after])[order].tolist()),
        )
        check_rows(status, f"UPDATE {len(agreement_ids)}")


_T = TypeVar("_T")


def _all(parts: Iterable[Iterable[_T]]) -> list[_T]:
    return list(chain.from_iterable(parts))


def _in(order: Sequence[int], values: Sequence[_T]) -> list[_T]:
    return [values[place] for place in order]


def _column(blocks: Iterable[Block], column: Column) -> Ints:
    return np.concatenate([each.numbers[:, column] for each in blocks])


def _packed(followed: Sequence[Followed], day: date) -> list[str]:
    """In hexadecimal, the newest reading in front."""
    read = _all(each.readings for each in followed)
    flat = [reading for some in read for reading in reversed(some)]
    packed = pack_many(
        at_us=np.array([each.at_us for each in flat]),
        register_wh=np.array([each.register_wh for each in flat]),
        counts=np.array([len(some) for some in read]),
        base_us=packed_base_us(day),
    )
    return [each.hex() for each in packed]
