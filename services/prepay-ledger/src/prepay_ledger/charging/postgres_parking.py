"""Parked meters, and their readings that wait."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.charging.values import ParkedMeter, ReleaseStep
from prewatt_common.contracts.meter_readings_v1 import Reading as ReadingEvent
from prewatt_common.db.database import Database, driver
from prewatt_metering.calendar.instants import us_of
from prewatt_metering.registers.readings import Reading

_PARKING_LOCK = 0x4E4D05
_TAKING_UP_LOCK = 0x4E4D0B
_SERVES = """
SELECT account_id FROM installation
WHERE meter_id = $1 AND begins_at <= $2 AND (ends_at IS NULL OR ends_at > $2)
"""
_PAGE = """
SELECT meter_id, since, error, record, waits_for_exports, readings, first_read_at, last_read_at
FROM parked_meter
CROSS JOIN LATERAL (
  SELECT count(*) AS readings, min(read_at) AS first_read_at, max(read_at) AS last_read_at
  FROM parked_reading WHERE parked_reading.meter_id = parked_meter.meter_id) AS waiting
WHERE meter_id > $1 ORDER BY meter_id LIMIT $2
"""

_IN_TROUBLE = """
SELECT meter_id FROM parked_meter WHERE NOT waits_for_exports OR since <= $1
ORDER BY waits_for_exports, meter_id LIMIT $2
"""

_STEPS = """
SELECT id, meter_id, since, error, record, who, reason, outcome, detail, readings, at, day
FROM parked_meter_step
WHERE ($1::text IS NULL OR meter_id = $1) AND ($2::bigint IS NULL OR id < $2)
ORDER BY id DESC LIMIT $3
"""


class PostgresParking:
    """A `ParkingStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def parked(self) -> Collection[str]:
        """All of them: so few rows cost less than to ask by the batch's meters."""
        rows = await (await driver(self._connection)).fetch("SELECT meter_id FROM parked_meter")
        return {row["meter_id"] for row in rows}

    async def park(self, meter: ParkedMeter, *, at_most: int) -> bool:
        """One after the other, or two replicas would each find the last place free."""
        connection = await driver(self._connection)
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _PARKING_LOCK)
        others: int = await connection.fetchval(
            "SELECT count(*) FROM parked_meter WHERE meter_id <> $1 AND NOT waits_for_exports",
            meter.meter_id,
        )
        if others >= at_most:
            return False
        await connection.execute(
            "INSERT INTO parked_meter (meter_id, since, error, record) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT DO NOTHING",
            meter.meter_id, meter.since, meter.error, meter.record,
        )  # fmt: skip
        return True

    async def wait_for_exports(self, meters: Sequence[ParkedMeter]) -> None:
        """Without the lock: they count for no limit."""
        await (await driver(self._connection)).executemany(
            "INSERT INTO parked_meter (meter_id, since, error, record, waits_for_exports) "
            "VALUES ($1, $2, $3, $4, true) ON CONFLICT DO NOTHING",
            [(each.meter_id, each.since, each.error, each.record) for each in meters],
        )

    async def waiting_for_exports(self, *, after: str, limit: int) -> Sequence[str]:
        """In the order of their ids."""
        rows = await (await driver(self._connection)).fetch(
            "SELECT meter_id FROM parked_meter WHERE waits_for_exports AND meter_id > $1 "
            "ORDER BY meter_id LIMIT $2",
            after, limit,
        )  # fmt: skip
        return [row["meter_id"] for row in rows]

    async def may_take_up(self, meter_id: str) -> bool:
        """By a lock of its own: a batch may want the row."""
        return await (await driver(self._connection)).fetchval(
            "SELECT pg_try_advisory_xact_lock($1, hashtext($2)) AND EXISTS "
            "(SELECT FROM parked_meter WHERE meter_id = $2 AND waits_for_exports)",
            _TAKING_UP_LOCK, meter_id,
        )  # fmt: skip

    async def wait_for_person(self, meter_id: str, *, error: str, at_most: int) -> bool:
        """The caller has its row locked, and keeps batches from parking any."""
        status = await (await driver(self._connection)).execute(
            "UPDATE parked_meter SET waits_for_exports = false, error = $2 WHERE meter_id = $1 "
            "AND (SELECT count(*) FROM parked_meter WHERE NOT waits_for_exports) < $3",
            meter_id, error, at_most,
        )  # fmt: skip
        return status == "UPDATE 1"

    async def set_aside(self, readings: Sequence[ReadingEvent]) -> None:
        """Keep readings of parked meters; repeats are kept once."""
        if readings:
            await (await driver(self._connection)).execute(
                "INSERT INTO parked_reading (meter_id, read_at, import_wh, received_at) "
                "SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::bigint[], "
                "$4::timestamptz[]) ON CONFLICT DO NOTHING",
                [each.meter_id for each in readings],
                [each.read_at for each in readings],
                [each.import_wh for each in readings],
                [each.received_at for each in readings],
            )

    async def serves(self, meter_id: str, *, now: datetime) -> Sequence[UUID]:
        """The account that the meter serves now, if any."""
        rows = await (await driver(self._connection)).fetch(_SERVES, meter_id, now)
        return [row["account_id"] for row in rows]

    async def lock(self, meter_id: str) -> ParkedMeter | None:
        """The parked meter, its row locked until the transaction ends."""
        row = await (await driver(self._connection)).fetchrow(
            "SELECT meter_id, since, error, record, waits_for_exports FROM parked_meter "
            "WHERE meter_id = $1 FOR UPDATE",
            meter_id,
        )
        return ParkedMeter(**row) if row else None

    async def take(self, meter_id: str) -> Sequence[Reading]:
        """Remove the parked meter, and remove and give its readings."""
        connection = await driver(self._connection)
        rows = await connection.fetch(
            "DELETE FROM parked_reading WHERE meter_id = $1 RETURNING read_at, import_wh", meter_id
        )
        await connection.execute("DELETE FROM parked_meter WHERE meter_id = $1", meter_id)
        return [Reading(us_of(row["read_at"]), row["import_wh"]) for row in rows]

    async def add_step(self, step: ReleaseStep) -> None:
        """A row of its own, which stands whatever becomes of the meter."""
        meter = step.meter
        await (await driver(self._connection)).execute(
            "INSERT INTO parked_meter_step (meter_id, since, error, record, who, reason, outcome, "
            "detail, readings, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            meter.meter_id, meter.since, meter.error, meter.record, step.who, step.reason,
            step.outcome, step.detail, step.readings, step.at,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ParkedView:
    """A parked meter as people see it, with how many readings wait and from when to when."""

    meter_id: str
    since: datetime
    error: str
    record: str
    waits_for_exports: bool
    readings: int
    first_read_at: datetime
    last_read_at: datetime


@dataclass(frozen=True, slots=True)
class StepView:
    """A `ReleaseStep` as it is kept, with the posting day that it is sealed with."""

    id: int
    meter_id: str
    since: datetime
    error: str
    record: str
    who: str
    reason: str
    outcome: str
    detail: str
    readings: int
    at: datetime
    day: date


class ParkedQueries:
    """Read-only, each its own transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, *, after: str, limit: int) -> Sequence[ParkedView]:
        """Of the meters after one, in the order of their ids."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(_PAGE, after, limit)
        return [ParkedView(**row) for row in rows]

    async def in_trouble(self, *, waiting_since: datetime, limit: int) -> Sequence[str]:
        """Meters that a person has to look at: those whose readings raised, and those that wait for
        exports since then or longer."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(_IN_TROUBLE, waiting_since, limit)
        return [row["meter_id"] for row in rows]

    async def steps(
        self, *, meter_id: str | None, before: int | None, limit: int
    ) -> Sequence[StepView]:
        """Of one meter or of all, the newest first, older than the one of id ``before``."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(_STEPS, meter_id, before, limit)
        return [StepView(**row) for row in rows]
