"""Debts as people look at them: read-only."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from prepay_ledger.debts.postgres_rows import to_debts
from prepay_ledger.debts.values import Debt
from prewatt_common.contracts.ledger_events_v1 import DebtNews
from prewatt_common.db.database import Database, driver

_DEBTS = """
SELECT * FROM debt
WHERE ($1::uuid IS NULL OR account_id = $1)
  AND ($2::boolean IS NULL OR (left_micro > 0) = $2)
  AND ($3::uuid IS NULL OR id < $3)
ORDER BY id DESC LIMIT $4
"""
_OUTSTANDING = """
SELECT currency, sum(left_micro)::bigint AS micro FROM debt GROUP BY currency
"""
# What was paid is told a month after the last time.
_UNTOLD = """
SELECT min(changed_at) FROM debt_news WHERE amount_micro > 0 AND news <> $1
"""


class DebtQueries:
    """Each question one read-only transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def debts(
        self, *, account_id: UUID | None, open_: bool | None, before: UUID | None, limit: int
    ) -> Sequence[Debt]:
        """The newest first, older than ``before``."""
        async with self._database.transaction() as connection:
            asked = await driver(connection)
            return await to_debts(
                asked, await asked.fetch(_DEBTS, account_id, open_, before, limit)
            )

    async def outstanding(self) -> Mapping[str, int]:
        """What is owed, in micro-units by currency; those that were paid too, as zero."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(_OUTSTANDING)
        return {row["currency"]: row["micro"] for row in rows}

    async def untold_since(self) -> datetime | None:
        """Since when somebody waits to be told; what was paid apart, which may wait."""
        async with self._database.transaction() as connection:
            return await (await driver(connection)).fetchval(_UNTOLD, DebtNews.PAID)
