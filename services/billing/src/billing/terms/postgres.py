"""The ledger's facts in PostgreSQL: of each thing the highest revision."""

from collections.abc import Collection, Sequence
from uuid import UUID

from billing.terms.values import (
    Account,
    Agreement,
    Edit,
    InstallationFact,
    MeterFact,
    PublishedTariff,
)
from prewatt_common.db.database import DriverConnection
from prewatt_metering.calendar.instants import instant_of

_PUT_TARIFF = """
INSERT INTO tariff_version AS t (code, valid_from, correction, document, published_at,
                                 changed_at)
VALUES ($1, $2, $3, $4, $5, now())
ON CONFLICT (code, valid_from, correction) DO UPDATE
SET document = excluded.document, published_at = excluded.published_at,
    changed_at = excluded.changed_at
WHERE (excluded.published_at, excluded.document COLLATE "C")
    < (t.published_at, t.document COLLATE "C")
"""
_PUT_COMPLETED = """
INSERT INTO completed_correction (code, correction, changed_at)
VALUES ($1, $2, now()) ON CONFLICT DO NOTHING
"""
_PUT_AGREEMENT = """
INSERT INTO agreement AS a (id, revision, account_id, tariff_code, first_day, end_day, capacity_va,
                            contracted_w, changed_at)
SELECT *, now() FROM unnest($1::uuid[], $2::integer[], $3::uuid[], $4::text[], $5::date[],
                            $6::date[], $7::bigint[], $8::bigint[])
ON CONFLICT (id) DO UPDATE
SET revision = excluded.revision, account_id = excluded.account_id,
    tariff_code = excluded.tariff_code, first_day = excluded.first_day,
    end_day = excluded.end_day, capacity_va = excluded.capacity_va,
    contracted_w = excluded.contracted_w, changed_at = excluded.changed_at
WHERE excluded.revision > a.revision
"""
_PUT_INSTALLATION = """
INSERT INTO installation AS i (id, revision, meter_id, account_id, begins_at, ends_at, opening_wh,
                               closing_wh, multiplier, device, removed, changed_at)
SELECT *, now() FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::uuid[], $5::timestamptz[],
                            $6::timestamptz[], $7::bigint[], $8::bigint[], $9::bigint[],
                            $10::text[], $11::boolean[])
ON CONFLICT (id) DO UPDATE
SET revision = excluded.revision, meter_id = excluded.meter_id, account_id = excluded.account_id,
    begins_at = excluded.begins_at, ends_at = excluded.ends_at, opening_wh = excluded.opening_wh,
    closing_wh = excluded.closing_wh, multiplier = excluded.multiplier, device = excluded.device,
    removed = excluded.removed, changed_at = excluded.changed_at
WHERE excluded.revision > i.revision
"""
_PUT_METER = """
INSERT INTO meter AS m (id, revision, household, modulus_wh, resolution_wh, max_w, supply_office,
                        station_area, line, changed_at)
SELECT *, now() FROM unnest($1::text[], $2::integer[], $3::boolean[], $4::bigint[], $5::bigint[],
                            $6::bigint[], $7::text[], $8::text[], $9::text[])
ON CONFLICT (id) DO UPDATE
SET revision = excluded.revision, household = excluded.household,
    modulus_wh = excluded.modulus_wh, resolution_wh = excluded.resolution_wh,
    max_w = excluded.max_w, supply_office = excluded.supply_office,
    station_area = excluded.station_area, line = excluded.line, changed_at = excluded.changed_at
WHERE excluded.revision > m.revision
"""
_PUT_EDIT = """
INSERT INTO reading_edit (id, meter_id, read_at, kind, register_wh, decided_by, reason, decided_at,
                          changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now()) ON CONFLICT (id) DO NOTHING
"""


class PostgresTerms:
    """A `TermStore` on an open transaction. Rows are written in order of their ids, which keeps
    concurrent batches from deadlock."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    async def put_accounts(self, accounts: Sequence[Account]) -> None:
        """A repeat changes nothing."""
        if accounts:
            await self._connection.execute(
                "INSERT INTO account SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[]) "
                "ON CONFLICT DO NOTHING",
                [account.id for account in accounts],
                [account.number for account in accounts],
                [account.currency for account in accounts],
            )

    async def put_tariffs(self, versions: Sequence[PublishedTariff]) -> None:
        """Of two for the same day and correction the one published first holds."""
        await self._connection.executemany(
            _PUT_TARIFF,
            sorted(
                (v.code, v.valid_from, v.correction, v.document, v.published_at) for v in versions
            ),
        )

    async def put_completed(self, corrections: Collection[tuple[str, int]]) -> None:
        """A repeat changes nothing."""
        await self._connection.executemany(_PUT_COMPLETED, sorted(corrections))

    async def put_agreements(self, agreements: Sequence[Agreement]) -> None:
        """The highest revision holds."""
        await self._put(
            _PUT_AGREEMENT,
            [
                (
                    each.id, each.revision, each.account_id, each.tariff_code, each.first_day,
                    each.end_day, each.capacity_va, each.contracted_w,
                )
                for each in sorted(agreements, key=lambda each: each.id.int)
            ],
        )  # fmt: skip

    async def accounts_of_installations(self, ids: Collection[UUID]) -> set[UUID]:
        """Whom they serve as it is known until now."""
        if not ids:
            return set()
        rows = await self._connection.fetch(
            "SELECT DISTINCT account_id FROM installation WHERE id = ANY($1::uuid[])", list(ids)
        )
        return {row["account_id"] for row in rows}

    async def put_installations(self, installations: Sequence[InstallationFact]) -> None:
        """The highest revision holds."""
        await self._put(
            _PUT_INSTALLATION,
            [
                (
                    each.id, each.revision, at.meter, at.account_id, instant_of(at.from_us),
                    None if at.to_us is None else instant_of(at.to_us),
                    at.opening_wh, at.closing_wh, at.multiplier, at.device, each.removed,
                )
                for each in sorted(installations, key=lambda each: each.id.int)
                for at in (each.installation,)
            ],
        )  # fmt: skip

    async def put_meters(self, meters: Sequence[MeterFact]) -> None:
        """The highest revision holds."""
        await self._put(
            _PUT_METER,
            [
                (
                    facts.meter, each.revision, facts.household, facts.modulus_wh,
                    facts.resolution_wh, facts.max_w, each.supply_office, each.station_area,
                    each.line,
                )
                for each in sorted(meters, key=lambda each: each.facts.meter)
                for facts in (each.facts,)
            ],
        )  # fmt: skip

    async def _put(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        """One statement for all of them, which an import has many of."""
        if rows:
            await self._connection.execute(statement, *zip(*rows, strict=True))

    async def put_edits(self, edits: Sequence[Edit]) -> None:
        """A repeat changes nothing."""
        await self._connection.executemany(
            _PUT_EDIT,
            [
                (
                    each.id, each.meter, instant_of(each.at_us), str(each.kind),
                    each.register_wh, each.by, each.reason, instant_of(each.decided_us),
                )
                for each in edits
            ],
        )  # fmt: skip
