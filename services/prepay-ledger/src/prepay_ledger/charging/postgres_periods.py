"""Agreements and where their periods stand."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.charging.charge_agreement import Charged, PeriodState
from prepay_ledger.charging.meters import Agreement
from prepay_ledger.charging.postgres_histories import to_agreement
from prepay_ledger.charging.postgres_rows import (
    TURNED,
    check_rows,
    decode_energy,
    decode_posted,
    encode,
)
from prepay_ledger.charging.unentered import PeriodKey
from prepay_ledger.charging.values import SeenFinding
from prepay_ledger.epochs.postgres import current_epoch
from prepay_ledger.supply.postgres import GOES_ON
from prewatt_common.db.database import driver
from prewatt_metering.tariffs.periods import Period

_OPEN = """
SELECT * FROM charge_state
WHERE agreement_id = ANY($1::uuid[]) AND due_day IS NOT NULL
UNION
SELECT c.* FROM unnest($1::uuid[]) AS a (id)
CROSS JOIN LATERAL (SELECT * FROM charge_state WHERE agreement_id = a.id
                    ORDER BY period_first DESC LIMIT 1) AS c
UNION
SELECT c.* FROM charge_state AS c
JOIN unnest($2::uuid[], $3::date[]) AS n (agreement_id, period_first)
  USING (agreement_id, period_first)
"""

_ADD = """
INSERT INTO charge_state (day, agreement_id, period_first, period_end, account_id, version, energy,
                          standing_days, due_day, posted, last_read_us, posted_micro, energy_wh)
SELECT $1, * FROM unnest($2::uuid[], $3::date[], $4::date[], $5::uuid[], $6::bigint[], $7::text[],
                         $8::integer[], $9::date[], $10::text[], $11::bigint[], $12::bigint[],
                         $13::bigint[])
ON CONFLICT DO NOTHING
"""

_BEGIN = """
INSERT INTO charge_state (day, agreement_id, account_id, period_first, period_end, version, energy,
                          standing_days, due_day, posted, last_read_us, posted_micro, energy_wh)
SELECT $1, n.agreement_id, n.account_id, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13
FROM unnest($2::uuid[], $3::uuid[]) AS n (agreement_id, account_id)
"""

_CHANGE = f"""
UPDATE charge_state AS c
SET version = n.version, energy = n.energy, standing_days = n.standing_days, due_day = n.due_day,
    posted = n.posted, last_read_us = n.last_read_us, posted_micro = n.posted_micro,
    energy_wh = n.energy_wh, {TURNED}
FROM unnest($2::uuid[], $3::date[], $4::bigint[], $5::text[], $6::integer[], $7::date[],
            $8::text[], $9::bigint[], $10::bigint[], $11::bigint[])
     AS n (agreement_id, period_first, version, energy, standing_days, due_day, posted,
           last_read_us, posted_micro, energy_wh)
WHERE c.agreement_id = n.agreement_id AND c.period_first = n.period_first
  AND c.version = n.version - 1
"""  # noqa: S608 - of constants

# Locked, so that nobody decides about an agreement between its row and its periods being read.
_DUE = """
SELECT a.* FROM agreement AS a
JOIN (SELECT DISTINCT agreement_id FROM charge_state WHERE due_day <= $2) AS c
  ON c.agreement_id = a.id
WHERE a.tariff_code = $1 AND ($3::uuid IS NULL OR a.id > $3)
ORDER BY a.id LIMIT $4 FOR SHARE OF a
"""

_PENDING = """
SELECT DISTINCT a.id FROM account AS a JOIN installation AS i ON i.account_id = a.id
WHERE i.meter_id = ANY($1::text[]) AND a.supply_state IN ('pending', 'disconnecting')
"""

# What goes on is seen as far as it has come by now.
_SEE = f"""
INSERT INTO finding_seen (id, meter_id, check_id, begin_us, end_us, before, after, seen_by, reason,
                          at)
SELECT $1, meter_id, check_id, begin_us, end_us, before, after, $8, $9, $10 FROM finding AS f
WHERE meter_id = $2 AND check_id = $3 AND begin_us = $4
  AND ({GOES_ON} OR end_us = $5 AND before IS NOT DISTINCT FROM $6
                    AND after IS NOT DISTINCT FROM $7)
