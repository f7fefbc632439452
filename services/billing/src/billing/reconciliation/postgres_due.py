"""Agreements that are due, what is known of them, and what came of comparing them."""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec

from billing.postings.values import Estimated, Posted
from billing.reconciliation.compare import Comparison, Known
from billing.reconciliation.ports import Held, Metered
from billing.reconciliation.postgres_rows import (
    AGREEMENT_COLUMNS,
    COMPARISON_COLUMNS,
    Meters,
    agreement_of,
    load_meters,
    load_readings,
    load_tariffs,
    posted_of,
    values_of,
)
from billing.terms.values import Agreement
from prewatt_common.db.database import Database, DriverConnection, driver

_meters_of = msgspec.json.Decoder(dict[str, datetime]).decode
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

# Whoever compares holds it shared from before it takes what is due until that is gone: what stands
# as due while nobody does is looked at after this, and need not be written anew.
_COMPARING_LOCK = 0x0D0E
_ALONE = f"SELECT pg_advisory_xact_lock({_COMPARING_LOCK})"
_BESIDE_OTHERS = f"SELECT pg_advisory_xact_lock_shared({_COMPARING_LOCK})"
# PostgreSQL takes each array for ten things, and would look up fifty thousand meters one by one.
_ARE_MANY = """
SELECT sum(things) > 0.02 * (SELECT reltuples FROM pg_class WHERE oid = 'installation'::regclass)
FROM (SELECT things FROM moved ORDER BY id LIMIT $1) AS next
"""
_BY_READING_TABLES_ONCE = "SET LOCAL enable_nestloop = off"
# One statement, so one snapshot: who sees a mark sees what was committed with it. An agreement that
# the ledger has charged need not be known here.
_SPREAD = """
WITH taken AS (
    DELETE FROM moved WHERE id IN (
        SELECT id FROM moved ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
    ) RETURNING meters, accounts, agreements, tariffs
), spread AS (
    INSERT INTO due AS d (agreement_id, due_at)
    SELECT id, $2 FROM (
        SELECT unnest(agreements) AS id FROM taken
        UNION
        SELECT id FROM agreement WHERE account_id IN (SELECT unnest(accounts) FROM taken)
        UNION
        SELECT a.id FROM installation AS i JOIN agreement AS a USING (account_id)
        WHERE i.meter_id IN (SELECT unnest(meters) FROM taken)
        UNION
        SELECT id FROM agreement WHERE tariff_code IN (SELECT unnest(tariffs) FROM taken)
    ) AS touched
    WHERE NOT EXISTS (SELECT FROM due AS o WHERE o.agreement_id = touched.id AND o.due_at <= $2)
    ORDER BY id
    ON CONFLICT (agreement_id) DO UPDATE SET due_at = excluded.due_at
    WHERE d.due_at > excluded.due_at
)
SELECT count(*) FROM taken
"""
_PUT = f"""
INSERT INTO comparison AS c ({COMPARISON_COLUMNS}, month, compared_at)
SELECT n.*, to_char(n.period_first, 'YYYY-MM'), $18
FROM unnest($1::uuid[], $2::date[], $3::date[], $4::uuid[], $5::text[], $6::text[], $7::text[],
            $8::bigint[], $9::bigint[], $10::bigint[], $11::timestamptz[],
            $12::bigint[], $13::bigint[], $14::bigint[], $15::timestamptz[],
            $16::timestamptz[], $17::timestamptz[])
    AS n ({COMPARISON_COLUMNS})
ON CONFLICT (agreement_id, period_first) DO UPDATE
SET ({COMPARISON_COLUMNS}, compared_at) = (
    excluded.agreement_id, excluded.period_first, excluded.period_end, excluded.account_id,
    excluded.kind, excluded.detail, excluded.currency, excluded.our_total_micro,
    excluded.our_energy_wh, excluded.our_standing_days, excluded.our_last_read_at,
    excluded.their_total_micro, excluded.their_energy_wh, excluded.their_standing_days,
    excluded.their_last_read_at, excluded.moved_at, excluded.unequal_since, excluded.compared_at)
WHERE (c.period_end, c.account_id, c.kind, c.detail, c.currency, c.our_total_micro,
       c.our_energy_wh, c.our_standing_days, c.their_total_micro, c.their_energy_wh,
       c.their_standing_days, c.their_last_read_at, c.unequal_since)
    IS DISTINCT FROM
      (excluded.period_end, excluded.account_id, excluded.kind, excluded.detail,
       excluded.currency, excluded.our_total_micro, excluded.our_energy_wh,
       excluded.our_standing_days, excluded.their_total_micro, excluded.their_energy_wh,
       excluded.their_standing_days, excluded.their_last_read_at, excluded.unequal_since)
"""  # noqa: S608 - a constant
_FORGET = """
DELETE FROM comparison AS c
WHERE c.agreement_id = ANY($1::uuid[])
  AND NOT EXISTS (SELECT FROM unnest($2::uuid[], $3::date[]) AS n (agreement_id, period_first)
                  WHERE n.agreement_id = c.agreement_id AND n.period_first = c.period_first)
"""


