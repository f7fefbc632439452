"""What customers are still to be told of debts, in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from prewatt_common.contracts.ledger_events_v1 import DebtNews
from prewatt_common.db.database import driver

_ADD = """
INSERT INTO debt_news AS n (account_id, news, amount_micro, changed_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (account_id, news) DO UPDATE
SET amount_micro = n.amount_micro + excluded.amount_micro, changed_at = excluded.changed_at
"""
_DUE = """
SELECT account_id FROM debt_news
WHERE news = $1 AND amount_micro > 0 AND changed_at <= $2
  AND (told_at IS NULL OR told_at <= $3) AND ($4::uuid IS NULL OR account_id > $4)
ORDER BY account_id LIMIT $5
"""
_TAKE = """
UPDATE debt_news AS n SET amount_micro = 0, told_at = $3
FROM (SELECT account_id, news, amount_micro FROM debt_news
      WHERE account_id = $1 AND news = $2 AND amount_micro > 0 FOR UPDATE) AS before
WHERE n.account_id = before.account_id AND n.news = before.news
RETURNING before.amount_micro
"""
_CANCEL = """
UPDATE debt_news AS n
SET amount_micro = before.amount_micro - least(before.amount_micro, $3), changed_at = $4
FROM (SELECT account_id, news, amount_micro FROM debt_news
      WHERE account_id = $1 AND news = $2 AND amount_micro > 0 FOR UPDATE) AS before
WHERE n.account_id = before.account_id AND n.news = before.news
RETURNING least(before.amount_micro, $3::bigint)
"""


class PostgresDebtNews:
    """A `NewsStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, account_id: UUID, news: DebtNews, micro: int, *, at: datetime) -> None:
        """One row an account and kind."""
        await (await driver(self._connection)).execute(_ADD, account_id, news, micro, at)

    async def cancel(self, account_id: UUID, news: DebtNews, micro: int, *, at: datetime) -> int:
        """Waits for whoever has it."""
        cancelled_micro = await (await driver(self._connection)).fetchval(
            _CANCEL, account_id, news, micro, at
        )
        return cancelled_micro or 0

    async def due(
        self,
        news: DebtNews,
        *,
        quiet_since: datetime,
        told_before: datetime,
        after: UUID | None,
        limit: int,
    ) -> Sequence[UUID]:
        """Without a lock: `take` says what there is."""
        rows = await (await driver(self._connection)).fetch(
            _DUE, news, quiet_since, told_before, after, limit
        )
        return [row["account_id"] for row in rows]

    async def take(self, account_id: UUID, news: DebtNews, *, at: datetime) -> int:
        """Waits for whoever has it."""
        return await (await driver(self._connection)).fetchval(_TAKE, account_id, news, at) or 0
