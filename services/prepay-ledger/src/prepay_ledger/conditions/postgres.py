"""Conditions in PostgreSQL."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.balances.postgres import RECHECK
from prepay_ledger.conditions.postgres_rows import CONDITIONS, to_condition
from prepay_ledger.conditions.rules import standing
from prepay_ledger.conditions.values import Condition, Standing
from prepay_ledger.facts.values import Decided
from prewatt_common.contracts.cut_facts_v1 import ConditionKind
from prewatt_common.db.database import driver

_NAMED = f"""
{CONDITIONS} WHERE c.kind = $1 AND c.account_id IS NOT DISTINCT FROM $2 AND c.reference = $3
"""
_ADD = """
INSERT INTO condition (id, kind, account_id, reference, holds_until, begun_by, reason, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING id
"""
_END = """
INSERT INTO condition_end (condition_id, ended_by, reason, at)
VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING condition_id
"""
# One look into each of two indexes, which find nothing where nothing was ever told.
_STANDS = """
(holds_until IS NULL OR holds_until > $2)
AND NOT EXISTS (SELECT FROM condition_end WHERE condition_id = condition.id)
"""
_STANDING = f"""
SELECT account_id, kind, holds_until FROM condition
WHERE account_id = ANY($1::uuid[]) AND {_STANDS}
UNION ALL
SELECT account_id, kind, holds_until FROM condition WHERE account_id IS NULL AND {_STANDS}
"""  # noqa: S608 - of constants


class PostgresConditions:
    """A `ConditionStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def named(
        self, kind: ConditionKind, *, account_id: UUID | None, reference: str
    ) -> Condition | None:
        """By the names that are unique."""
        connection = await driver(self._connection)
        row = await connection.fetchrow(_NAMED, kind, account_id, reference)
        return None if row is None else to_condition(row)

    async def condition(self, condition_id: UUID) -> Condition | None:
        """None where there is none."""
        connection = await driver(self._connection)
        row = await connection.fetchrow(f"{CONDITIONS} WHERE c.id = $1", condition_id)
        return None if row is None else to_condition(row)

    async def add(self, condition: Condition) -> bool:
        """Waits for whoever adds the same."""
        begun = condition.begun
        added = await (await driver(self._connection)).fetchval(
            _ADD,
            condition.id,
            condition.kind,
            condition.account_id,
            condition.reference,
            condition.until,
            begun.by,
            begun.reason,
            begun.at,
        )
        return added is not None

    async def end(self, condition_id: UUID, decided: Decided) -> bool:
        """Waits for whoever ends the same."""
        ended = await (await driver(self._connection)).fetchval(
            _END, condition_id, decided.by, decided.reason, decided.at
        )
        return ended is not None

    async def recheck(self, account_id: UUID, *, now: datetime) -> None:
        """A decision that has the account locked did not see our row, and the job that looks by
        the clock decides once more."""
        await (await driver(self._connection)).execute(RECHECK, [account_id], now)

    async def standing(
        self, account_ids: Collection[UUID], *, now: datetime
    ) -> Mapping[UUID, Standing]:
        """One statement for all."""
        rows = await (await driver(self._connection)).fetch(_STANDING, list(account_ids), now)
        told = [(row[0], ConditionKind(row[1]), row[2]) for row in rows]
        return standing(told, account_ids)
