"""What people ask of charging: findings, days of use, periods. Read-only, each its own
transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias
from uuid import UUID

import asyncpg

from prepay_ledger.balances.postgres import check_account
from prepay_ledger.charging.charge_agreement import PeriodState
from prepay_ledger.charging.meters import Agreement
from prepay_ledger.charging.postgres_estimates import decode_meters
from prepay_ledger.charging.postgres_histories import to_agreement
from prepay_ledger.charging.postgres_periods import to_state
from prepay_ledger.supply.postgres import CONCERNS, SPAN, UNSEEN
from prewatt_common.db.database import Database, driver
from prewatt_metering.calendar.instants import instant_of

_NONE = -(2**62)
_FINDINGS = """
SELECT * FROM finding
WHERE meter_id = $1
  AND ($2::bigint IS NULL OR (begin_us, check_id, number) > ($2, $3::text, $4::int))
ORDER BY begin_us, check_id, number LIMIT $5
"""

# A value that no register has stands for none, as rows are compared.
_UNSEEN_SQL = f"""
SELECT f.*, coalesce((
    SELECT array_agg(DISTINCT i.account_id ORDER BY i.account_id)
    FROM installation AS i CROSS JOIN LATERAL ({SPAN}) AS span
    WHERE i.meter_id = f.meter_id AND {CONCERNS}), '{{{{}}}}') AS account_ids
FROM finding AS f
WHERE {{which}} {UNSEEN}
  AND ($8::text IS NULL OR f.check_id = $8)
  AND ($1::text IS NULL
       OR (f.meter_id, f.begin_us, f.end_us, f.check_id, coalesce(f.before, {_NONE}),
           coalesce(f.after, {_NONE})) > ($1, $2::bigint, $3::bigint, $4::text, $5::bigint,
                                          $6::bigint))
ORDER BY f.meter_id, f.begin_us, f.end_us, f.check_id, coalesce(f.before, {_NONE}),
         coalesce(f.after, {_NONE})
LIMIT $7
"""  # noqa: S608 - of constants

# Those that hold cuts are few, and have an index of their own.
_UNSEEN, _WAITING = (_UNSEEN_SQL.format(which=which) for which in ("", "f.stops_cut AND"))

_COUNT_BY_CHECK = f"""
SELECT check_id, count(*) FROM finding AS f WHERE {UNSEEN} GROUP BY check_id
"""  # noqa: S608 - of constants

_COUNT_WAITING = f"SELECT count(*) FROM finding AS f WHERE f.stops_cut AND {UNSEEN}"  # noqa: S608

# The open day is in no row of its own.
_DAYS = """
SELECT day, slot, agreement_id, wh FROM day_use
WHERE meter_id = $1 AND day BETWEEN $2 AND $3 ORDER BY day, slot, agreement_id
"""

_PERIODS = """
SELECT c.*, a.tariff_code, a.corrections, a.first_day, a.end_day, a.capacity_va, a.contracted_w,
       a.id, e.energy_wh AS estimated_wh, e.posted_micro AS estimated_micro, e.until_us, e.meters
FROM charge_state AS c JOIN agreement AS a ON a.id = c.agreement_id
LEFT JOIN estimate AS e
  ON (e.agreement_id, e.period_first) = (c.agreement_id, c.period_first) AND e.meters <> '{}'
WHERE c.account_id = $1
  AND ($2::date IS NULL OR (c.period_first, c.agreement_id) < ($2, $3::uuid))
ORDER BY c.period_first DESC, c.agreement_id DESC LIMIT $4
"""

PeriodPlace: TypeAlias = tuple[date, UUID]
"""A period's first day, and its agreement."""
FindingPlace: TypeAlias = tuple[int, str, int]
"""Of one meter's findings: when it begins in microseconds, its check, and its number there."""
UnseenKey: TypeAlias = tuple[str, int, int, str, int, int]
"""What tells a finding from others, as `Finding.key` has it, in the order of meters."""


@dataclass(frozen=True, slots=True)
class FindingView:
    """A finding as people see it."""

    place: FindingPlace
    check: str
    name: str
    severity: str
    begin: datetime
    end: datetime
    before: int | None
    after: int | None
    unit: str
    stops_cut: bool
    count: int


