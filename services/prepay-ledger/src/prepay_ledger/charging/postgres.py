"""Where meters stand: the hot path's reads and writes, each one statement a batch."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.charging.derive_meter import DERIVED_CHECKS
from prepay_ledger.charging.meters import (
    MeterChange,
    MeterHistory,
    MeterRow,
    packed_base_us,
)
from prepay_ledger.charging.postgres_entering import PostgresEntering
from prepay_ledger.charging.postgres_histories import histories_of, whole_histories_of
from prepay_ledger.charging.postgres_meters import meter_rows_of
from prepay_ledger.charging.postgres_ordinary import PostgresOrdinary
from prepay_ledger.charging.postgres_periods import PostgresPeriods
from prepay_ledger.charging.postgres_rows import (
    LOOK_DUE,
    array_text,
    check_rows,
    keep_findings,
    keep_uncovered,
    keep_use,
)
from prepay_ledger.charging.postgres_turning import PostgresTurning, turn_days
from prepay_ledger.relays.postgres import HOLD_METERS
from prepay_ledger.retention.postgres_left import LeftRows
from prewatt_common.db.database import driver
from prewatt_metering.registers.packing import pack

_BATCHES_LOCK = 0x4E4D01
_ACCOUNTS_LOCK = 0x4E4D02

_FOLLOW = """
UPDATE meter_state AS s
SET version = s.version + 1, day = $2, open_day = n.open_day, since_us = n.since_us,
    last_at_us = n.last_at_us, last_wh = n.last_wh, piece_wh = n.piece_wh::bigint[],
    today = CASE WHEN s.day = $2 THEN n.new || s.today ELSE n.new END
FROM unnest($1::text[], $3::bigint[], $4::date[], $5::bigint[], $6::bigint[], $7::bigint[],
            $8::text[], $9::bytea[])
     AS n (meter_id, version, open_day, since_us, last_at_us, last_wh, piece_wh, new)
WHERE s.meter_id = n.meter_id AND s.version = n.version
"""

_DERIVED = """
UPDATE meter_state AS s
SET version = s.version + 1, day = $2, installation_id = n.installation_id,
    agreement_id = n.agreement_id, open_day = n.open_day, since_us = n.since_us,
    quiet_from_us = n.quiet_from_us, served_until_us = n.served_until_us,
    limit_w = n.limit_w, resolution_wh = n.resolution_wh, multiplier = n.multiplier,
    modulus_wh = n.modulus_wh, last_at_us = n.last_at_us, last_wh = n.last_wh,
    piece_wh = n.piece_wh::bigint[], is_estimated = false,
    today = CASE WHEN s.day = $2 THEN n.new || s.today ELSE n.new END
FROM unnest($1::text[], $3::bigint[], $4::bytea[], $5::uuid[], $6::uuid[], $7::date[],
            $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[],
            $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[], $17::text[])
     AS n (meter_id, version, new, installation_id, agreement_id, open_day, since_us,
           quiet_from_us, served_until_us, limit_w, resolution_wh, multiplier, modulus_wh,
           last_at_us, last_wh, piece_wh)
