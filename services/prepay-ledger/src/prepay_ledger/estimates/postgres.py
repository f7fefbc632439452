"""What the utility decided, how far a day's run came, and whom it comes to."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.estimates.values import Policy, Portion, Terms, UnderWay
from prewatt_common.db.database import driver
from prewatt_metering.calendar.instants import instant_of

_LOCK = 0x4E4D09
_WINDOW = 1_000
"""Accounts that are looked through in one statement, some 10 ms."""

_POLICY = """
SELECT revision, after_days, longest_days, decided_by, reason, at FROM estimate_policy
"""
_PUT_POLICY = """
INSERT INTO estimate_policy (revision, after_days, longest_days, decided_by, reason, at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (only_row) DO UPDATE
SET revision = excluded.revision, after_days = excluded.after_days,
    longest_days = excluded.longest_days, decided_by = excluded.decided_by,
    reason = excluded.reason, at = excluded.at
"""

# One row, which whoever estimates holds.
_TAKE = "SELECT day, revision, after, is_done FROM estimate_run FOR UPDATE SKIP LOCKED"
# A run that its day was too short for goes on from where it was, or the last accounts would wait
# for ever; by another policy all are looked at again.
_NEXT = """
UPDATE estimate_run SET day = $1, revision = $2, is_done = false,
                        after = CASE WHEN revision = $2 THEN after END
RETURNING after
"""

# A meter that has no open day may have spoken: whoever looks at it finds that out.
_MAY_BE_SILENT = """
FROM installation AS i JOIN meter_state AS s ON s.meter_id = i.meter_id
WHERE i.begins_at < $2 AND (i.ends_at IS NULL OR i.ends_at > $2)
  AND (s.open_day IS NULL AND $1::bigint IS NOT NULL OR s.last_at_us <= $1) AND i.account_id
"""
_DUE = f"""
WITH seen AS (
  SELECT id FROM account WHERE $3::uuid IS NULL OR id > $3 ORDER BY id LIMIT {_WINDOW}
), due AS (
  SELECT id FROM seen
  WHERE EXISTS (SELECT FROM estimate AS e WHERE e.account_id = seen.id AND e.meters <> '{{}}')
     OR EXISTS (SELECT {_MAY_BE_SILENT} = seen.id)
  ORDER BY id LIMIT $4
)
SELECT (SELECT array_agg(id ORDER BY id) FROM due) AS due,
       (SELECT count(*) FROM seen) AS seen,
       (SELECT id FROM seen ORDER BY id DESC LIMIT 1) AS last
"""  # noqa: S608 - of constants
_METERS = f"SELECT i.account_id, i.meter_id {_MAY_BE_SILENT} = ANY($3::uuid[]) ORDER BY 1, 2"


class PostgresEstimates:
    """An `EstimateStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def policy(self) -> Policy | None:
        """One row."""
        row = await (await driver(self._connection)).fetchrow(_POLICY)
        return None if row is None else Policy(**row)

    async def hold_policy(self) -> Policy | None:
        """By a lock beside the row: there may be none yet."""
        connection = await driver(self._connection)
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        return await self.policy()

    async def put_policy(self, policy: Policy) -> None:
        """In place of what stood."""
        await (await driver(self._connection)).execute(
            _PUT_POLICY, policy.revision, policy.after_days, policy.longest_days,
            policy.decided_by, policy.reason, policy.at,
        )  # fmt: skip

    async def begin(self, day: date) -> UnderWay | None:
        """The first run of all makes the row. An insert that meets it would wait for whoever holds
        it, so nobody else tries one."""
        policy = await self.policy()
        if policy is None:
            return None
        connection = await driver(self._connection)
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM estimate_run)"):
            await connection.execute(
                "INSERT INTO estimate_run (day, revision, is_done, done_day) "
                "VALUES ($1, $2, false, $1::date - 1) ON CONFLICT DO NOTHING",
                day,
                policy.revision,
            )
        row = await connection.fetchrow(_TAKE)
        if row is None:
            return None
        after: UUID | None = row["after"]
        if (row["day"], row["revision"]) != (day, policy.revision):
            if row["day"] > day:
                return None
            after = await connection.fetchval(_NEXT, day, policy.revision)
        elif row["is_done"]:
            return None
        return UnderWay(day, _terms(policy), after)

    async def run_day(self) -> date | None:
        """As of the last commit."""
        return await (await driver(self._connection)).fetchval("SELECT done_day FROM estimate_run")

    async def go_on(self, after: UUID | None) -> None:
        """The row is held."""
        await (await driver(self._connection)).execute(
            "UPDATE estimate_run SET after = $1::uuid, is_done = $1::uuid IS NULL, "
            "done_day = CASE WHEN $1::uuid IS NULL THEN day ELSE done_day END",
            after,
        )

    async def portion(
        self, *, after: UUID | None, silent_before_us: int | None, at_us: int, limit: int
    ) -> Portion:
        """Out of the next thousand accounts."""
        connection = await driver(self._connection)
        at = instant_of(at_us)
        row = await connection.fetchrow(_DUE, silent_before_us, at, after, limit)
        assert row is not None, "an aggregate has a row"
        due: list[UUID] = row["due"] or []
        meters: dict[UUID, list[str]] = {each: [] for each in due}
        for account_id, meter_id in await connection.fetch(_METERS, silent_before_us, at, due):
            meters[account_id].append(meter_id)
        if len(due) == limit:
            return Portion(meters, due[-1])
        return Portion(meters, row["last"] if row["seen"] == _WINDOW else None)

    async def mark(self, meter_ids: Collection[str]) -> None:
        """Their versions rise, by which a batch under way is refused."""
        await (await driver(self._connection)).execute(
            "UPDATE meter_state SET is_estimated = true, version = version + 1 "
            "WHERE meter_id = ANY($1::text[]) AND NOT is_estimated",
            list(meter_ids),
        )


def _terms(policy: Policy) -> Terms | None:
    if policy.after_days is None or policy.longest_days is None:
        return None
    return Terms(policy.after_days, policy.longest_days)
