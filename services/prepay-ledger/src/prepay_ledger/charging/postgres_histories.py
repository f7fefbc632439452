"""All that is known of a meter: for the slow path, a query a table for all meters together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

import asyncpg

from prepay_ledger.charging.meters import (
    Agreement,
    Installed,
    MeterHistory,
    MeterTerms,
    packed_base_us,
)
from prepay_ledger.retention.postgres_left import LeftRows
from prewatt_common.db.database import DriverConnection
from prewatt_metering.calendar.instants import DAY_US, us_of
from prewatt_metering.rating.part import Enterprise
from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.meters import MeterFacts
from prewatt_metering.registers.packing import unpack
from prewatt_metering.registers.readings import Reading
from prewatt_metering.usage.days import DayUsage
from prewatt_metering.vee.edit import Edit, EditKind

_METERS = "SELECT * FROM meter WHERE meter_id = ANY($1::text[])"
_INSTALLATIONS = "SELECT * FROM installation WHERE meter_id = ANY($1::text[])"
_AGREEMENTS = """
SELECT * FROM agreement
WHERE account_id IN (SELECT account_id FROM installation WHERE meter_id = ANY($1::text[]))
ORDER BY first_day
"""
_PACKED = """
SELECT meter_id, day, packed FROM meter_day WHERE meter_id = ANY($1::text[])
UNION ALL
SELECT meter_id, day, today FROM meter_state WHERE meter_id = ANY($1::text[]) AND today <> ''
UNION ALL
SELECT meter_id, since, NULL FROM left_meter WHERE meter_id = ANY($1::text[])
"""
"""One statement, so one snapshot: what is about to leave is there, or is known to have left."""
_KEPT_FROM = """
SELECT coalesce((SELECT min(day) FROM seal AS s
                 WHERE NOT EXISTS (SELECT FROM left_day AS l WHERE l.day = s.day)),
                unsealed, day) FROM posting_day
