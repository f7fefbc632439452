"""What the daily look at meters rests on, and what it found."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.charging.postgres_histories import terms_of
from prepay_ledger.charging.postgres_rows import LOOK_DUE, keep_findings
from prepay_ledger.looks.look import LOOKED_FOR, RecentMeter, UnderWay
from prewatt_common.db.database import driver
from prewatt_metering.vee.findings import Finding

# One row, which whoever looks holds.
_TAKE = "SELECT day, after, previous FROM meter_look FOR UPDATE SKIP LOCKED"
_NEXT = """
UPDATE meter_look SET previous = day, day = $1, after = '' RETURNING day, after, previous
"""

_UNSETTLED = """
SELECT DISTINCT meter_id FROM finding
WHERE meter_id = ANY($1::text[]) AND check_id = ANY($2::text[]) AND (end_us > $3 OR end_us <= $4)
"""

_PACKED = """
SELECT meter_id, day, packed FROM meter_day WHERE meter_id = ANY($1::text[]) AND day >= $2
UNION ALL
SELECT d.meter_id, d.day, d.packed FROM unnest($1::text[]) AS m (id)
CROSS JOIN LATERAL (SELECT * FROM meter_day WHERE meter_id = m.id AND day < $2
                    ORDER BY day DESC LIMIT 1) AS d
UNION ALL
SELECT meter_id, day, today FROM meter_state WHERE meter_id = ANY($1::text[]) AND today <> ''
"""

_DAYS = """
SELECT u.meter_id, a.account_id, u.day, sum(u.wh)::bigint AS wh
FROM day_use AS u JOIN agreement AS a ON a.id = u.agreement_id
WHERE u.meter_id = ANY($1::text[]) AND u.day >= $2
GROUP BY u.meter_id, a.account_id, u.day
"""


class PostgresLooks:
    """A `LookStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def begin(self, day: date) -> UnderWay | None:
        """The first look of all makes the row. An insert that meets it would wait for whoever holds
        it, so nobody else tries one."""
        connection = await driver(self._connection)
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM meter_look)"):
            await connection.execute(
                "INSERT INTO meter_look (day, after) VALUES ($1, '') ON CONFLICT DO NOTHING", day
            )
        row = await connection.fetchrow(_TAKE)
        if row is None or (row["after"] is None and row["day"] >= day):
            return None
        if row["after"] is None:
            (row,) = await connection.fetch(_NEXT, day)
        return UnderWay(row["day"], row["after"], row["previous"])

    async def looked_at(self) -> date | None:
        """As of the last commit."""
        return await (await driver(self._connection)).fetchval(
            "SELECT CASE WHEN after IS NULL THEN day ELSE day - 1 END FROM meter_look"
        )

    async def meter_ids(self, *, after: str, limit: int) -> Sequence[str]:
        """A meter has a row from its first installation or reading on."""
        rows = await (await driver(self._connection)).fetch(
            "SELECT meter_id FROM meter_state WHERE meter_id > $1 ORDER BY meter_id LIMIT $2",
            after,
            limit,
        )
        return [row["meter_id"] for row in rows]

    async def take_due(self, meter_ids: Sequence[str]) -> Collection[str]:
        """Their rows are gone once the transaction commits."""
        rows = await (await driver(self._connection)).fetch(
            "DELETE FROM meter_look_due WHERE meter_id = ANY($1::text[]) RETURNING meter_id",
            meter_ids,
        )
        return {row["meter_id"] for row in rows}

    async def unsettled(
        self, meter_ids: Sequence[str], *, ended_us: int, over_us: int
    ) -> Collection[str]:
        """Findings of a look alone count."""
        rows = await (await driver(self._connection)).fetch(
            _UNSETTLED, meter_ids, LOOKED_FOR, ended_us, over_us
        )
        return {row["meter_id"] for row in rows}

    async def recent(
        self, meter_ids: Sequence[str], *, first: date, use_first: date
    ) -> Sequence[RecentMeter]:
        """A query a table for all of them."""
        connection = await driver(self._connection)
        terms = await terms_of(connection, meter_ids)
        packed: dict[str, list[tuple[date, bytes]]] = {}
        for meter_id, day, some in await connection.fetch(_PACKED, meter_ids, first):
            packed.setdefault(meter_id, []).append((day, some))
        days: dict[str, dict[UUID, dict[date, int]]] = {}
        for meter_id, account_id, day, wh in await connection.fetch(_DAYS, meter_ids, use_first):
            days.setdefault(meter_id, {}).setdefault(account_id, {})[day] = wh
        return [
            RecentMeter(
                meter_id=meter_id,
                terms=terms[meter_id],
                packed=packed.get(meter_id, ()),
                days=days.get(meter_id, {}),
            )
            for meter_id in meter_ids
        ]

    async def save(
        self,
        findings: Mapping[str, Sequence[Finding]],
        *,
        due_again: Collection[str],
        after: str | None,
    ) -> None:
        """In place of what the last look found of these meters."""
        connection = await driver(self._connection)
        if findings:
            await keep_findings(connection, findings, checks=LOOKED_FOR)
        if due_again:
            await connection.execute(LOOK_DUE, list(due_again))
        await connection.execute("UPDATE meter_look SET after = $1", after)
