"""Bindings and their months: the hot path's reads and writes, each one statement a batch."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.charging.charge_months import BindingState, Charged, PostedMonth, Reading
from prepay_ledger.seals.postgres_epochs import current_epoch
from prewatt_common.db.database import ChangedMeanwhile, driver
from prewatt_metering.monthly.months import BillingMonth
from prewatt_metering.monthly.rating import Charge
from prewatt_metering.monthly.registers import Binding, MonthRegister

_BATCHES_LOCK = 0x4E4D01
_BINDINGS = """
SELECT id, account_id, meter_id, tariff_code, effective_from, effective_to, opening_wh, month,
       base_wh, max_wh, last_read_at, energy_micro, standing_micro, tax_micro, version
FROM binding WHERE meter_id = ANY($1::text[]) ORDER BY effective_from
"""

_SAVE_CURRENT = """
UPDATE binding AS b
SET month = n.month, base_wh = n.base_wh, max_wh = n.max_wh, last_read_at = n.last_read_at,
    energy_micro = n.energy_micro, standing_micro = n.standing_micro, tax_micro = n.tax_micro,
    version = n.version
FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::timestamptz[],
            $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[])
     AS n (id, month, base_wh, max_wh, last_read_at, energy_micro, standing_micro, tax_micro,
           version)
WHERE b.id = n.id AND b.version = n.version - 1
"""

_SAVE_CLOSED = """
INSERT INTO closed_month AS c (binding_id, month, max_wh, last_read_at, energy_micro,
                               standing_micro, tax_micro)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::timestamptz[], $5::bigint[],
                     $6::bigint[], $7::bigint[])
ON CONFLICT (binding_id, month) DO UPDATE
SET max_wh = excluded.max_wh, last_read_at = excluded.last_read_at,
    energy_micro = excluded.energy_micro, standing_micro = excluded.standing_micro,
    tax_micro = excluded.tax_micro
"""


class PostgresCharging:
    """A `ChargingStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def begin_batch(self) -> None:
        """Shared: batches do not wait for each other."""
        connection = await driver(self._connection)
        await connection.execute("SELECT pg_advisory_xact_lock_shared($1)", _BATCHES_LOCK)

    async def wait_for_batches(self) -> None:
        """Not to be called with a row locked that a batch may want: each would wait for the
        other."""
        connection = await driver(self._connection)
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _BATCHES_LOCK)

    async def bindings_of(self, meter_ids: Sequence[str]) -> Sequence[BindingState]:
        """Every binding of the meters, oldest first."""
        rows = await (await driver(self._connection)).fetch(_BINDINGS, meter_ids)
        return [_state(row) for row in rows]

    async def closed_months(
        self, binding_ids: Sequence[UUID]
    ) -> Mapping[UUID, Sequence[PostedMonth]]:
        """The months before the newest, by binding."""
        rows = await (await driver(self._connection)).fetch(
            "SELECT * FROM closed_month WHERE binding_id = ANY($1::uuid[])", binding_ids
        )
        months: dict[UUID, list[PostedMonth]] = {}
        for row in rows:
            months.setdefault(row["binding_id"], []).append(_posted_month(row))
        return months

    async def epoch(self) -> int:
        """Raised where the database was restored."""
        return await current_epoch(await driver(self._connection))

    async def save(self, charged: Sequence[Charged]) -> None:
        """Store the states; raises `ChangedMeanwhile` where one is not what was read."""
        connection = await driver(self._connection)
        columns = list(zip(*(_current_row(each) for each in charged), strict=True))
        status = await connection.execute(_SAVE_CURRENT, *columns)
        if status != f"UPDATE {len(charged)}":
            message = f"of {len(charged)} bindings {status} were as read"
            raise ChangedMeanwhile(message)
        closed = [
            (each.state.binding_id, *_month_row(month)) for each in charged for month in each.closed
        ]
        if closed:
            await connection.execute(_SAVE_CLOSED, *zip(*closed, strict=True))

    async def keep_unbound(self, readings: Sequence[tuple[str, Reading]]) -> None:
        """Keep readings that no binding covers; repeats are kept once."""
        if readings:
            await (await driver(self._connection)).execute(
                "INSERT INTO unbound_reading (meter_id, read_at, import_wh) SELECT * FROM "
                "unnest($1::text[], $2::timestamptz[], $3::bigint[]) ON CONFLICT DO NOTHING",
                [meter_id for meter_id, _ in readings],
                [reading.at for _, reading in readings],
                [reading.import_wh for _, reading in readings],
            )

    async def take_unbound(self, meter_ids: Sequence[str]) -> dict[str, list[Reading]]:
        """Remove and give the kept readings that a binding of the meters covers by now; those of a
        parked meter wait until it is released."""
        rows = await (await driver(self._connection)).fetch(
            "DELETE FROM unbound_reading AS u USING binding AS b "
            "WHERE u.meter_id = ANY($1::text[]) AND b.meter_id = u.meter_id "
            "AND u.read_at > b.effective_from "
            "AND (b.effective_to IS NULL OR u.read_at <= b.effective_to) "
            "AND NOT EXISTS (SELECT FROM parked_meter AS p WHERE p.meter_id = u.meter_id) "
            "RETURNING u.meter_id, u.read_at, u.import_wh",
            meter_ids,
        )
        kept: dict[str, list[Reading]] = {}
        for row in rows:
            reading = Reading(row["read_at"], row["import_wh"])
            kept.setdefault(row["meter_id"], []).append(reading)
        return kept


def _state(row: asyncpg.Record) -> BindingState:
    (
        binding_id, account_id, meter_id, tariff_code, effective_from, effective_to, opening_wh,
        month, base_wh, *_, version,
    ) = row  # fmt: skip
    return BindingState(
        Binding(
            binding_id=binding_id,
            effective_from=effective_from,
            effective_to=effective_to,
            opening_wh=opening_wh,
        ),
        binding_id,
        account_id,
        meter_id,
        tariff_code,
        version,
        opening_wh if base_wh is None else base_wh,
        None if month is None else _posted_month(row),
    )


def _posted_month(row: asyncpg.Record) -> PostedMonth:
    month = _month(row["month"])
    max_wh = row["max_wh"]
    register = (
        None
        if max_wh is None
        else MonthRegister(month=month, max_wh=max_wh, last_at=row["last_read_at"])
    )
    charge = Charge(
        energy_micro=row["energy_micro"],
        standing_micro=row["standing_micro"],
        tax_micro=row["tax_micro"],
    )
    return PostedMonth(month, register, charge)


_months: dict[str, BillingMonth] = {}


def _month(text: str) -> BillingMonth:
    """Parsed once: a batch has thousands of rows of the same month."""
    month = _months.get(text)
    if month is None:
        month = _months[text] = BillingMonth.parse(text)
    return month


def _month_row(posted: PostedMonth) -> tuple[object, ...]:
    register, charge = posted.register, posted.charge
    return (
        str(posted.month),
        register.max_wh if register else None,
        register.last_at if register else None,
        charge.energy_micro,
        charge.standing_micro,
        charge.tax_micro,
    )


def _current_row(each: Charged) -> tuple[object, ...]:
    state = each.state
    assert state.current is not None
    month, *rest = _month_row(state.current)
    return (state.binding_id, month, state.base_wh, *rest, state.version)
