"""What post-paid accounts owe by their statements, and of which a mandate asks for it."""

from collections.abc import Hashable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.debit_files.values import DueStatement
from prepay_ledger.mandates.values import COUNTED, OPEN
from prewatt_common.db.database import driver

# As the account became post-paid: what it owed by statements of an earlier such time is a debt
# since, or was paid.
_SINCE = """
SELECT first_day FROM mode_change
WHERE account_id = a.id AND state = 'done' AND to_mode = 'arrears' ORDER BY id DESC LIMIT 1
"""
_NEWEST = f"""
SELECT s.id FROM statement AS s JOIN agreement AS g ON g.id = s.agreement_id
WHERE s.account_id = a.id AND s.due_on <= $2 AND g.first_day >= ({_SINCE})
ORDER BY s.number DESC LIMIT 1
"""  # noqa: S608 - of constants
_ACCOUNTS = f"""
SELECT m.account_id FROM mandate AS m JOIN account AS a ON a.id = m.account_id
CROSS JOIN LATERAL ({_NEWEST}) AS s
WHERE m.provider = $1 AND m.state = 'active' AND m.statement_micro_max IS NOT NULL
  AND a.mode = 'arrears' AND a.balance_micro < 0 AND ($3::uuid IS NULL OR m.account_id > $3)
  AND NOT EXISTS (SELECT FROM top_up_request AS r
                  WHERE r.statement_id = s.id AND r.state = ANY($5::text[]))
ORDER BY m.account_id LIMIT $4
"""  # noqa: S608 - of constants
# What is owed up to the statement's end is what the balance lacks, without what was charged for
# later periods (as in `statements` and `dues`), and never more than the statement told. What other
# requests may bring yet, of earlier statements, or for a top-up from before the account was
# post-paid, is not asked for twice; one of a later statement has this one's left out.
_DUE = f"""
SELECT s.id AS statement_id, s.due_on,
       CASE WHEN own.first_day >= since.first_day
            THEN least(s.owed_micro, -(a.balance_micro + later.micro)) - open.micro
            ELSE 0 END AS owed_micro,
       EXISTS (SELECT FROM top_up_request AS r
               WHERE r.statement_id = s.id AND r.state = ANY($3::text[])) AS is_asked_for
FROM statement AS s JOIN account AS a ON a.id = s.account_id
JOIN agreement AS own ON own.id = s.agreement_id
CROSS JOIN LATERAL ({_SINCE}) AS since
CROSS JOIN LATERAL (
    SELECT coalesce(sum(c.posted_micro), 0)::bigint AS micro
    FROM charge_state AS c JOIN agreement AS g ON g.id = c.agreement_id
    WHERE c.account_id = s.account_id AND c.period_first > s.period_first
      AND g.first_day >= since.first_day
) AS later
CROSS JOIN LATERAL (
    SELECT coalesce(sum(r.amount_micro), 0)::bigint AS micro
    FROM top_up_request AS r LEFT JOIN statement AS o ON o.id = r.statement_id
    WHERE r.account_id = s.account_id AND r.debt_id IS NULL AND r.state = ANY($2::text[])
      AND (r.statement_id IS NULL OR o.number < s.number)
) AS open
"""  # noqa: S608 - of constants
_NEWS = """
SELECT (SELECT id FROM mandate_step ORDER BY id DESC LIMIT 1) AS mandates,
       (SELECT last FROM statement_number) AS statements,
       (SELECT max(closed_at) FROM top_up_request) AS requests
"""


class PostgresDueStatements:
    """A `DueStatementStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def accounts(
        self, provider: str, until: date, *, after: UUID | None, limit: int
    ) -> Sequence[UUID]:
        """By the index of such mandates."""
        rows = await (await driver(self._connection)).fetch(
            _ACCOUNTS, provider, until, after, limit, sorted(COUNTED)
        )
        return [row["account_id"] for row in rows]

    async def news(self) -> Hashable:
        """By three indexes, of which each gives its last."""
        row = await (await driver(self._connection)).fetchrow(_NEWS)
        assert row is not None, "a row of subqueries is always there"
        return tuple(row)

    async def newest(self, account_id: UUID, until: date) -> DueStatement | None:
        """By the account's index."""
        return await self._due(
            "WHERE s.account_id = $1 AND s.due_on <= $4 AND own.first_day >= since.first_day "
            "ORDER BY s.number DESC LIMIT 1",
            account_id,
            until,
        )

    async def one(self, statement_id: UUID) -> DueStatement:
        """By its id."""
        found = await self._due("WHERE s.id = $1", statement_id)
        assert found is not None, "a statement stays"
        return found

    async def _due(self, condition: str, of: UUID, *more: Any) -> DueStatement | None:
        row = await (await driver(self._connection)).fetchrow(
            f"{_DUE} {condition}", of, sorted(OPEN), sorted(COUNTED), *more
        )
        return None if row is None else DueStatement(**row)
