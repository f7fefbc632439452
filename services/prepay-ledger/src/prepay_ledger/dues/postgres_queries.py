"""What post-paid accounts were charged, and what they have: read-only."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

from prepay_ledger.balances.refusals import UnknownAccount
from prepay_ledger.dues.refusals import NotPostPaid
from prepay_ledger.dues.values import Period, PostPaid
from prewatt_common.contracts.procedure_v1 import Mode
from prewatt_common.db.database import Database, DriverConnection, driver

_ACCOUNT = """
SELECT a.id, a.number, a.currency, a.balance_micro, a.overdraft_micro, a.mode, c.first_day,
       c.due_days, l.late_micro, coalesce(k.paid_micro, 0) AS late_paid_micro
FROM account AS a LEFT JOIN late_charge_look AS k ON k.account_id = a.id LEFT JOIN LATERAL (
    SELECT first_day, due_days FROM mode_change
    WHERE account_id = a.id AND state = 'done' AND to_mode = 'arrears' ORDER BY id DESC LIMIT 1
) AS c ON true
CROSS JOIN LATERAL (
    SELECT coalesce(sum(x.amount_micro), 0)::bigint AS late_micro FROM late_charge AS x
    JOIN statement AS s ON s.id = x.statement_id
    JOIN agreement AS g ON g.id = s.agreement_id AND g.first_day >= c.first_day
    WHERE x.account_id = a.id
) AS l
"""
_ONE = f"{_ACCOUNT} WHERE a.id = $1"
_OWING = f"""
{_ACCOUNT}
WHERE a.mode = 'arrears' AND a.balance_micro < 0 AND c.first_day IS NOT NULL
  AND ($1::uuid IS NULL OR a.id > $1)
ORDER BY a.id LIMIT $2
"""
# Of agreements that began as the account was post-paid, or later.
_PERIODS = """
SELECT s.account_id, s.agreement_id, s.period_first, s.period_end, s.posted_micro
FROM unnest($1::uuid[], $2::date[]) AS asked (account_id, since)
JOIN charge_state AS s ON s.account_id = asked.account_id AND s.period_end > asked.since
JOIN agreement AS g ON g.id = s.agreement_id AND g.first_day >= asked.since
ORDER BY s.account_id, s.period_first
"""


class DueQueries:
    """Each question one read-only transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def post_paid(self, account_id: UUID) -> PostPaid:
        """The account as it stands. Raises `UnknownAccount` or `NotPostPaid`."""
        async with self._database.transaction() as connection:
            asked = await driver(connection)
            row = await asked.fetchrow(_ONE, account_id)
            if row is None:
                message = f"account {account_id} does not exist"
                raise UnknownAccount(message)
            if row["mode"] != Mode.ARREARS:
                message = f"account {row['number']} pays beforehand: nothing of it is due"
                raise NotPostPaid(message)
            (found,) = await _with_periods(asked, [row])
        return found

    async def owing(self, *, after: UUID | None, limit: int) -> Sequence[PostPaid]:
        """Post-paid accounts whose balance is below zero, by their ids."""
        async with self._database.transaction() as connection:
            asked = await driver(connection)
            return await _with_periods(asked, await asked.fetch(_OWING, after, limit))


async def _with_periods(asked: DriverConnection, rows: Sequence[Any]) -> Sequence[PostPaid]:
    ids, since = [row["id"] for row in rows], [row["first_day"] for row in rows]
    found = await asked.fetch(_PERIODS, ids, since)
    periods = {
        account_id: [Period(*tuple(each)[1:]) for each in its]
        for account_id, its in groupby(found, key=lambda each: each["account_id"])
    }
    return [
        PostPaid(
            account_id=row["id"],
            number=row["number"],
            currency=row["currency"],
            balance_micro=row["balance_micro"],
            late_micro=max(0, row["late_micro"] - row["late_paid_micro"]),
            limit_micro=row["overdraft_micro"],
            since=row["first_day"],
            due_days=row["due_days"],
            periods=periods.get(row["id"], []),
        )
        for row in rows
    ]