class PostgresDue:
    """`DueWork` on an open transaction."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    async def spread(self, *, now: datetime, limit: int) -> int:
        """Takes away marks and makes the agreements that they touch due; gives how many marks."""
        await self._connection.execute(_ALONE)
        if await self._connection.fetchval(_ARE_MANY, limit):
            await self._connection.execute(_BY_READING_TABLES_ONCE)
        return await self._connection.fetchval(_SPREAD, limit, now)

    async def take_due(self, *, now: datetime, limit: int) -> Sequence[UUID]:
        """Held until the transaction ends; what another replica holds is passed over."""
        await self._connection.execute(_BESIDE_OTHERS)
        rows = await self._connection.fetch(
            "SELECT agreement_id FROM due WHERE due_at <= $1 ORDER BY due_at LIMIT $2 "
            "FOR UPDATE SKIP LOCKED",
            now,
            limit,
        )
        return [row["agreement_id"] for row in rows]

    async def load(self, agreement_ids: Sequence[UUID]) -> Sequence[Metered]:
        """What is known of the agreements but their readings."""
        agreements = await self._agreements(agreement_ids)
        tariffs = await load_tariffs(
            self._connection, {each.tariff_code for each, _ in agreements.values()}
        )
        meters = await self._meters({each.account_id for each, _ in agreements.values()})
        posted = await self._posted(agreement_ids)
        estimated = await self._estimated(agreement_ids)
        before = await self._unequal_since(agreement_ids)
        result: list[Metered] = []
        for agreement_id in agreement_ids:
            agreement, moved_at = agreements.get(agreement_id, (None, _LONG_AGO))
            of_account = meters.of_account(agreement.account_id) if agreement else ()
            code = agreement.tariff_code if agreement else ""
            moved = [
                moved_at,
                tariffs.moved_at.get(code, moved_at),
                *(meters.moved_at[each.facts.meter] for each in of_account),
            ]
            known = Known(
                agreement_id=agreement_id,
                agreement=agreement,
                tariff=tariffs.found.get(code),
                tariff_before=tariffs.before.get(code),
                tariff_fault=tariffs.faults.get(code),
                posted=posted.get(agreement_id, {}),
                unequal_since=before.get(agreement_id, {}),
                moved_at=max(moved),
                estimated=estimated.get(agreement_id, {}),
            )
            result.append(Metered(known=known, meters=of_account))
        return result

    async def readings_of(self, meter_ids: Collection[str]) -> Mapping[str, Held]:
        """All there are."""
        return await load_readings(self._connection, list(meter_ids))

    async def put(
        self,
        *,
        compared: Mapping[UUID, Sequence[Comparison]],
        looks: Mapping[UUID, datetime | None],
        now: datetime,
    ) -> None:
        """What stands as it stood is not written again."""
        found = [each for some in compared.values() for each in some]
        if found:
            columns = map(list, zip(*map(values_of, found), strict=True))
            await self._connection.execute(_PUT, *columns, now)
        await self._connection.execute(
            _FORGET,
            list(compared),
            [each.agreement_id for each in found],
            [each.period.first for each in found],
        )
        await self._look_again(looks)

    async def _look_again(self, looks: Mapping[UUID, datetime | None]) -> None:
        again = {each: at for each, at in looks.items() if at is not None}
        await self._connection.execute(
            "UPDATE due AS d SET due_at = n.at FROM unnest($1::uuid[], $2::timestamptz[]) "
            "AS n (agreement_id, at) WHERE d.agreement_id = n.agreement_id",
            list(again),
            list(again.values()),
        )
        await self._connection.execute(
            "DELETE FROM due WHERE agreement_id = ANY($1::uuid[])",
            [each for each, at in looks.items() if at is None],
        )

    async def _agreements(self, ids: Sequence[UUID]) -> dict[UUID, tuple[Agreement, datetime]]:
        rows = await self._fetch(
            f"SELECT {AGREEMENT_COLUMNS}, a.changed_at FROM agreement AS a "  # noqa: S608
            "WHERE a.id = ANY($1::uuid[])",
            ids,
        )
        return {row["id"]: (agreement_of(row), row["changed_at"]) for row in rows}

    async def _meters(self, account_ids: Collection[UUID]) -> Meters:
        rows = await self._fetch(
            "SELECT DISTINCT meter_id FROM installation "
            "WHERE account_id = ANY($1::uuid[]) AND NOT removed",
            list(account_ids),
        )
        return await load_meters(self._connection, [row["meter_id"] for row in rows])

    async def _posted(self, ids: Sequence[UUID]) -> dict[UUID, dict[date, Posted]]:
        found: dict[UUID, dict[date, Posted]] = {}
        rows = await self._fetch(
            "SELECT * FROM posted_period WHERE agreement_id = ANY($1::uuid[])", ids
        )
        for row in rows:
            found.setdefault(row["agreement_id"], {})[row["period_first"]] = posted_of(row)
        return found

    async def _estimated(self, ids: Sequence[UUID]) -> dict[UUID, dict[date, Estimated]]:
        """Those that stand."""
        found: dict[UUID, dict[date, Estimated]] = {}
        rows = await self._fetch(
            "SELECT * FROM posted_estimate WHERE agreement_id = ANY($1::uuid[]) AND meters <> '{}'",
            ids,
        )
        for row in rows:
            found.setdefault(row["agreement_id"], {})[row["period_first"]] = Estimated(
                account_id=row["account_id"],
                period_end=row["period_end"],
                energy_wh=row["energy_wh"],
                total_micro=row["total_micro"],
                meters=_meters_of(row["meters"]),
                changed_at=row["changed_at"],
            )
        return found

    async def _unequal_since(self, ids: Sequence[UUID]) -> dict[UUID, dict[date, datetime | None]]:
        found: dict[UUID, dict[date, datetime | None]] = {}
        rows = await self._fetch(
            "SELECT agreement_id, period_first, unequal_since FROM comparison "
            "WHERE agreement_id = ANY($1::uuid[])",
            ids,
        )
        for agreement_id, first, since in rows:
            found.setdefault(agreement_id, {})[first] = since
        return found

    async def _fetch(self, query: str, *arguments: Any) -> Sequence[Any]:
        return await self._connection.fetch(query, *arguments)


@asynccontextmanager
async def open_due(database: Database) -> AsyncGenerator[PostgresDue]:
    """A transaction of its own."""
    async with database.transaction() as connection:
        yield PostgresDue(await driver(connection))