WHERE s.meter_id = n.meter_id AND s.version = n.version
"""


class PostgresCharging(PostgresPeriods, PostgresOrdinary, PostgresEntering, PostgresTurning):
    """A `ChargingStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection)
        self._connection = connection
        self._left_rows = LeftRows()

    async def begin_batch(self) -> None:
        """Shared: batches do not wait for each other."""
        connection = await driver(self._connection)
        await connection.execute("SELECT pg_advisory_xact_lock_shared($1)", _BATCHES_LOCK)

    async def wait_for_batches(self) -> None:
        """Not to be called with a row locked that a batch may want: each would wait for the
        other."""
        connection = await driver(self._connection)
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _BATCHES_LOCK)

    async def posting_day(self) -> date:
        """Held open by a shared lock."""
        return await (await driver(self._connection)).fetchval("SELECT open_day()")

    async def hold_accounts(self, account_ids: Collection[UUID]) -> None:
        """By a lock beside the rows: money may move on them meanwhile."""
        await (await driver(self._connection)).execute(
            "SELECT pg_advisory_xact_lock($1, hashtext(id)) "
            "FROM unnest($2::text[]) AS a (id) ORDER BY id",
            _ACCOUNTS_LOCK,
            sorted(map(str, account_ids)),
        )

    async def hold(self, meter_ids: Collection[str]) -> Collection[str]:
        """In the order of their ids, so that two do not deadlock. Whoever wants one that is made
        here, a batch that has found no row too, waits for it as for one that is locked."""
        connection = await driver(self._connection)
        ordered = sorted(set(meter_ids))
        rows = await connection.fetch(
            "INSERT INTO meter_state (meter_id) SELECT id FROM unnest($1::text[]) AS n (id) "
            'ORDER BY id COLLATE "C" ON CONFLICT DO NOTHING RETURNING meter_id',
            ordered,
        )
        made = {row["meter_id"] for row in rows}
        if there := [each for each in ordered if each not in made]:
            await connection.execute(HOLD_METERS, there)
        return made

    async def outdate(self, meter_ids: Collection[str]) -> None:
        """Their versions rise, by which a batch under way is refused."""
        if not meter_ids:
            return
        connection = await driver(self._connection)
        await connection.execute(
            "UPDATE meter_state SET version = version + 1 WHERE meter_id = ANY($1::text[])",
            list(meter_ids),
        )

    async def meters(self, meter_ids: Sequence[str]) -> Mapping[str, MeterRow]:
        """Those that have a row."""
        return await meter_rows_of(await driver(self._connection), meter_ids)

    async def histories(self, rows: Sequence[MeterRow]) -> Mapping[str, MeterHistory]:
        """Several queries for all of them."""
        return await histories_of(await driver(self._connection), [each.meter_id for each in rows])

    async def whole(self, histories: Sequence[MeterHistory]) -> Mapping[str, MeterHistory]:
        """From files, for those that need it."""
        return await whole_histories_of(await driver(self._connection), histories, self._left_rows)

    async def read_left(self, meter_id: str) -> None:
        """Kept until the transaction ends."""
        connection = await driver(self._connection)
        since = await connection.fetchval(
            "SELECT since FROM left_meter WHERE meter_id = $1", meter_id
        )
        if since is not None:
            await self._left_rows.of(connection, {meter_id: since})

    async def save_meters(self, changes: Sequence[MeterChange], *, day: date) -> None:
        """In the order of their ids, so that two batches do not deadlock."""
        if not changes:
            return
        ordered = sorted(changes, key=lambda each: each.row.meter_id)
        connection = await driver(self._connection)
        turned = [c.row.meter_id for c in ordered if c.row.day is not None and c.row.day < day]
        if turned:
            await turn_days(connection, turned, day)
        absent = [each.row.meter_id for each in ordered if each.row.version == 0]
        if absent:
            await self._add(absent)
        followed = [each for each in ordered if each.findings is None]
        derived = [each for each in ordered if each.findings is not None]
        if followed:
            columns = list(zip(*(_followed(each, day) for each in followed), strict=True))
            await self._update(_FOLLOW, columns[0], day, *columns[1:])
        if derived:
            columns = list(zip(*(_derived(each, day) for each in derived), strict=True))
            await self._update(_DERIVED, columns[0], day, *columns[1:])
            await keep_findings(
                connection,
                {each.row.meter_id: each.findings or () for each in derived},
                checks=DERIVED_CHECKS,
                since_us={c.row.meter_id: c.since_us for c in derived if c.since_us is not None},
            )
            await connection.execute(LOOK_DUE, columns[0])
            await keep_uncovered(connection, derived)
        await keep_use(connection, ordered)

    async def _add(self, meter_ids: Sequence[str]) -> None:
        status = await (await driver(self._connection)).execute(
            "INSERT INTO meter_state (meter_id) SELECT * FROM unnest($1::text[]) "
            "ON CONFLICT DO NOTHING",
            meter_ids,
        )
        check_rows(status, f"INSERT 0 {len(meter_ids)}")

    async def _update(
        self, statement: str, meter_ids: Sequence[str], day: date, *columns: Sequence[object]
    ) -> None:
        status = await (await driver(self._connection)).execute(statement, meter_ids, day, *columns)
        check_rows(status, f"UPDATE {len(meter_ids)}")


def _version(change: MeterChange) -> int:
    """A row that was added a moment ago has version 1."""
    return change.row.version or 1


def _new(change: MeterChange, day: date) -> bytes:
    return pack(reversed(change.new_readings), base_us=packed_base_us(day))


def _followed(change: MeterChange, day: date) -> tuple[object, ...]:
    opened = change.open
    assert opened is not None, "the fast path goes on from an open day to one"
    return (
        change.row.meter_id,
        change.row.version,
        opened.day.slots.day,
        opened.day.since_us,
        opened.day.last_at_us,
        opened.day.last_wh,
        array_text(opened.day.piece_wh),
        _new(change, day),
    )


def _derived(change: MeterChange, day: date) -> tuple[object, ...]:
    head = (change.row.meter_id, _version(change), _new(change, day))
    opened = change.open
    if opened is None:
        return (*head, *(None,) * 13)
    rule, state = opened.rule, opened.day
    return (
        *head,
        opened.installation_id,
        opened.agreement_id,
        state.slots.day,
        state.since_us,
        state.quiet_from_us,
        state.served_until_us,
        rule.limit_w,
        rule.resolution_wh,
        rule.multiplier,
        rule.modulus_wh,
        state.last_at_us,
        state.last_wh,
        array_text(opened.day.piece_wh),
    )
