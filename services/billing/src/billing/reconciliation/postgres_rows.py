"""Rows as domain values."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import asyncpg

from billing.postings.values import Posted
from billing.reconciliation.compare import Comparison, Kind, Side
from billing.reconciliation.ports import Held, Stored
from billing.rerating.register import MeterTerms
from billing.rerating.tariffs import Tariff, tariff_of
from billing.terms.values import Agreement, Edit, Installation, MeterFacts
from prewatt_common.contracts.ledger_facts_v1 import EditKind
from prewatt_metering.calendar.instants import us_of
from prewatt_metering.tariffs.document import InvalidTariff
from prewatt_metering.tariffs.periods import Period

AGREEMENT_COLUMNS = (
    "a.id, a.revision, a.account_id, a.tariff_code, a.first_day, a.end_day, a.capacity_va, "
    "a.contracted_w"
)
COMPARISON_COLUMNS = (
    "agreement_id, period_first, period_end, account_id, kind, detail, currency, our_total_micro, "
    "our_energy_wh, our_standing_days, our_last_read_at, their_total_micro, their_energy_wh, "
    "their_standing_days, their_last_read_at, moved_at, unequal_since"
)

FAULT_CHARS_MAX = 500
"""Of why a tariff cannot be rated by: it stands at each of its agreements."""


def agreement_of(row: asyncpg.Record) -> Agreement:
    """From `AGREEMENT_COLUMNS`."""
    return Agreement(
        id=row["id"],
        revision=row["revision"],
        account_id=row["account_id"],
        tariff_code=row["tariff_code"],
        first_day=row["first_day"],
        end_day=row["end_day"],
        capacity_va=row["capacity_va"],
        contracted_w=row["contracted_w"],
    )


def posted_of(row: asyncpg.Record) -> Posted:
    """From a row of ``posted_period``."""
    return Posted(
        account_id=row["account_id"],
        period_end=row["period_end"],
        standing_days=row["standing_days"],
        energy_wh=row["energy_wh"],
        total_micro=row["total_micro"],
        last_read_at=row["last_read_at"],
        changed_at=row["changed_at"],
    )


def values_of(found: Comparison) -> tuple[object, ...]:
    """In the order of `COMPARISON_COLUMNS`."""
    return (
        found.agreement_id,
        found.period.first,
        found.period.end,
        found.account_id,
        str(found.kind),
        found.detail,
        found.currency,
        *_side_values(found.ours),
        *_side_values(found.theirs),
        found.moved_at,
        found.unequal_since,
    )


def stored_of(row: asyncpg.Record) -> Stored:
    """From `COMPARISON_COLUMNS`, ``number`` and ``compared_at``."""
    return Stored(
        comparison=comparison_of(row),
        account_number=row["number"],
        compared_at=row["compared_at"],
    )


def comparison_of(row: asyncpg.Record) -> Comparison:
    """From `COMPARISON_COLUMNS`."""
    return Comparison(
        agreement_id=row["agreement_id"],
        account_id=row["account_id"],
        period=Period(row["period_first"], row["period_end"]),
        kind=Kind(row["kind"]),
        detail=row["detail"],
        currency=row["currency"],
        ours=_side("our", row),
        theirs=_side("their", row),
        moved_at=row["moved_at"],
        unequal_since=row["unequal_since"],
    )


def _side_values(side: Side | None) -> tuple[object, ...]:
    if side is None:
        return (None, None, None, None)
    return (side.total_micro, side.energy_wh, side.standing_days, side.last_read_at)


def _side(whose: str, row: asyncpg.Record) -> Side | None:
    if row[f"{whose}_total_micro"] is None:
        return None
    return Side(
        total_micro=row[f"{whose}_total_micro"],
        energy_wh=row[f"{whose}_energy_wh"],
        standing_days=row[f"{whose}_standing_days"],
        last_read_at=row[f"{whose}_last_read_at"],
    )


class Tariffs:
    """The tariffs of some codes, those whose versions do not fit together with the reason.

    ``before``: while the ledger has not told that every agreement is charged by a correction, the
    tariff without it too.
    """

    def __init__(self, rows: Iterable[asyncpg.Record], completed: Iterable[asyncpg.Record]) -> None:
        """``rows``: code, valid_from, correction, document and changed_at, in that order;
        ``completed``: code, correction and changed_at."""
        newest: dict[str, dict[date, str]] = {}
        before: dict[str, dict[date, str]] = {}
        done: dict[str, int] = {}
        self.moved_at: dict[str, datetime] = {}
        for row in completed:
            done[row["code"]] = max(row["correction"], done.get(row["code"], 0))
            _later(self.moved_at, row["code"], row["changed_at"])
        for row in rows:
            code = row["code"]
            newest.setdefault(code, {})[row["valid_from"]] = row["document"]
            if row["correction"] <= done.get(code, 0):
                before.setdefault(code, {})[row["valid_from"]] = row["document"]
            _later(self.moved_at, code, row["changed_at"])
        self.found: dict[str, Tariff] = {}
        self.before: dict[str, Tariff] = {}
        self.faults: dict[str, str] = {}
        for code, documents in newest.items():
            try:
                self.found[code] = tariff_of(list(documents.values()))
                if before.get(code, documents) != documents:
                    self.before[code] = tariff_of(list(before[code].values()))
            except InvalidTariff as error:
                self.faults[code] = str(error)[:FAULT_CHARS_MAX]


async def load_tariffs(
    connection: "asyncpg.Connection[asyncpg.Record]", codes: Iterable[str]
) -> Tariffs:
    """Every version of ``codes``."""
    wanted = sorted(set(codes))
    return Tariffs(
        await connection.fetch(
            "SELECT code, valid_from, correction, document, changed_at FROM tariff_version "
            "WHERE code = ANY($1::text[]) ORDER BY code, valid_from, correction",
            wanted,
        ),
        await connection.fetch(
            "SELECT * FROM completed_correction WHERE code = ANY($1::text[])", wanted
        ),
    )


class Meters:
    """Meters, their installations with those who have them, and their edits."""

    def __init__(
        self,
        *,
        installations: Sequence[asyncpg.Record],
        meters: Sequence[asyncpg.Record],
        edits: Sequence[asyncpg.Record],
    ) -> None:
        moved_at: dict[str, datetime] = {}
        at: dict[str, list[Installation]] = {}
        edited: dict[str, list[Edit]] = {}
        self._of_account: dict[UUID, set[str]] = {}
        for row in installations:
            _later(moved_at, row["meter_id"], row["changed_at"])
            at.setdefault(row["meter_id"], []).append(_installation(row))
            self._of_account.setdefault(row["account_id"], set()).add(row["meter_id"])
        facts = {row["id"]: _facts(row) for row in meters}
        for row in meters:
            _later(moved_at, row["id"], row["changed_at"])
        for row in edits:
            _later(moved_at, row["meter_id"], row["changed_at"])
            edited.setdefault(row["meter_id"], []).append(_edit(row))
        self.moved_at = moved_at
        self._terms = {
            meter_id: MeterTerms(
                facts=facts.get(meter_id) or MeterFacts(meter=meter_id),
                installations=some,
                edits=edited.get(meter_id, ()),
            )
            for meter_id, some in at.items()
        }

    def of_account(self, account_id: UUID) -> Sequence[MeterTerms]:
        """Those that it has or had, in order of their ids."""
        return [self._terms[each] for each in sorted(self._of_account.get(account_id, ()))]

    def of_meter(self, meter_id: str) -> MeterTerms | None:
        """None for one that is installed nowhere and never was."""
        return self._terms.get(meter_id)


async def load_meters(
    connection: "asyncpg.Connection[asyncpg.Record]", meter_ids: Sequence[str]
) -> Meters:
    """All about ``meter_ids`` but their readings; what was removed is not there."""
    return Meters(
        installations=await connection.fetch(
            "SELECT * FROM installation WHERE meter_id = ANY($1::text[]) AND NOT removed "
            "ORDER BY begins_at, id",
            meter_ids,
        ),
        meters=await connection.fetch("SELECT * FROM meter WHERE id = ANY($1::text[])", meter_ids),
        edits=await connection.fetch(
            "SELECT * FROM reading_edit WHERE meter_id = ANY($1::text[])", meter_ids
        ),
    )


async def load_agreements(
    connection: "asyncpg.Connection[asyncpg.Record]", meter: MeterTerms
) -> Sequence[tuple[Agreement, Tariff]]:
    """Of whomever the meter serves or served, those whose tariff is known; by their first days."""
    rows = await connection.fetch(
        f"SELECT {AGREEMENT_COLUMNS} FROM agreement AS a "  # noqa: S608 - a constant
        "WHERE a.account_id = ANY($1::uuid[]) ORDER BY a.first_day, a.id",
        [each.account_id for each in meter.installations],
    )
    agreements = [agreement_of(row) for row in rows]
    tariffs = (await load_tariffs(connection, [each.tariff_code for each in agreements])).found
    return [(each, tariffs[each.tariff_code]) for each in agreements if each.tariff_code in tariffs]


async def load_readings(
    connection: "asyncpg.Connection[asyncpg.Record]", meter_ids: Sequence[str]
) -> Mapping[str, Held]:
    """All readings of ``meter_ids``, as they are kept."""
    days: dict[str, list[tuple[date, bytes]]] = {}
    moved_at: dict[str, datetime] = {}
    for row in await connection.fetch(
        "SELECT meter_id, day, packed, changed_at FROM meter_day "
        "WHERE meter_id = ANY($1::text[]) ORDER BY meter_id, day",
        meter_ids,
    ):
        days.setdefault(row["meter_id"], []).append((row["day"], row["packed"]))
        _later(moved_at, row["meter_id"], row["changed_at"])
    return {each: Held(days=some, moved_at=moved_at[each]) for each, some in days.items()}


def _later(moved_at: dict[str, datetime], name: str, at: datetime) -> None:
    moved_at[name] = max(at, moved_at.get(name, at))


def _installation(row: asyncpg.Record) -> Installation:
    return Installation(
        meter=row["meter_id"],
        account_id=row["account_id"],
        from_us=us_of(row["begins_at"]),
        to_us=None if row["ends_at"] is None else us_of(row["ends_at"]),
        opening_wh=row["opening_wh"],
        closing_wh=row["closing_wh"],
        multiplier=row["multiplier"],
        device=row["device"],
    )


def _facts(row: asyncpg.Record) -> MeterFacts:
    return MeterFacts(
        meter=row["id"],
        household=row["household"],
        modulus_wh=row["modulus_wh"],
        resolution_wh=row["resolution_wh"],
        max_w=row["max_w"],
    )


def _edit(row: asyncpg.Record) -> Edit:
    return Edit(
        id=row["id"],
        meter=row["meter_id"],
        at_us=us_of(row["read_at"]),
        kind=EditKind(row["kind"]),
        register_wh=row["register_wh"],
        by=row["decided_by"],
        reason=row["reason"],
        decided_us=us_of(row["decided_at"]),
    )
