"""The hot path's reads and writes: meters and periods of ordinary readings, by column."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import chain
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.charging.meters import packed_base_us
from prepay_ledger.charging.ordinary import Followed
from prepay_ledger.charging.postgres_rows import (
    TURNED,
    array_text,
    check_rows,
    decode_energy,
    decode_posted,
    encode,
)
from prepay_ledger.charging.postgres_turning import turn_days
from prepay_ledger.charging.standing import Block, Column, Standing
from prewatt_common.db.database import driver
from prewatt_metering.registers.packing import pack
from prewatt_metering.registers.readings import Reading
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
        meter_ids = _all(each.before.meter_ids for each in followed)
        before_days = _all(each.before.column(Column.DAY) for each in followed)
        today = day.toordinal()
        turned = [m for m, on in zip(meter_ids, before_days, strict=True) if on < today]
        if turned:
            await turn_days(connection, turned, day)
        base_us = packed_base_us(day)
        columns = (
            meter_ids,
            _all(each.before.column(Column.VERSION) for each in followed),
            _all(each.after.column(Column.LAST_AT_US) for each in followed),
            _all(each.after.column(Column.LAST_WH) for each in followed),
            _all(map(array_text, _pieces(each.after)) for each in followed),
            _all(_packed(each.readings, base_us) for each in followed),
        )
        order = sorted(range(len(meter_ids)), key=meter_ids.__getitem__)
        status = await connection.execute(_METERS, day, *(_in(order, each) for each in columns))
        check_rows(status, f"UPDATE {len(meter_ids)}")

    async def save_followed_periods(self, followed: Sequence[Followed], *, day: date) -> None:
        """In the order of their ids, so that two batches do not deadlock."""
        connection = await driver(self._connection)
        agreement_ids = _all(each.before.agreement_ids for each in followed)
        columns = (
            agreement_ids,
            _all([each.before.common.key.period_first] * len(each.before) for each in followed),
            _all(each.before.column(Column.PERIOD_VERSION) for each in followed),
            _all(_energy_texts(each.after) for each in followed),
            _all(_posted_texts(each.after) for each in followed),
            _all(each.after.column(Column.LAST_READ_US) for each in followed),
            _all(_sums(each.after, each.after.common.posted) for each in followed),
            _all(_sums(each.after, each.after.common.energy) for each in followed),
        )
        by_id = [each.int for each in agreement_ids]
        order = sorted(range(len(by_id)), key=by_id.__getitem__)
        status = await connection.execute(_PERIODS, day, *(_in(order, each) for each in columns))
        check_rows(status, f"UPDATE {len(agreement_ids)}")


_T = TypeVar("_T")


def _all(parts: Iterable[Iterable[_T]]) -> list[_T]:
    return list(chain.from_iterable(parts))


def _in(order: Sequence[int], values: Sequence[_T]) -> list[_T]:
    return [values[place] for place in order]


def _pieces(block: Block) -> list[list[int]]:
    return block.numbers[:, block.common.pieces].tolist()


def _sums(block: Block, columns: slice) -> list[int]:
    return block.numbers[:, columns].sum(axis=1).tolist()


def _packed(readings: Iterable[list[Reading]], base_us: int) -> Iterator[bytes]:
    return (pack(reversed(each), base_us=base_us) for each in readings)


def _energy_texts(block: Block) -> Iterator[str]:
    part = encode(block.common.part).decode()
    for text in _texts(block.common.simple.slots, block.numbers[:, block.common.energy]):
        yield f"{{{part}:{text}}}" if len(text) > len("{}") else "{}"


def _posted_texts(block: Block) -> Iterator[str]:
    return _texts(block.common.simple.accounts, block.numbers[:, block.common.posted])


def _texts(names: Sequence[str], numbers: Ints) -> Iterator[str]:
    """As `encode` has a dictionary of those that are not zero."""
    order = sorted(range(len(names)), key=names.__getitem__)
    named = [f"{encode(names[place]).decode()}:" for place in order]
    rows: list[list[int]] = numbers[:, order].tolist()
    for row in rows:
        some = [f"{name}{value}" for name, value in zip(named, row, strict=True) if value]
        yield f"{{{','.join(some)}}}"