ORDER BY end_us DESC LIMIT 1
"""  # noqa: S608 - of constants


class PostgresPeriods:
    """What a `ChargingStore` knows of agreements and their periods."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def hold_periods(self, account_ids: Collection[UUID]) -> None:
        """In the order in which batches change them."""
        await (await driver(self._connection)).execute(
            "SELECT FROM charge_state WHERE account_id = ANY($1::uuid[]) "
            "ORDER BY agreement_id, period_first FOR NO KEY UPDATE",
            list(account_ids),
        )

    async def hold_open_periods(self, agreement_ids: Collection[UUID]) -> Mapping[PeriodKey, int]:
        """In the same order. A row that we waited for is given as its writer left it."""
        rows = await (await driver(self._connection)).fetch(
            "SELECT agreement_id, period_first, version FROM charge_state "
            "WHERE agreement_id = ANY($1::uuid[]) AND due_day IS NOT NULL "
            "ORDER BY agreement_id, period_first FOR NO KEY UPDATE",
            list(agreement_ids),
        )
        return {(agreement_id, first): version for agreement_id, first, version in rows}

    async def meters_of(self, account_ids: Collection[UUID]) -> Sequence[str]:
        """Every meter that serves or served the accounts."""
        rows = await (await driver(self._connection)).fetch(
            "SELECT DISTINCT meter_id FROM installation WHERE account_id = ANY($1::uuid[]) "
            "ORDER BY meter_id",
            list(account_ids),
        )
        return [row["meter_id"] for row in rows]

    async def agreements(self, agreement_ids: Collection[UUID]) -> Mapping[UUID, Agreement]:
        """By id."""
        rows = await (await driver(self._connection)).fetch(
            "SELECT * FROM agreement WHERE id = ANY($1::uuid[])", list(agreement_ids)
        )
        return {row["id"]: to_agreement(row) for row in rows}

    async def agreements_of(self, account_ids: Collection[UUID]) -> Sequence[Agreement]:
        """All that the accounts ever had."""
        rows = await (await driver(self._connection)).fetch(
            "SELECT * FROM agreement WHERE account_id = ANY($1::uuid[])", list(account_ids)
        )
        return [to_agreement(row) for row in rows]

    async def due_agreements(
        self, *, tariff_code: str, today: date, after: UUID | None, limit: int
    ) -> Sequence[Agreement]:
        """Agreements that time has reached, in the order of their ids; none changes until the
        transaction ends."""
        rows = await (await driver(self._connection)).fetch(_DUE, tariff_code, today, after, limit)
        return [to_agreement(row) for row in rows]

    async def periods(
        self, agreement_ids: Collection[UUID], days: Iterable[tuple[UUID, date]]
    ) -> Mapping[UUID, Mapping[date, PeriodState]]:
        """Those that are not closed, the latest, and those that begin on one of ``days``."""
        named = list(days)
        rows = await (await driver(self._connection)).fetch(
            _OPEN,
            list(agreement_ids),
            [agreement_id for agreement_id, _ in named],
            [day for _, day in named],
        )
        return _states(rows)

    async def all_periods(
        self, agreement_ids: Collection[UUID]
    ) -> Mapping[UUID, Mapping[date, PeriodState]]:
        """Every stored period."""
        rows = await (await driver(self._connection)).fetch(
            "SELECT * FROM charge_state WHERE agreement_id = ANY($1::uuid[])", list(agreement_ids)
        )
        return _states(rows)

    async def save_periods(self, charged: Sequence[Charged], *, day: date) -> None:
        """In one order everywhere, so that two batches that share agreements do not deadlock."""
        states = sorted(
            (each.state for each in charged),
            key=lambda state: (state.agreement_id.int, state.period.first),
        )
        added = [_row(state) for state in states if state.version == 1]
        changed = [_row(state) for state in states if state.version > 1]
        connection = await driver(self._connection)
        if added:
            status = await connection.execute(_ADD, day, *zip(*added, strict=True))
            check_rows(status, f"INSERT 0 {len(added)}")
        if changed:
            columns = list(zip(*changed, strict=True))
            status = await connection.execute(_CHANGE, day, *columns[:2], *columns[4:])
            check_rows(status, f"UPDATE {len(changed)}")

    async def begin_periods(
        self,
        states: Sequence[PeriodState],
        agreements: Sequence[tuple[UUID, UUID]],
        *,
        day: date,
    ) -> None:
        """A statement a period, whatever the number of agreements."""
        connection = await driver(self._connection)
        agreement_ids, account_ids = zip(*agreements, strict=True)
        for state in states:
            (_, first, end, _, *rest) = _row(state)
            await connection.execute(_BEGIN, day, agreement_ids, account_ids, first, end, *rest)

    async def pending_accounts(self, meter_ids: Sequence[str]) -> Sequence[UUID]:
        """Accounts that the meters serve or served and whose cut is held."""
        rows = await (await driver(self._connection)).fetch(_PENDING, meter_ids)
        return [row["id"] for row in rows]

    async def see_finding(self, seen: SeenFinding) -> bool:
        """False where nothing like it is found of the meter now."""
        status = await (await driver(self._connection)).execute(
            _SEE, seen.id, seen.meter_id, seen.check, seen.begin_us, seen.end_us, seen.before,
            seen.after, seen.seen_by, seen.reason, seen.at,
        )  # fmt: skip
        return status == "INSERT 0 1"

    async def epoch(self) -> int:
        """Raised where the database was restored."""
        return await current_epoch(await driver(self._connection))


def _states(rows: Sequence[asyncpg.Record]) -> dict[UUID, dict[date, PeriodState]]:
    found: dict[UUID, dict[date, PeriodState]] = {}
    for row in rows:
        found.setdefault(row["agreement_id"], {})[row["period_first"]] = to_state(row)
    return found


def to_state(row: asyncpg.Record) -> PeriodState:
    """A period from its row."""
    return PeriodState(
        agreement_id=row["agreement_id"],
        account_id=row["account_id"],
        period=Period(row["period_first"], row["period_end"]),
        version=row["version"],
        energy={
            (date.fromisoformat(day), slot): wh
            for day, slots in decode_energy(row["energy"]).items()
            for slot, wh in slots.items()
        },
        standing_days=row["standing_days"],
        due_day=row["due_day"],
        posted=decode_posted(row["posted"]),
        last_read_us=row["last_read_us"],
    )


def _row(state: PeriodState) -> tuple[Any, ...]:
    energy: dict[str, dict[str, int]] = {}
    for (day, slot), wh in state.energy.items():
        energy.setdefault(day.isoformat(), {})[slot] = wh
    return (
        state.agreement_id,
        state.period.first,
        state.period.end,
        state.account_id,
        state.version,
        encode(energy).decode(),
        state.standing_days,
        state.due_day,
        encode(state.posted).decode(),
        state.last_read_us,
        state.total_micro,
        state.energy_wh,
    )