@dataclass(frozen=True, slots=True)
class UnseenFinding:
    """A finding that nobody has looked at, and whose time it concerns."""

    key: UnseenKey
    meter_id: str
    account_ids: Sequence[UUID]
    finding: FindingView


@dataclass(frozen=True, slots=True)
class DayView:
    """Energy of a local day in one slot, at the agreement that it is charged by."""

    day: date
    slot: str
    agreement_id: UUID
    wh: int


@dataclass(frozen=True, slots=True)
class EstimateView:
    """What is estimated of a period, as people see it."""

    energy_wh: int
    total_micro: int
    until: datetime
    since: Mapping[str, datetime]
    """The latest trusted reading of each silent meter."""


@dataclass(frozen=True, slots=True)
class PeriodView:
    """A period of an agreement, and what is estimated of it apart."""

    agreement: Agreement
    state: PeriodState
    estimate: EstimateView | None


class ChargingQueries:
    """Queries for the API."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def findings(
        self, meter_id: str, *, after: FindingPlace | None, limit: int
    ) -> Sequence[FindingView]:
        """Of one meter, in their order."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(
                _FINDINGS, meter_id, *(after or (None,) * 3), limit
            )
        return [_finding(row) for row in rows]

    async def unseen(
        self, *, after: UnseenKey | None, limit: int, stops_cut: bool, check: str | None
    ) -> Sequence[UnseenFinding]:
        """Findings that nobody has looked at, by meter; ``stops_cut``: those alone that hold cuts;
        ``check``: of that one alone."""
        query = _WAITING if stops_cut else _UNSEEN
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(
                query, *(after or (None,) * 6), limit, check
            )
        return [_unseen(row) for row in rows]

    async def count_by_check(self) -> Mapping[str, int]:
        """How many of each check nobody has looked at; of those that have any."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(_COUNT_BY_CHECK)
        return {row["check_id"]: row["count"] for row in rows}

    async def count_waiting(self) -> int:
        """How many hold cuts and nobody has looked at."""
        async with self._database.transaction() as connection:
            return await (await driver(connection)).fetchval(_COUNT_WAITING)

    async def days(self, meter_id: str, *, first: date, last: date) -> Sequence[DayView]:
        """Days of use that ended, both ends included."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(_DAYS, meter_id, first, last)
        return [DayView(**row) for row in rows]

    async def periods(
        self, account_id: UUID, *, before: PeriodPlace | None, limit: int
    ) -> Sequence[PeriodView]:
        """The account's periods, the newest first, older than ``before``. Raises
        `UnknownAccount`."""
        async with self._database.transaction() as connection:
            await check_account(connection, account_id)
            rows = await (await driver(connection)).fetch(
                _PERIODS, account_id, *(before or (None, None)), limit
            )
        return [PeriodView(to_agreement(row), to_state(row), _estimate(row)) for row in rows]


def _estimate(row: asyncpg.Record) -> EstimateView | None:
    if row["meters"] is None:
        return None
    return EstimateView(
        energy_wh=row["estimated_wh"],
        total_micro=row["estimated_micro"],
        until=instant_of(row["until_us"]),
        since={m: instant_of(us) for m, us in sorted(decode_meters(row["meters"]).items())},
    )


def _unseen(row: asyncpg.Record) -> UnseenFinding:
    before, after = (_NONE if row[name] is None else row[name] for name in ("before", "after"))
    return UnseenFinding(
        key=(row["meter_id"], row["begin_us"], row["end_us"], row["check_id"], before, after),
        meter_id=row["meter_id"],
        account_ids=row["account_ids"],
        finding=_finding(row),
    )


def _finding(row: asyncpg.Record) -> FindingView:
    return FindingView(
        place=(row["begin_us"], row["check_id"], row["number"]),
        check=row["check_id"],
        name=row["name"],
        severity=row["severity"],
        begin=instant_of(row["begin_us"]),
        end=instant_of(row["end_us"]),
        before=row["before"],
        after=row["after"],
        unit=row["unit"],
        stops_cut=row["stops_cut"],
        count=row["count"],
    )
