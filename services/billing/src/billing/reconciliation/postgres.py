"""Both sides of meter-months, read a portion at a time in order of binding id."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from billing.meters.postgres_rows import BINDING_COLUMNS, binding_of, load_tariffs
from billing.meters.terms import MeterBinding, TariffBook
from billing.postings.values import Posted
from billing.reconciliation.compare import History, Pair, Registers
from billing.reconciliation.ports import Portion
from prewatt_common.db.database import Database, driver
from prewatt_metering.monthly.months import BillingMonth
from prewatt_metering.monthly.registers import MonthRegister

_FIRST = UUID(int=0)
_BINDING_WIDTH = 7

# The portion's last id: of whichever table has rows there. Walks both primary keys.
_LAST = """
SELECT id FROM (
    SELECT id FROM (
        (SELECT id FROM binding WHERE id > $1 ORDER BY id LIMIT $2)
        UNION
        (SELECT binding_id FROM posted_month WHERE binding_id > $1 ORDER BY binding_id LIMIT $2)
    ) AS either ORDER BY id LIMIT $2
) AS portion ORDER BY id DESC LIMIT 1
"""

# One statement, so one snapshot of both sides. Months are text that sorts as time does.
_PAIRS = f"""
WITH bound AS (
    SELECT * FROM binding WHERE id > $2 AND id <= $3
), ours AS (
    SELECT binding_id,
           max(max_wh) FILTER (WHERE month < $1) AS earlier_wh,
           max(last_at) FILTER (WHERE month < $1) AS earlier_at,
           max(max_wh) FILTER (WHERE month = $1) AS own_wh,
           max(last_at) FILTER (WHERE month = $1) AS own_at,
           bool_or(month > $1) AS closed,
           max(changed_at) AS changed_at
    FROM meter_month WHERE binding_id > $2 AND binding_id <= $3 GROUP BY binding_id
), theirs AS (
    SELECT * FROM posted_month WHERE binding_id > $2 AND binding_id <= $3 AND month = $1
)
SELECT {BINDING_COLUMNS}, coalesce(b.id, p.binding_id) AS pair_id, a.number,
       m.earlier_wh, m.earlier_at, m.own_wh, m.own_at, m.closed,
       greatest(m.changed_at, p.changed_at) AS changed_at,
       p.account_id AS posted_account_id, p.meter_id AS posted_meter_id,
       p.import_wh, p.last_read_at, p.energy_wh, p.total_micro
FROM bound AS b
FULL JOIN theirs AS p ON p.binding_id = b.id
LEFT JOIN ours AS m ON m.binding_id = b.id
LEFT JOIN account AS a ON a.id = coalesce(b.account_id, p.account_id)
ORDER BY pair_id
"""  # noqa: S608 - a constant


class PostgresComparisons:
    """A `ComparisonStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def tariffs(self) -> TariffBook:
        """Every tariff version."""
        async with self._database.transaction() as connection:
            return await load_tariffs(await driver(connection))

    async def pairs(self, *, month: BillingMonth, after: UUID | None, limit: int) -> Portion:
        """The bindings after ``after``, about ``limit`` of them, in order of id."""
        async with self._database.transaction() as connection:
            raw = await driver(connection)
            # A portion is milliseconds of work; compiling its plan would be half a second.
            await raw.execute("SET LOCAL jit = off")
            last = await raw.fetchval(_LAST, after or _FIRST, limit)
            if last is None:
                return Portion((), None)
            rows = await raw.fetch(_PAIRS, str(month), after or _FIRST, last)
        return Portion([_pair(row, month) for row in rows], last)

    async def histories(self, binding_ids: Sequence[UUID]) -> Mapping[UUID, History]:
        """All months of the bindings on both sides."""
        registers: dict[UUID, dict[BillingMonth, MonthRegister]] = {i: {} for i in binding_ids}
        posted: dict[UUID, dict[BillingMonth, Posted]] = {i: {} for i in binding_ids}
        async with self._database.transaction() as connection:
            raw = await driver(connection)
            # One snapshot of both sides here too.
            rows = await raw.fetch(
                """
                SELECT binding_id, month, max_wh, last_at, NULL::uuid, NULL::text, NULL::bigint,
                       NULL::bigint, false AS is_posted
                FROM meter_month WHERE binding_id = ANY($1::uuid[])
                UNION ALL
                SELECT binding_id, month, import_wh, last_read_at, account_id, meter_id, energy_wh,
                       total_micro, true
                FROM posted_month WHERE binding_id = ANY($1::uuid[])
                """,
                list(binding_ids),
            )
        for (
            binding_id,
            text,
            wh,
            at,
            account_id,
            meter_id,
            energy_wh,
            total_micro,
            is_posted,
        ) in rows:
            month = BillingMonth.parse(text)
            if is_posted:
                posted[binding_id][month] = Posted(
                    account_id, meter_id, wh, at, energy_wh, total_micro
                )
            else:
                registers[binding_id][month] = MonthRegister(month=month, max_wh=wh, last_at=at)
        return {i: History(registers[i], posted[i]) for i in binding_ids}

    async def bindings_of_meter(self, meter_id: str) -> Sequence[MeterBinding]:
        """The newest first."""
        rows = await self._fetch(
            f"SELECT {BINDING_COLUMNS} FROM binding AS b WHERE b.meter_id = $1 "  # noqa: S608
            "ORDER BY b.effective_from DESC",
            meter_id,
        )
        return [binding_of(row) for row in rows]

    async def waiting_readings(self) -> int:
        """Readings whose binding or tariff is not known."""
        (row,) = await self._fetch("SELECT count(*) FROM waiting_reading")
        return int(row[0])

    async def _fetch(self, query: str, *arguments: Any) -> Sequence[Any]:
        async with self._database.transaction() as connection:
            return await (await driver(connection)).fetch(query, *arguments)


def _pair(row: Any, month: BillingMonth) -> Pair:
    values = tuple(row)
    (
        binding_id, number, earlier_wh, earlier_at, own_wh, own_at, closed, changed_at,
        account_id, meter_id, import_wh, last_read_at, energy_wh, total_micro,
    ) = values[_BINDING_WIDTH:]  # fmt: skip
    return Pair(
        binding_id=binding_id,
        bound=None if values[0] is None else binding_of(values[:_BINDING_WIDTH]),
        account_number=number,
        registers=Registers(
            earlier=None if earlier_wh is None else (earlier_wh, earlier_at),
            own=None
            if own_wh is None
            else MonthRegister(month=month, max_wh=own_wh, last_at=own_at),
            closed=bool(closed),
        ),
        posted=None
        if account_id is None
        else Posted(account_id, meter_id, import_wh, last_read_at, energy_wh, total_micro),
        changed_at=changed_at,
    )
