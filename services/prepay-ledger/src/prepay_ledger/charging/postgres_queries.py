"""What people ask of charging: findings, days of use, periods. Read-only, each its own
transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias
from uuid import UUID

import asyncpg

from prepay_ledger.balances.postgres import check_account
from prepay_ledger.charging.charge_agreement import PeriodState
from prepay_ledger.charging.meters import Agreement
from prepay_ledger.charging.postgres_histories import to_agreement
from prepay_ledger.charging.postgres_periods import to_state
from prepay_ledger.supply.postgres import CONCERNS, SPAN, UNSEEN
from prewatt_common.db.database import Database, driver
from prewatt_metering.calendar.instants import instant_of

_NONE = -(2**62)
_FINDINGS = """
SELECT * FROM finding WHERE meter_id = $1 AND number > $2 ORDER BY number LIMIT $3
"""

# A value that no register has stands for none, as rows are compared.
_WAITING = f"""
SELECT f.*, coalesce((
    SELECT array_agg(DISTINCT i.account_id ORDER BY i.account_id)
    FROM installation AS i CROSS JOIN LATERAL ({SPAN}) AS span
    WHERE i.meter_id = f.meter_id AND {CONCERNS}), '{{}}') AS account_ids
FROM finding AS f
WHERE f.stops_cut AND {UNSEEN}
  AND ($1::text IS NULL
       OR (f.meter_id, f.begin_us, f.end_us, f.check_id, coalesce(f.before, {_NONE}),
           coalesce(f.after, {_NONE})) > ($1, $2::bigint, $3::bigint, $4::text, $5::bigint,
                                          $6::bigint))
ORDER BY f.meter_id, f.begin_us, f.end_us, f.check_id, coalesce(f.before, {_NONE}),
         coalesce(f.after, {_NONE})
LIMIT $7
"""  # noqa: S608 - of constants

_COUNT_WAITING = f"SELECT count(*) FROM finding AS f WHERE f.stops_cut AND {UNSEEN}"  # noqa: S608

# The open day is in no row of its own.
_DAYS = """
SELECT day, slot, agreement_id, wh FROM day_use
WHERE meter_id = $1 AND day BETWEEN $2 AND $3 ORDER BY day, slot, agreement_id
"""

_PERIODS = """
SELECT c.*, a.tariff_code, a.first_day, a.end_day, a.capacity_va, a.contracted_w, a.id
FROM charge_state AS c JOIN agreement AS a ON a.id = c.agreement_id
WHERE c.account_id = $1
  AND ($2::date IS NULL OR (c.period_first, c.agreement_id) < ($2, $3::uuid))
ORDER BY c.period_first DESC, c.agreement_id DESC LIMIT $4
"""

PeriodPlace: TypeAlias = tuple[date, UUID]
"""A period's first day, and its agreement."""
WaitingKey: TypeAlias = tuple[str, int, int, str, int, int]
"""What tells a finding from others, as `Finding.key` has it, in the order of meters."""


@dataclass(frozen=True, slots=True)
class FindingView:
    """A finding as people see it."""

    number: int
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
class WaitingFinding:
    """A finding that nobody has looked at, and whose cuts it holds."""

    key: WaitingKey
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


class ChargingQueries:
    """Queries for the API."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def findings(self, meter_id: str, *, after: int, limit: int) -> Sequence[FindingView]:
        """Of one meter, in their order."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(_FINDINGS, meter_id, after, limit)
        return [_finding(row) for row in rows]

    async def waiting(self, *, after: WaitingKey | None, limit: int) -> Sequence[WaitingFinding]:
        """Findings that hold cuts and that nobody has looked at, by meter."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(_WAITING, *(after or (None,) * 6), limit)
        return [_waiting(row) for row in rows]

    async def count_waiting(self) -> int:
        """How many there are."""
        async with self._database.transaction() as connection:
            return await (await driver(connection)).fetchval(_COUNT_WAITING)

    async def days(self, meter_id: str, *, first: date, last: date) -> Sequence[DayView]:
        """Days of use that ended, both ends included."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(_DAYS, meter_id, first, last)
        return [DayView(**row) for row in rows]

    async def periods(
        self, account_id: UUID, *, before: PeriodPlace | None, limit: int
    ) -> Sequence[tuple[Agreement, PeriodState]]:
        """The account's periods, the newest first, older than ``before``. Raises
        `UnknownAccount`."""
        async with self._database.transaction() as connection:
            await check_account(connection, account_id)
            rows = await (await driver(connection)).fetch(
                _PERIODS, account_id, *(before or (None, None)), limit
            )
        return [(to_agreement(row), to_state(row)) for row in rows]


def _waiting(row: asyncpg.Record) -> WaitingFinding:
    before, after = (_NONE if row[name] is None else row[name] for name in ("before", "after"))
    return WaitingFinding(
        key=(row["meter_id"], row["begin_us"], row["end_us"], row["check_id"], before, after),
        meter_id=row["meter_id"],
        account_ids=row["account_ids"],
        finding=_finding(row),
    )


def _finding(row: asyncpg.Record) -> FindingView:
    return FindingView(
        number=row["number"],
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
