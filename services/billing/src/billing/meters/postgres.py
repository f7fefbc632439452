"""Meter-months and their terms: the hot path's reads and writes, each one statement a batch."""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from billing.meters.intake import Coverage, Reading
from billing.meters.ports import Rederivation
from billing.meters.postgres_rows import blocks_json, load_tariffs
from billing.meters.terms import Account, MeterBinding, TariffBook
from prewatt_common.db.database import Database, DriverConnection, driver
from prewatt_metering.monthly.registers import MonthRegister
from prewatt_metering.monthly.tariffs import TariffVersion

_TERMS_LOCK = 0xB111

# Merging in the database needs no reading first; the sort keeps concurrent batches from deadlock.
_MERGE = """
INSERT INTO meter_month AS m (binding_id, month, max_wh, last_at, changed_at)
SELECT n.*, now() FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::timestamptz[])
    AS n (binding_id, month, max_wh, last_at) ORDER BY 1, 2
ON CONFLICT (binding_id, month) DO UPDATE
SET max_wh = greatest(m.max_wh, excluded.max_wh),
    last_at = greatest(m.last_at, excluded.last_at),
    changed_at = excluded.changed_at
WHERE excluded.max_wh > m.max_wh OR excluded.last_at > m.last_at
"""

# A binding ends where it says or where the meter's next one begins, whichever is known.
_DROP_OVERRUN = """
WITH known AS (
    SELECT id, meter_id,
           least(effective_to, lead(effective_from) OVER (PARTITION BY meter_id
                                                          ORDER BY effective_from)) AS ends
    FROM binding WHERE meter_id = ANY($1::text[])
), dropped AS (
    DELETE FROM meter_month AS m USING known AS k
    WHERE m.binding_id = k.id AND m.last_at > k.ends
    RETURNING k.meter_id, k.ends
)
SELECT meter_id, min(ends) AS ends FROM dropped GROUP BY meter_id
"""


