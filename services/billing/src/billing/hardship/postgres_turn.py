"""A look at all households in PostgreSQL: how far it is, and what it reads."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

import asyncpg

from billing.hardship.policy import HardshipPolicy
from billing.hardship.ports import MeterDay
from billing.hardship.postgres_policies import PostgresPolicies
from billing.hardship.use import KNOWN_OF_TEN
from billing.hardship.values import AccountEvent, EventKind, Ratio, Run, Stage
from billing.terms.values import Installation
from prewatt_metering.calendar.instants import us_of

_DAY = timedelta(days=1)

# A household: an agreement on the day, and no meter that is a business's.
_ACCOUNTS = """
SELECT a.account_id, min(a.tariff_code) AS tariff_code FROM agreement AS a
WHERE a.account_id > $2 AND a.first_day <= $1 AND (a.end_day IS NULL OR a.end_day > $1)
  AND NOT EXISTS (
    SELECT FROM installation AS i JOIN meter AS m ON m.id = i.meter_id
    WHERE i.account_id = a.account_id AND NOT i.removed AND i.ends_at IS NULL AND NOT m.household)
GROUP BY a.account_id ORDER BY a.account_id LIMIT $3
"""
_CHANGED_DAYS = """
WITH changed AS (
    SELECT i.account_id, min(d.day) - 2 AS first
    FROM installation AS i JOIN meter_day AS d ON d.meter_id = i.meter_id
    WHERE i.account_id = ANY($1::uuid[]) AND NOT i.removed AND d.day >= $2 AND d.changed_at >= $3
    GROUP BY i.account_id
)
SELECT DISTINCT d.meter_id, d.day, d.packed
FROM changed AS c JOIN installation AS i ON i.account_id = c.account_id AND NOT i.removed
JOIN meter_day AS d ON d.meter_id = i.meter_id AND d.day >= c.first
ORDER BY d.meter_id, d.day
"""
_PUT_USE = """
INSERT INTO hardship_use AS u (account_id, day, used_wh)
SELECT * FROM unnest($1::uuid[], $2::date[], $3::bigint[])
ON CONFLICT (account_id, day) DO UPDATE SET used_wh = excluded.used_wh
WHERE u.used_wh <> excluded.used_wh
"""
# As `use.use_ratio` has it of one household; of whom one of the two is not known enough, or who
# used nothing before, is no neighbour.
_MEDIANS = """
WITH sums AS (
    SELECT account_id,
           sum(used_wh) FILTER (WHERE day > $2) AS now, count(*) FILTER (WHERE day > $2) AS n_now,
           sum(used_wh) FILTER (WHERE day <= $2) AS before,
           count(*) FILTER (WHERE day <= $2) AS n_before
    FROM hardship_use WHERE day > $3 AND day <= $1 GROUP BY account_id
), ratios AS (
    SELECT a.tariff_code, (s.now * s.n_before * 1000000) / (s.before * s.n_now) AS ppm
    FROM sums AS s JOIN agreement AS a ON a.account_id = s.account_id
     AND a.first_day <= $1 AND (a.end_day IS NULL OR a.end_day > $1)
    WHERE 10 * s.n_now >= $6 * $4::int AND 10 * s.n_before >= $6 * $5::int AND s.before > 0
)
INSERT INTO hardship_neighbours
SELECT tariff_code, count(*), percentile_disc(0.5) WITHIN GROUP (ORDER BY ppm)::bigint
FROM ratios GROUP BY tariff_code
"""


class TurnReads(PostgresPolicies):
    """The reading part of a `Turn`, and how far it is, on an open transaction."""

    async def newest_runs(self) -> Sequence[Run]:
        """The last two, the newest first."""
        rows = await self._connection.fetch("SELECT * FROM hardship_run ORDER BY day DESC LIMIT 2")
        return [_run(row) for row in rows]

    async def begin(self, day: date, *, policy_version: int, now: datetime) -> None:
        """A new one."""
        await self._connection.execute(
            "INSERT INTO hardship_run (day, policy_version, began_at) VALUES ($1, $2, $3)",
            day, policy_version, now,
        )  # fmt: skip

    async def save(self, run: Run) -> None:
        """How far it is."""
        await self._connection.execute(
            "UPDATE hardship_run SET finished_at = $2, stage = $3, after = $4, accounts = $5, "
            "raised = $6, ended = $7, worked_s = $8 WHERE day = $1",
            run.day, run.finished_at, run.stage, run.after, run.accounts, run.raised, run.ended,
            run.worked_s,
        )  # fmt: skip

    async def accounts(self, *, day: date, after: UUID, limit: int) -> Sequence[tuple[UUID, str]]:
        """By account."""
        rows = await self._connection.fetch(_ACCOUNTS, day, after, limit)
        return [(row["account_id"], row["tariff_code"]) for row in rows]

    async def meters(self, account_ids: Sequence[UUID]) -> Sequence[Installation]:
        """All that hang or hung there."""
        rows = await self._connection.fetch(
            "SELECT * FROM installation WHERE account_id = ANY($1::uuid[]) AND NOT removed "
            "ORDER BY account_id, meter_id, begins_at",
            list(account_ids),
        )
        return [
            Installation(
                meter=row["meter_id"],
                account_id=row["account_id"],
                from_us=us_of(row["begins_at"]),
                to_us=None if row["ends_at"] is None else us_of(row["ends_at"]),
                opening_wh=row["opening_wh"],
                closing_wh=row["closing_wh"],
                multiplier=row["multiplier"],
                device=row["device"],
            )
            for row in rows
        ]

    async def changed_days(
        self, account_ids: Sequence[UUID], *, first: date, since: datetime
    ) -> Sequence[MeterDay]:
        """By meter and day."""
        rows = await self._connection.fetch(_CHANGED_DAYS, list(account_ids), first, since)
        return [MeterDay(row["meter_id"], row["day"], row["packed"]) for row in rows]

    async def put_use(self, rows: Sequence[tuple[UUID, date, int]]) -> None:
        """One statement; what is as before is not written again."""
        if rows:
            accounts, days, used = zip(*rows, strict=True)
            await self._connection.execute(_PUT_USE, accounts, days, used)

    async def take_medians(self, policy: HardshipPolicy, *, day: date) -> None:
        """One statement over the days of all households."""
        now_after = day - policy.use_days * _DAY
        before_after = now_after - policy.use_before_days * _DAY
        await self._connection.execute("DELETE FROM hardship_neighbours")
        await self._connection.execute(
            _MEDIANS, day, now_after, before_after, policy.use_days, policy.use_before_days,
            KNOWN_OF_TEN,
        )  # fmt: skip

    async def medians(self) -> Mapping[str, Ratio]:
        """By tariff."""
        rows = await self._connection.fetch("SELECT * FROM hardship_neighbours")
        return {row["tariff_code"]: Ratio(row["households"], row["ratio_ppm"]) for row in rows}

    async def events(
        self, account_ids: Sequence[UUID], *, since: datetime
    ) -> Mapping[UUID, Sequence[AccountEvent]]:
        """Since then; and what is older of supply, as it may last."""
        found: dict[UUID, list[AccountEvent]] = {}
        for row in await self._connection.fetch(
            "SELECT * FROM hardship_event WHERE account_id = ANY($1::uuid[]) "
            "AND (at >= $2 OR kind <> 'top_up')",
            list(account_ids),
            since,
        ):
            found.setdefault(row["account_id"], []).append(
                AccountEvent(
                    row["account_id"],
                    EventKind(row["kind"]),
                    row["source"],
                    us_of(row["at"]),
                    row["amount_micro"],
                )
            )
        return found

    async def use(
        self, account_ids: Sequence[UUID], *, since: date
    ) -> Mapping[UUID, Mapping[date, int]]:
        """By account and day."""
        found: dict[UUID, dict[date, int]] = {}
        for account_id, day, used_wh in await self._connection.fetch(
            "SELECT account_id, day, used_wh FROM hardship_use "
            "WHERE account_id = ANY($1::uuid[]) AND day >= $2",
            list(account_ids),
            since,
        ):
            found.setdefault(account_id, {})[day] = used_wh
        return found


def _run(row: asyncpg.Record) -> Run:
    return Run(
        day=row["day"],
        policy_version=row["policy_version"],
        began_at=row["began_at"],
        finished_at=row["finished_at"],
        stage=Stage(row["stage"]),
        after=row["after"],
        accounts=row["accounts"],
        raised=row["raised"],
        ended=row["ended"],
        worked_s=row["worked_s"],
    )
