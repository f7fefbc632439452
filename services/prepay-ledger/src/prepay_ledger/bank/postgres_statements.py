"""Which statements of banks are missing: read-only."""

from collections.abc import Sequence
from datetime import UTC, date
from uuid import UUID

from sqlalchemy import text

from prepay_ledger.bank.values import Gap, SilentAccount
from prepay_ledger.business_days import BusinessDays
from prewatt_common.db.database import Database

# A statement follows another where it begins with the balance that the other ended with, of the
# same day or the month before. One that is told twice, or in two formats, follows as the first.
_GAPS = """
FROM bank_statement AS s
JOIN bank_account AS a ON a.account = s.account
JOIN LATERAL (
  SELECT b.last_day, b.closing_micro FROM bank_statement AS b
  WHERE b.account = s.account AND b.last_day < s.last_day AND b.closing_micro IS NOT NULL
  ORDER BY b.last_day DESC, b.id DESC LIMIT 1
) AS b ON true
WHERE s.opening_micro IS NOT NULL
  AND NOT EXISTS (
    SELECT FROM bank_statement AS p
    WHERE p.account = s.account AND p.closing_micro = s.opening_micro AND p.id <> s.id
      AND p.last_day BETWEEN s.first_day - 31 AND s.last_day
      AND (p.last_day, p.opening_micro, p.closing_micro)
          IS DISTINCT FROM (s.last_day, s.opening_micro, s.closing_micro))
  AND NOT EXISTS (
    SELECT FROM bank_statement AS d
    WHERE d.account = s.account AND d.opening_micro = s.opening_micro
      AND d.last_day = s.last_day AND d.id < s.id)
"""
_PAGE = text(f"""
SELECT s.id, s.account, a.currency, s.statement, s.first_day, b.last_day AS after, s.opening_micro,
  s.opening_micro - b.closing_micro AS missing_micro, s.accepted_by, s.accepted_reason,
  s.accepted_at
{_GAPS}
  AND (CAST(:account AS text) IS NULL OR s.account = :account)
  AND (CAST(:open AS boolean) IS NULL OR (s.accepted_at IS NULL) = :open)
  AND (CAST(:before AS uuid) IS NULL OR s.id < :before)
ORDER BY s.id DESC LIMIT :limit
""")
_COUNT = text(f"SELECT count(*) {_GAPS} AND s.accepted_at IS NULL")
_LAST_DAYS = text("""
SELECT a.account, a.name, a.at, (
  SELECT max(s.last_day) FROM bank_statement AS s WHERE s.account = a.account) AS last_day
FROM bank_account AS a ORDER BY a.account
""")


class StatementQueries:
    """Each question one read-only transaction. An account that nothing came of for ``late_days``
    business days is silent."""

    def __init__(self, database: Database, *, days: BusinessDays, late_days: int) -> None:
        self._database = database
        self._days = days
        self._late_days = late_days

    async def gaps(
        self, *, account: str | None, open_: bool | None, before: UUID | None, limit: int
    ) -> Sequence[Gap]:
        """Older than ``before``, newest first; ``open_``: those that nobody has accepted."""
        values = {"account": account, "open": open_, "before": before, "limit": limit}
        async with self._database.transaction() as connection:
            return [Gap(**row) for row in (await connection.execute(_PAGE, values)).mappings()]

    async def open_gaps(self) -> int:
        """How many nobody has accepted."""
        async with self._database.transaction() as connection:
            return (await connection.execute(_COUNT)).scalar_one()

    async def silent(self, *, today: date) -> Sequence[SilentAccount]:
        """By the number of the account. There are few accounts."""
        async with self._database.transaction() as connection:
            rows = (await connection.execute(_LAST_DAYS)).all()
        found: list[SilentAccount] = []
        for account, name, opened_at, last_day in rows:
            since = last_day or opened_at.astimezone(UTC).date()
            days = self._days.count(since, today)
            if days >= self._late_days:
                found.append(
                    SilentAccount(account=account, name=name, last_day=last_day, business_days=days)
                )
        return found
