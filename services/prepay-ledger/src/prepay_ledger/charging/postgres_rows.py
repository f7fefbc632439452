"""Rows beside a meter's state: days of use, findings, readings that nobody pays for."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from prepay_ledger.charging.meters import MeterChange
from prewatt_common.db.database import ChangedMeanwhile, DriverConnection
from prewatt_metering.calendar.instants import instant_of
from prewatt_metering.vee.findings import Finding

_KEEP_USE = """
INSERT INTO day_use (meter_id, agreement_id, day, slot, wh)
SELECT * FROM unnest($1::text[], $2::uuid[], $3::date[], $4::text[], $5::bigint[])
ON CONFLICT (meter_id, agreement_id, day, slot) DO UPDATE SET wh = excluded.wh
"""

_DROP_USE = """
DELETE FROM day_use AS u
USING unnest($1::text[], $2::uuid[], $3::date[], $4::text[])
      AS n (meter_id, agreement_id, day, slot)
WHERE (u.meter_id, u.agreement_id, u.day, u.slot) = (n.meter_id, n.agreement_id, n.day, n.slot)
"""

UNENTERED = "(c.posted <> c.entered OR c.energy_wh <> c.entered_wh)"
"""Of period c: something of it is in no entry, be it energy that costs nothing."""
# With the posting day as $1. What a day left to enter is set aside by the next day's first change.
_LEFT = f"c.day < $1 AND c.turned IS NULL AND {UNENTERED}"
TURNED = (
    f"turned = CASE WHEN {_LEFT} THEN c.posted ELSE c.turned END, "
    f"turned_wh = CASE WHEN {_LEFT} THEN c.energy_wh ELSE c.turned_wh END, day = $1"
)

_DROP_COVERED = """
DELETE FROM unbound_reading AS u USING unnest($1::text[], $5::timestamptz[]) AS m (id, since)
WHERE u.meter_id = m.id AND (m.since IS NULL OR u.read_at > m.since)
  AND NOT EXISTS (SELECT FROM unnest($2::text[], $3::timestamptz[], $4::bigint[])
                      AS n (meter_id, read_at, import_wh)
                  WHERE (n.meter_id, n.read_at, n.import_wh)
                      = (u.meter_id, u.read_at, u.import_wh))
"""

_KEEP_UNCOVERED = """
INSERT INTO unbound_reading (meter_id, read_at, import_wh)
SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::bigint[]) ON CONFLICT DO NOTHING
"""

_DROP_FINDINGS = """
DELETE FROM finding AS f USING unnest($1::text[], $2::bigint[]) AS m (id, since_us)
WHERE f.meter_id = m.id AND f.check_id = ANY($3::text[])
  AND (m.since_us IS NULL OR f.end_us > m.since_us)
"""
_NUMBERS = """
SELECT meter_id, check_id, max(number) FROM finding WHERE meter_id = ANY($1::text[]) GROUP BY 1, 2
"""

_FINDING = (
    "meter_id", "number", "check_id", "name", "severity", "begin_us", "end_us", "before", "after",
    "unit", "stops_cut", "count",
)  # fmt: skip

LOOK_DUE = "INSERT INTO meter_look_due (meter_id) SELECT * FROM unnest($1::text[])"
"""The daily look at the meters looks at all of their last weeks next time."""

# Keys in order: the same content is the same text.
encode = msgspec.json.Encoder(order="deterministic").encode
decode_energy = msgspec.json.Decoder(dict[str, dict[str, int]]).decode
decode_posted = msgspec.json.Decoder(dict[str, int]).decode


def check_rows(status: str, expected: str) -> None:
    """Raises `ChangedMeanwhile` where a statement met other rows than were read."""
    if status != expected:
        message = f"{status}, not {expected}, as rows were read"
        raise ChangedMeanwhile(message)


def array_text(values: Iterable[int]) -> str:
    """One row's array as text: ``unnest`` takes arrays of arrays apart to the last element."""
    return "{" + ",".join(map(str, values)) + "}"


async def keep_use(connection: DriverConnection, changes: Sequence[MeterChange]) -> None:
    """Days of use as they are now, without those that are no more."""
    dropped = [
        (each.row.meter_id, agreement_id, *key)
        for each in changes
        for agreement_id, use in each.dropped.items()
        for key in use
    ]
    if dropped:
        await connection.execute(_DROP_USE, *_columns(dropped))
    kept = [
        (each.row.meter_id, agreement_id, *key, wh)
        for each in changes
        for agreement_id, use in each.kept.items()
        for key, wh in use.items()
    ]
    if kept:
        await connection.execute(_KEEP_USE, *_columns(kept))


async def keep_findings(
    connection: DriverConnection,
    findings: Mapping[str, Sequence[Finding]],
    *,
    checks: Sequence[str],
    since_us: Mapping[str, int] | None = None,
) -> None:
    """What ``checks`` find of the meters now, in place of what they found before; others' findings
    stay. ``since_us``: of some of the meters, those that ended by then stay too."""
    since_us = since_us or {}
    await connection.execute(
        _DROP_FINDINGS, list(findings), [since_us.get(each) for each in findings], checks
    )
    taken: dict[str, Counter[str]] = {}
    if since_us:
        for meter_id, check_id, number in await connection.fetch(_NUMBERS, list(since_us)):
            taken.setdefault(meter_id, Counter())[check_id] = number + 1
    rows: list[tuple[object, ...]] = []
    for meter_id, some in findings.items():
        numbers = taken.get(meter_id, Counter())
        for each in some:
            assert each.check in checks, f"{each.check} is another's to keep"
            rows.append(
                (
                    meter_id, numbers[each.check], each.check, each.name, each.severity,
                    each.begin_us, each.end_us, each.before, each.after, each.unit,
                    each.stops_cut, each.count,
                )
            )  # fmt: skip
            numbers[each.check] += 1
    if rows:
        await connection.copy_records_to_table("finding", records=rows, columns=list(_FINDING))


async def keep_uncovered(connection: DriverConnection, changes: Sequence[MeterChange]) -> None:
    """Readings that no installation covers; one that is covered by now is not listed any more."""
    rows = [
        (each.row.meter_id, instant_of(reading.at_us), reading.register_wh)
        for each in changes
        for reading in each.uncovered or ()
    ]
    columns: Sequence[Sequence[object]] = _columns(rows) if rows else [(), (), ()]
    since = [None if each.since_us is None else instant_of(each.since_us) for each in changes]
    meter_ids = [each.row.meter_id for each in changes]
    await connection.execute(_DROP_COVERED, meter_ids, *columns, since)
    if rows:
        await connection.execute(_KEEP_UNCOVERED, *columns)


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return list(zip(*rows, strict=True))
