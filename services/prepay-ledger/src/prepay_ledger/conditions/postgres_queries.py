"""Conditions as people look at them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from prepay_ledger.conditions.postgres_rows import CONDITIONS, to_condition
from prepay_ledger.conditions.values import Condition
from prewatt_common.contracts.cut_facts_v1 import ConditionKind
from prewatt_common.db.database import Database, driver

_PAGE = f"""
{CONDITIONS} WHERE ($1::uuid IS NULL OR c.id < $1)
AND (NOT $3::boolean OR e.condition_id IS NULL AND (c.holds_until IS NULL OR c.holds_until > $2))
ORDER BY c.id DESC LIMIT $4
"""


_OLDEST = """
SELECT c.kind, min(c.at) AS at
FROM condition AS c LEFT JOIN condition_end AS e ON e.condition_id = c.id
WHERE e.condition_id IS NULL AND (c.holds_until IS NULL OR c.holds_until > $1)
GROUP BY c.kind
"""


class ConditionQueries:
    """Each question one read-only transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def conditions(
        self, *, active: bool, now: datetime, before: UUID | None, limit: int
    ) -> Sequence[Condition]:
        """The newest first; ``active``: those alone that stand at ``now``."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(_PAGE, before, now, active, limit)
        return [to_condition(row) for row in rows]

    async def oldest(self, *, now: datetime) -> Mapping[ConditionKind, datetime]:
        """Since when the oldest of each kind stands that does at ``now``."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(_OLDEST, now)
        return {ConditionKind(row["kind"]): row["at"] for row in rows}