class PostgresMeters:
    """A `MeterStore` on an open transaction."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    async def hold_terms_shared(self) -> None:
        """Until the transaction ends."""
        await self._connection.execute("SELECT pg_advisory_xact_lock_shared($1)", _TERMS_LOCK)

    async def hold_terms_alone(self) -> None:
        """Until the transaction ends."""
        await self._connection.execute("SELECT pg_advisory_xact_lock($1)", _TERMS_LOCK)

    async def tariffs(self) -> TariffBook:
        """Every tariff version."""
        return await load_tariffs(self._connection)

    async def coverages_of(self, meter_ids: Collection[str]) -> Mapping[str, Sequence[Coverage]]:
        """By meter, the newest first."""
        rows = await self._connection.fetch(
            "SELECT meter_id, id, tariff_code, effective_from, effective_to FROM binding "
            "WHERE meter_id = ANY($1::text[]) ORDER BY effective_from DESC",
            list(meter_ids),
        )
        found: dict[str, list[Coverage]] = {}
        for meter_id, *values in rows:
            coverage = Coverage(*values)
            known = found.get(meter_id)
            if known is None:
                found[meter_id] = [coverage]
            else:
                known.append(coverage)
        return found

    async def merge(self, registers: Sequence[tuple[UUID, MonthRegister]]) -> None:
        """Into the meter-months."""
        if registers:
            await self._connection.execute(
                _MERGE,
                [binding_id for binding_id, _ in registers],
                [str(register.month) for _, register in registers],
                [register.max_wh for _, register in registers],
                [register.last_at for _, register in registers],
            )

    async def keep_waiting(self, readings: Sequence[tuple[str, Reading]]) -> None:
        """Repeats are kept once."""
        if readings:
            await self._connection.execute(
                "INSERT INTO waiting_reading SELECT * FROM "
                "unnest($1::text[], $2::timestamptz[], $3::bigint[]) ON CONFLICT DO NOTHING",
                [meter_id for meter_id, _ in readings],
                [reading.at for _, reading in readings],
                [reading.import_wh for _, reading in readings],
            )

    async def take_waiting(self, meter_ids: Collection[str]) -> Mapping[str, Sequence[Reading]]:
        """Remove and give the waiting readings of the meters."""
        rows = await self._connection.fetch(
            "DELETE FROM waiting_reading WHERE meter_id = ANY($1::text[]) "
            "RETURNING meter_id, read_at, import_wh",
            list(meter_ids),
        )
        found: dict[str, list[Reading]] = {}
        for meter_id, read_at, import_wh in rows:
            found.setdefault(meter_id, []).append(Reading(read_at, import_wh))
        return found

    async def waiting_for_tariffs(self, codes: Collection[str]) -> set[str]:
        """Meters bound at one of the tariffs that have readings waiting."""
        if not codes:
            return set()
        rows = await self._connection.fetch(
            "SELECT DISTINCT meter_id FROM binding JOIN waiting_reading USING (meter_id) "
            "WHERE tariff_code = ANY($1::text[])",
            list(codes),
        )
        return {row["meter_id"] for row in rows}

    async def add_tariffs(self, versions: Sequence[TariffVersion]) -> None:
        """A version is published once and for all: a repeat changes nothing."""
        await self._connection.executemany(
            "INSERT INTO tariff_version VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7) "
            "ON CONFLICT DO NOTHING",
            [
                (
                    v.code, str(v.effective_from), v.currency, v.timezone, blocks_json(v),
                    v.tariff.standing_micro_per_day, v.tariff.tax_bp,
                )
                for v in versions
            ],
        )  # fmt: skip

    async def add_accounts(self, accounts: Sequence[Account]) -> None:
        """A repeat changes nothing."""
        if accounts:
            await self._connection.execute(
                "INSERT INTO account SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[]) "
                "ON CONFLICT DO NOTHING",
                [account.id for account in accounts],
                [account.number for account in accounts],
                [account.currency for account in accounts],
            )

    async def put_bindings(self, bindings: Sequence[MeterBinding]) -> None:
        """Add them, or bring their ends forward. A binding may come twice in one batch."""
        await self._connection.executemany(
            "INSERT INTO binding AS b VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) "
            "DO UPDATE SET effective_to = least(b.effective_to, excluded.effective_to) "
            "WHERE b.effective_to IS DISTINCT FROM least(b.effective_to, excluded.effective_to)",
            [
                (
                    bound.id, bound.account_id, bound.meter_id, bound.tariff_code,
                    bound.binding.effective_from, bound.binding.effective_to,
                    bound.binding.opening_wh,
                )
                for bound in bindings
            ],
        )  # fmt: skip

    async def drop_overrun(self, meter_ids: Collection[str]) -> Sequence[tuple[str, datetime]]:
        """Drop months that hold readings from beyond their binding's end."""
        rows = await self._connection.fetch(_DROP_OVERRUN, list(meter_ids))
        return [(row["meter_id"], row["ends"]) for row in rows]

    async def ask_rederivation(self, meters: Sequence[tuple[str, datetime]]) -> None:
        """A new request for a meter takes the place of the one before, from the earlier instant."""
        await self._connection.executemany(
            "INSERT INTO rederivation AS r (meter_id, since) VALUES ($1, $2) "
            "ON CONFLICT (meter_id) DO UPDATE SET since = least(r.since, excluded.since), "
            "ticket = DEFAULT",
            meters,
        )

    async def rederivations(self) -> Sequence[Rederivation]:
        """What is asked for, oldest first, a portion of it."""
        rows = await self._connection.fetch(
            "SELECT meter_id, since, ticket FROM rederivation ORDER BY ticket LIMIT 1000"
        )
        return [Rederivation(*row) for row in rows]

    async def settle_rederivations(self, done: Sequence[Rederivation]) -> None:
        """Unless it was asked for again meanwhile."""
        await self._connection.execute(
            "DELETE FROM rederivation AS r USING unnest($1::bigint[]) AS d (ticket) "
            "WHERE r.ticket = d.ticket",
            [each.ticket for each in done],
        )


@asynccontextmanager
async def open_meters(database: Database) -> AsyncGenerator[PostgresMeters]:
    """A transaction of its own, for what does not come through a consumer."""
    async with database.transaction() as connection:
        yield PostgresMeters(await driver(connection))
