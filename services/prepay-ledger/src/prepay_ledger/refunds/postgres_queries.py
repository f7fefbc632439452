"""Refunds, and what nobody has claimed, as people look at them: read-only."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from prepay_ledger.balances.postgres import check_account, select_account, to_account
from prepay_ledger.balances.tables import account as account_table
from prepay_ledger.refunds.postgres import PostgresRefunds
from prepay_ledger.refunds.postgres_rows import REFUND, to_refund, to_step
from prepay_ledger.refunds.refusals import UnknownRefund
from prepay_ledger.refunds.values import AccountGround, Refund, RefundState, Step, Unclaimed, Way
from prewatt_common.db.database import Database, driver

_PAGE = f"""
{REFUND}
WHERE ($1::uuid IS NULL OR r.account_id = $1)
  AND ($2::text IS NULL OR r.state = $2)
  AND ($3::uuid IS NULL OR r.id < $3)
ORDER BY r.id DESC LIMIT $4
"""
_STEPS = """
SELECT * FROM refund_step WHERE refund_id = $1 AND ($2::uuid IS NULL OR id < $2)
ORDER BY id DESC LIMIT $3
"""
# An account's last agreement, where that has ended: each account is there once.
_CLOSED = """
FROM agreement AS g JOIN account AS a ON a.id = g.account_id
CROSS JOIN LATERAL (
    SELECT coalesce((SELECT sum(left_micro) FROM deposit
                     WHERE account_id = a.id AND kind = 'cash'), 0)::bigint AS deposits_micro,
           coalesce((SELECT sum(left_micro) FROM debt
                     WHERE account_id = a.id), 0)::bigint AS debts_micro
) AS s
WHERE g.end_day <= $1
  AND NOT EXISTS (SELECT FROM agreement AS o WHERE o.account_id = g.account_id
                  AND (o.end_day IS NULL OR o.end_day > g.end_day))
  AND a.balance_micro + s.deposits_micro - s.debts_micro > 0
"""
_UNCLAIMED = f"""
SELECT a.id AS account_id, a.number, a.currency, g.end_day AS ended_on, a.balance_micro,
       s.deposits_micro, s.debts_micro
{_CLOSED} AND ($2::uuid IS NULL OR a.id > $2) ORDER BY a.id LIMIT $3
"""
_UNCLAIMED_COUNT = f"SELECT count(*) {_CLOSED}"
_OLDEST = """
SELECT way, min(ordered_at) AS since FROM refund WHERE state = 'in-transit' GROUP BY way
"""

_UNANSWERED = "SELECT count(*) FROM refund_back WHERE state IN ('unanswered', 'other-amount')"


class RefundQueries:
    """Each question one read-only transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ground(self, account_id: UUID, *, today: date, now: datetime) -> AccountGround:
        """Raises `UnknownAccount`."""
        async with self._database.transaction() as connection:
            await check_account(connection, account_id)
            query = select_account().where(account_table.c.id == account_id)
            account = to_account((await connection.execute(query)).mappings().one())
            ground = await PostgresRefunds(connection).ground(account, today=today, now=now)
        return AccountGround(account.currency, ground)

    async def refunds(
        self,
        *,
        account_id: UUID | None,
        state: RefundState | None,
        before: UUID | None,
        limit: int,
    ) -> Sequence[Refund]:
        """The newest first."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(_PAGE, account_id, state, before, limit)
        return [to_refund(row) for row in rows]

    async def refund(self, refund_id: UUID) -> Refund:
        """Raises `UnknownRefund`."""
        async with self._database.transaction() as connection:
            row = await (await driver(connection)).fetchrow(f"{REFUND} WHERE r.id = $1", refund_id)
        if row is None:
            message = f"there is no refund {refund_id}"
            raise UnknownRefund(message)
        return to_refund(row)

    async def steps(self, refund_id: UUID, *, before: UUID | None, limit: int) -> Sequence[Step]:
        """The newest first. Raises `UnknownRefund`."""
        await self.refund(refund_id)
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(_STEPS, refund_id, before, limit)
        return [to_step(row) for row in rows]

    async def unclaimed(
        self, ended_by: date, *, after: UUID | None, limit: int
    ) -> Sequence[Unclaimed]:
        """Of accounts that nothing charges since that day or before, by their ids."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(_UNCLAIMED, ended_by, after, limit)
        return [Unclaimed(**dict(row)) for row in rows]

    async def count_unclaimed(self, ended_by: date) -> int:
        """Likewise."""
        async with self._database.transaction() as connection:
            return await (await driver(connection)).fetchval(_UNCLAIMED_COUNT, ended_by)

    async def count_unanswered(self) -> int:
        """Of which nobody knows what their provider did, or which it did otherwise. By the index of
        those that are open."""
        async with self._database.transaction() as connection:
            return await (await driver(connection)).fetchval(_UNANSWERED)

    async def waiting_since(self) -> Mapping[Way, datetime]:
        """When the oldest refund was ordered that is in transit, by its way."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(_OLDEST)
        return {Way(row["way"]): row["since"] for row in rows}
