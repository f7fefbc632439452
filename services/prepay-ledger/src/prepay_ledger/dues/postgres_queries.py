"""What a post-paid account was charged, and what it has: read-only."""

from uuid import UUID

from prepay_ledger.balances.refusals import UnknownAccount
from prepay_ledger.dues.refusals import NotPostPaid
from prepay_ledger.dues.values import Period, PostPaid
from prewatt_common.contracts.procedure_v1 import Mode
from prewatt_common.db.database import Database, driver

_ACCOUNT = """
SELECT a.number, a.currency, a.balance_micro, a.overdraft_micro, a.mode, c.first_day, c.due_days
FROM account AS a LEFT JOIN LATERAL (
    SELECT first_day, due_days FROM mode_change
    WHERE account_id = a.id AND state = 'done' AND to_mode = 'arrears' ORDER BY id DESC LIMIT 1
) AS c ON true
WHERE a.id = $1
"""
_PERIODS = """
SELECT agreement_id, period_first, period_end, posted_micro FROM charge_state
WHERE account_id = $1 AND period_end > $2 AND agreement_id IN
      (SELECT id FROM agreement WHERE account_id = $1 AND first_day >= $2)
ORDER BY period_first
"""


class DueQueries:
    """Each question one read-only transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def post_paid(self, account_id: UUID) -> PostPaid:
        """The account as it stands. Raises `UnknownAccount` or `NotPostPaid`."""
        async with self._database.transaction() as connection:
            asked = await driver(connection)
            row = await asked.fetchrow(_ACCOUNT, account_id)
            if row is None:
                message = f"account {account_id} does not exist"
                raise UnknownAccount(message)
            if row["mode"] != Mode.ARREARS:
                message = f"account {row['number']} pays beforehand: nothing of it is due"
                raise NotPostPaid(message)
            periods = await asked.fetch(_PERIODS, account_id, row["first_day"])
        return PostPaid(
            account_id=account_id,
            currency=row["currency"],
            balance_micro=row["balance_micro"],
            limit_micro=row["overdraft_micro"],
            since=row["first_day"],
            due_days=row["due_days"],
            periods=[Period(*each) for each in map(tuple, periods)],
        )