"""
_COMPLETE_AFTER_US = 3 * DAY_US
"""A posting day is left on the day of the calendar that follows it in the chain, in whatever zone,
and no reading is taken that is more than a day ahead of the clock: what is read later than
this after midnight, in UTC, of the first day that is here came after what has left."""
_EDITS = "SELECT * FROM reading_edit WHERE meter_id = ANY($1::text[]) ORDER BY id"
_USE = "SELECT * FROM day_use WHERE meter_id = ANY($1::text[])"

ValueT = TypeVar("ValueT")


async def histories_of(
    connection: DriverConnection, meter_ids: Sequence[str]
) -> Mapping[str, MeterHistory]:
    """By meter, with the readings that are in the database: see `MeterHistory.left_since`."""
    terms = await terms_of(connection, meter_ids)
    readings: dict[str, set[Reading]] = {}
    left_since: dict[str, date] = {}
    for meter_id, day, packed in await connection.fetch(_PACKED, meter_ids):
        if packed is None:
            left_since[meter_id] = day
            continue
        known = readings.setdefault(meter_id, set())
        known.update(unpack(packed, base_us=packed_base_us(day)))
    complete_from_us = None
    if left_since:
        # Later than that statement: more may have left meanwhile, so this is later at most.
        kept_from = await connection.fetchval(_KEPT_FROM)
        complete_from_us = packed_base_us(kept_from) + _COMPLETE_AFTER_US
    use: dict[str, dict[UUID, DayUsage]] = {}
    for meter_id, agreement_id, day, slot, wh in await connection.fetch(_USE, meter_ids):
        of_meter = use.setdefault(meter_id, {})
        of_meter.setdefault(agreement_id, {})[_key(day, slot)] = wh
    return {
        meter_id: MeterHistory(
            meter_id=meter_id,
            facts=of_meter.facts,
            installed=of_meter.installed,
            agreements=of_meter.agreements,
            readings=sorted(readings.get(meter_id, ())),
            edits=of_meter.edits,
            use=use.get(meter_id, {}),
            left_since=left_since.get(meter_id),
            complete_from_us=complete_from_us if meter_id in left_since else None,
        )
        for meter_id, of_meter in terms.items()
    }


async def whole_histories_of(
    connection: DriverConnection,
    histories: Sequence[MeterHistory],
    left_rows: LeftRows | None = None,
) -> Mapping[str, MeterHistory]:
    """By meter, with those readings too that have left, from their exports; ``left_rows``: those
    that were read before. Raises `ReadingsHaveLeft`."""
    since = {each.meter_id: each.left_since for each in histories if each.left_since is not None}
    left = await (left_rows or LeftRows()).of(connection, since)
    found: dict[str, MeterHistory] = {}
    for each in histories:
        readings = set(each.readings)
        for day, packed in left.get(each.meter_id, ()):
            readings.update(unpack(packed, base_us=packed_base_us(day)))
        found[each.meter_id] = replace(
            each, readings=sorted(readings), left_since=None, complete_from_us=None
        )
    return found


async def terms_of(
    connection: DriverConnection, meter_ids: Sequence[str]
) -> Mapping[str, MeterTerms]:
    """By meter."""
    facts = {row["meter_id"]: _facts(row) for row in await connection.fetch(_METERS, meter_ids)}
    installed = _grouped(await connection.fetch(_INSTALLATIONS, meter_ids), _installed)
    agreements: dict[UUID, list[Agreement]] = {}
    for row in await connection.fetch(_AGREEMENTS, meter_ids):
        agreements.setdefault(row["account_id"], []).append(to_agreement(row))
    edits = _grouped(await connection.fetch(_EDITS, meter_ids), _edit)
    return {
        meter_id: MeterTerms(
            facts=facts.get(meter_id) or MeterFacts(meter=meter_id),
            installed=installed.get(meter_id, ()),
            agreements={
                each.account_id: agreements.get(each.account_id, ())
                for each in installed.get(meter_id, ())
            },
            edits=edits.get(meter_id, ()),
        )
        for meter_id in meter_ids
    }


def to_agreement(row: asyncpg.Record) -> Agreement:
    """An agreement from its row."""
    return Agreement(
        id=row["id"],
        account_id=row["account_id"],
        tariff_code=row["tariff_code"],
        first_day=row["first_day"],
        end_day=row["end_day"],
        enterprise=Enterprise(capacity_va=row["capacity_va"], contracted_w=row["contracted_w"]),
        corrections=row["corrections"],
    )


def _key(day: date, slot: str) -> tuple[date, str]:
    return day, slot


def _grouped(
    rows: Sequence[asyncpg.Record], make: Callable[[Any], ValueT]
) -> dict[str, list[ValueT]]:
    found: dict[str, list[ValueT]] = {}
    for row in rows:
        found.setdefault(row["meter_id"], []).append(make(row))
    return found


def _facts(row: asyncpg.Record) -> MeterFacts:
    return MeterFacts(
        meter=row["meter_id"],
        household=row["household"],
        serial_number=row["serial_number"],
        modulus_wh=row["modulus_wh"],
        resolution_wh=row["resolution_wh"],
        max_w=row["max_w"],
        supply_office=row["supply_office"],
        station_area=row["station_area"],
        line=row["line"],
    )


def _installed(row: asyncpg.Record) -> Installed:
    return Installed(
        id=row["id"],
        account_id=row["account_id"],
        installation=Installation(
            meter=row["meter_id"],
            account=str(row["account_id"]),
            from_us=us_of(row["begins_at"]),
            to_us=None if row["ends_at"] is None else us_of(row["ends_at"]),
            opening_wh=row["opening_wh"],
            closing_wh=row["closing_wh"],
            multiplier=row["multiplier"],
            device=row["device"],
        ),
    )


def _edit(row: asyncpg.Record) -> Edit:
    return Edit(
        edit_id=str(row["id"]),
        meter=row["meter_id"],
        at_us=us_of(row["read_at"]),
        kind=EditKind(row["kind"]),
        register_wh=row["register_wh"],
        by=row["decided_by"],
        reason=row["reason"],
        decided_us=us_of(row["at"]),
    )
