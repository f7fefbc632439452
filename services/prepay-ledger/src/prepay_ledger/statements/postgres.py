"""Statements in PostgreSQL."""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.balances.values import Account
from prepay_ledger.statements.values import Before, Ground, Period, PeriodKey, Statement
from prewatt_common.db.database import driver

_SINCE = """
CROSS JOIN LATERAL (
    SELECT id AS change_id, first_day, due_days, closing_micro, closing_paid_micro
    FROM mode_change WHERE account_id = a.id AND state = 'done' AND to_mode = 'arrears'
    ORDER BY id DESC LIMIT 1
) AS m
JOIN agreement AS g ON g.account_id = a.id AND g.first_day >= m.first_day
JOIN charge_state AS c ON c.agreement_id = g.id
"""
_DUE = """
SELECT account_id FROM statement_due WHERE look_on <= $1 ORDER BY look_on, account_id LIMIT $2
"""
_NEXT = f"""
SELECT c.agreement_id, c.period_first, c.period_end FROM account AS a {_SINCE}
WHERE a.id = $1
  AND NOT EXISTS (SELECT FROM statement AS s WHERE s.agreement_id = c.agreement_id
                  AND s.period_first = c.period_first)
ORDER BY c.period_first LIMIT 1
"""  # noqa: S608 - of constants
_LOOK_ON = """
INSERT INTO statement_due (account_id, look_on) VALUES ($1, $2)
ON CONFLICT (account_id) DO UPDATE SET look_on = excluded.look_on
"""
_PERIODS = f"""
SELECT m.change_id, m.due_days, m.closing_micro, m.closing_paid_micro, c.agreement_id,
       c.period_first, c.period_end, c.posted, c.posted_micro, c.energy_wh
FROM account AS a {_SINCE} WHERE a.id = $1
"""  # noqa: S608 - of constants
_PAID = """
SELECT coalesce(sum(e.amount_micro), 0)::bigint FROM entry AS e JOIN journal AS j
    ON j.id = e.journal_id
WHERE e.account_id = $1 AND e.sub_account = 'credit'
  AND j.kind IN ('top-up', 'suspense-assigned', 'taken-back')
"""
_LATE = """
SELECT coalesce(sum(amount_micro), 0)::bigint FROM late_charge WHERE account_id = $1
"""
# As the account became post-paid.
_LATE_BY_THEN = f"""
{_LATE} AND at < (SELECT at FROM mode_change_step WHERE change_id = $2 AND action = 'close')
"""  # noqa: S608 - of constants
_LAST = """
SELECT s.owed_micro, s.posted_total_micro, s.paid_total_micro, s.late_total_micro
FROM statement AS s
WHERE s.account_id = $1 AND s.agreement_id = ANY($2::uuid[]) ORDER BY s.number DESC LIMIT 1
"""
_ADD = """
INSERT INTO statement
    (id, number, account_id, agreement_id, period_first, period_end, account_number, currency,
     energy_wh, charged, brought_micro, charged_micro, corrected_micro, paid_micro, given_micro,
     late_micro, owed_micro, posted_total_micro, paid_total_micro, late_total_micro, due_on,
     issued_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
        $21, $22)
"""
# What it tells may change what late days of those before it cost.
_LOOK_AT_LATE = """
INSERT INTO late_charge_look (account_id, look_on) VALUES ($1, $2)
ON CONFLICT (account_id) DO UPDATE
SET look_on = least(late_charge_look.look_on, excluded.look_on)
"""


class PostgresStatements:
    """A `StatementStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def due(self, ended_by: date, *, limit: int) -> Sequence[UUID]:
        """By the index of the days."""
        rows = await (await driver(self._connection)).fetch(_DUE, ended_by, limit)
        return [row["account_id"] for row in rows]

    async def look_on(self, account_id: UUID, day: date) -> None:
        """Write it."""
        await (await driver(self._connection)).execute(_LOOK_ON, account_id, day)

    async def forget(self, account_id: UUID) -> None:
        """Its row goes."""
        await (await driver(self._connection)).execute(
            "DELETE FROM statement_due WHERE account_id = $1", account_id
        )

    async def next_period(self, account_id: UUID) -> Period | None:
        """The caller has the account locked."""
        row = await (await driver(self._connection)).fetchrow(_NEXT, account_id)
        if row is None:
            return None
        return Period(PeriodKey(account_id, row["agreement_id"], row["period_first"]), row[2])

    async def ground(self, account: Account, key: PeriodKey) -> Ground:
        """After the account's lock was waited for."""
        connection = await driver(self._connection)
        periods = await connection.fetch(_PERIODS, account.id)
        (own,) = (row for row in periods if (row["agreement_id"], row["period_first"]) == key[1:])
        last = await connection.fetchrow(
            _LAST, account.id, list({row["agreement_id"] for row in periods})
        )
        if last is None:
            late = await connection.fetchval(_LATE_BY_THEN, account.id, own["change_id"])
            before = Before(
                owed_micro=-own["closing_micro"],
                posted_micro=0,
                paid_micro=own["closing_paid_micro"],
                late_micro=late,
            )
        else:
            before = Before(
                owed_micro=last[0], posted_micro=last[1], paid_micro=last[2], late_micro=last[3]
            )
        up_to = [row["posted_micro"] for row in periods if row["period_first"] <= key.period_first]
        return Ground(
            number=account.number,
            currency=account.currency,
            balance_micro=account.balance_micro,
            period_end=own["period_end"],
            energy_wh=own["energy_wh"],
            charged=json.loads(own["posted"]),
            posted_micro=sum(up_to),
            later_micro=sum(row["posted_micro"] for row in periods) - sum(up_to),
            paid_micro=await self.paid_micro(account.id),
            late_micro=await connection.fetchval(_LATE, account.id),
            due_days=own["due_days"],
            before=before,
        )

    async def paid_micro(self, account_id: UUID) -> int:
        """Whoever pays in locks the account's row first."""
        return await (await driver(self._connection)).fetchval(_PAID, account_id)

    async def next_number(self) -> int:
        """The row's lock is held until the transaction ends: no number is left out."""
        return await (await driver(self._connection)).fetchval(
            "UPDATE statement_number SET last = last + 1 RETURNING last"
        )

    async def add(self, statement: Statement) -> None:
        """The caller has the account locked."""
        amounts = statement.amounts
        connection = await driver(self._connection)
        look_on = min(statement.issued_at.date(), statement.due_on + timedelta(days=1))
        await connection.execute(_LOOK_AT_LATE, statement.key.account_id, look_on)
        await connection.execute(
            _ADD,
            statement.id,
            statement.number,
            *statement.key,
            statement.period_end,
            statement.account_number,
            statement.currency,
            statement.energy_wh,
            json.dumps(dict(statement.charged)),
            amounts.brought_micro,
            amounts.charged_micro,
            amounts.corrected_micro,
            amounts.paid_micro,
            amounts.given_micro,
            amounts.late_micro,
            amounts.owed_micro,
            statement.posted_total_micro,
            statement.paid_total_micro,
            statement.late_total_micro,
            statement.due_on,
            statement.issued_at,
        )
