"""Late charges in PostgreSQL."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.approvals.refusals import KeyUsedBefore
from prepay_ledger.balances.values import Account
from prepay_ledger.late_charges.postgres_rows import (
    CHARGES,
    to_charged,
    to_ground,
    to_waiver,
    values_of,
)
from prepay_ledger.late_charges.values import Charged, Ground, LateChargeRow, Reminder, Waiver
from prewatt_common.contracts.procedure_v1 import Mode
from prewatt_common.db.database import driver

_DUE = """
SELECT a.id FROM account AS a LEFT JOIN late_charge_look AS l ON l.account_id = a.id
WHERE a.mode = 'arrears' AND (l.through IS NULL OR l.through < $1)
  AND EXISTS (SELECT FROM statement AS s WHERE s.account_id = a.id AND s.due_on <= $1)
ORDER BY a.id LIMIT $2
"""
_SINCE = """
SELECT m.first_day, m.closing_micro,
       (SELECT at FROM mode_change_step WHERE change_id = m.id AND action = 'close') AS at
FROM mode_change AS m WHERE m.account_id = $1 AND m.state = 'done' AND m.to_mode = 'arrears'
ORDER BY m.id DESC LIMIT 1
"""
_STATEMENTS = """
SELECT s.id, s.number, s.due_on, s.period_first, s.period_end, s.posted_total_micro
FROM statement AS s
JOIN agreement AS g ON g.id = s.agreement_id AND g.first_day >= $2
WHERE s.account_id = $1 ORDER BY s.number
"""
_PERIODS = """
SELECT c.period_first, c.posted_micro FROM charge_state AS c
JOIN agreement AS g ON g.id = c.agreement_id AND g.first_day >= $2 WHERE c.account_id = $1
"""
# All that moved the balance since, but what was charged for use, whose entries come days later. A
# payment is there on the day on which the bank says so, one that a file of debits collected on that
# of the file, and out of suspense from the day on which it came.
_MOVEMENTS = """
SELECT e.amount_micro, j.kind = 'late-charge' AS is_late,
       least((j.posted_at AT TIME ZONE $3)::date,
             coalesce(l.value_on, l.booked_on, (p.received_at AT TIME ZONE $3)::date,
                      (SELECT min(f.collect_on) FROM top_up_request AS r
                       JOIN debit_item AS i ON i.request_id = r.id
                       JOIN debit_file AS f ON f.id = i.file_id
                       WHERE j.kind = 'top-up' AND r.payment_id <> ''
                         AND r.provider = split_part(j.source, '/', 1)
                         AND r.payment_id
                             = substr(j.source, length(split_part(j.source, '/', 1)) + 2)))) AS day
FROM entry AS e JOIN journal AS j ON j.id = e.journal_id
LEFT JOIN bank_line AS l ON l.id = CASE
    WHEN j.kind IN ('top-up', 'suspense-assigned') AND j.source LIKE 'bank/%'
    THEN right(j.source, 36)::uuid END
LEFT JOIN payment AS p ON j.kind = 'suspense-assigned'
    AND p.provider = split_part(j.source, '/', 1)
    AND p.payment_id = substr(j.source, length(split_part(j.source, '/', 1)) + 2)
WHERE e.account_id = $1 AND e.sub_account = 'credit' AND j.posted_at >= $2 AND j.kind <> 'charge'
"""
# By files that a bank has, or may have.
_AWAITED = """
SELECT coalesce(sum(amount_micro), 0)::bigint FROM top_up_request
WHERE account_id = $1 AND debt_id IS NULL AND state IN ('sending', 'accepted', 'unanswered')
"""
# Whether a bank pays these it has not said yet.
_PRESENTED = """
SELECT f.collect_on AS day, r.amount_micro FROM top_up_request AS r
JOIN debit_item AS i ON i.request_id = r.id JOIN debit_file AS f ON f.id = i.file_id
WHERE r.account_id = $1 AND r.debt_id IS NULL AND r.state IN ('sending', 'accepted', 'unanswered')
"""
_POSTED = """
SELECT DISTINCT ON (statement_id) statement_id, number, accrued_micro, waived_micro
FROM late_charge WHERE account_id = $1 ORDER BY statement_id, number DESC
"""
_REMINDED = """
SELECT statement_id, array_agg(step_days) AS steps FROM payment_reminder
WHERE account_id = $1 GROUP BY 1
"""
_ADD_REMINDER = """
INSERT INTO payment_reminder
    (id, statement_id, account_id, step_days, open_micro, currency, policy_number, customer_class,
     at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
_DISPUTED = """
SELECT c.at AS since, least(c.holds_until, e.at) AS until FROM condition AS c
LEFT JOIN condition_end AS e ON e.condition_id = c.id
WHERE c.account_id = $1 AND c.kind = 'disputed_readings'
"""
_PROTECTED = """
SELECT begins_at AS since, ends_at AS until FROM account_protection WHERE account_id = $1
"""
_ADD = """
INSERT INTO late_charge
    (id, statement_id, account_id, number, through, amount_micro, accrued_micro, waived_micro,
     currency, policy_number, customer_class, spans, journal_id, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
"""
_LOOKED = """
INSERT INTO late_charge_look (account_id, through, paid_micro) VALUES ($1, $2, $3)
ON CONFLICT (account_id) DO UPDATE SET through = excluded.through, paid_micro = excluded.paid_micro
"""
_ADD_WAIVER = """
INSERT INTO late_charge_waiver
    (id, key, statement_id, account_id, amount_micro, currency, who, reason, proposal_id,
     charge_id, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (who, key) DO NOTHING RETURNING id
"""


class PostgresLateCharges:
    """A `LateChargeStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def due(self, through: date, *, limit: int) -> Sequence[UUID]:
        """By the index of post-paid accounts."""
        rows = await (await driver(self._connection)).fetch(_DUE, through, limit)
        return [row["id"] for row in rows]

    async def ground(self, account: Account, *, zone: ZoneInfo) -> Ground | None:
        """After the account's lock was waited for."""
        connection = await driver(self._connection)
        since = await connection.fetchrow(_SINCE, account.id)
        if since is None or account.mode is not Mode.ARREARS:
            return None
        first_day = since["first_day"]
        return to_ground(
            account,
            first_day=first_day,
            closing_micro=since["closing_micro"],
            statements=await connection.fetch(_STATEMENTS, account.id, first_day),
            periods=await connection.fetch(_PERIODS, account.id, first_day),
            movements=await connection.fetch(_MOVEMENTS, account.id, since["at"], zone.key),
            posted=await connection.fetch(_POSTED, account.id),
            reminded=await connection.fetch(_REMINDED, account.id),
            disputed=await connection.fetch(_DISPUTED, account.id),
            protected=await connection.fetch(_PROTECTED, account.id),
            awaited_micro=await connection.fetchval(_AWAITED, account.id),
            presented=await connection.fetch(_PRESENTED, account.id),
        )

    async def add(self, row: LateChargeRow) -> None:
        """The caller has the account locked."""
        await (await driver(self._connection)).execute(_ADD, *values_of(row))

    async def add_reminder(self, reminder: Reminder) -> None:
        """Likewise."""
        await (await driver(self._connection)).execute(
            _ADD_REMINDER,
            reminder.id,
            reminder.statement_id,
            reminder.account_id,
            reminder.step_days,
            reminder.open_micro,
            reminder.currency,
            reminder.policy_number,
            reminder.customer_class,
            reminder.at,
        )

    async def looked(self, account_id: UUID, *, through: date, paid_micro: int) -> None:
        """Likewise."""
        await (await driver(self._connection)).execute(_LOOKED, account_id, through, paid_micro)

    async def looked_through(self, account_id: UUID) -> date | None:
        """Likewise."""
        return await (await driver(self._connection)).fetchval(
            "SELECT through FROM late_charge_look WHERE account_id = $1", account_id
        )

    async def of_statement(self, statement_id: UUID) -> Charged | None:
        """The newest row has the sums."""
        row = await (await driver(self._connection)).fetchrow(
            f"{CHARGES} WHERE statement_id = $1 ORDER BY number DESC LIMIT 1", statement_id
        )
        return None if row is None else to_charged(row)

    async def waiver(self, key: str, *, who: str) -> Waiver | None:
        """By its key."""
        row = await (await driver(self._connection)).fetchrow(
            "SELECT * FROM late_charge_waiver WHERE who = $1 AND key = $2", who, key
        )
        return None if row is None else to_waiver(row)

    async def add_waiver(self, waiver: Waiver) -> None:
        """Waits for whoever uses the same key, of another statement."""
        order = waiver.order
        added = await (await driver(self._connection)).fetchval(
            _ADD_WAIVER,
            waiver.id,
            order.key,
            order.statement_id,
            waiver.account_id,
            order.amount_micro,
            waiver.currency,
            order.who,
            order.reason,
            waiver.proposal_id,
            waiver.charge_id,
            waiver.at,
        )
        if added is None:
            message = (
                f"the Idempotency-Key {order.key} came before with another waiver, which stands; "
                "nothing was changed"
            )
            raise KeyUsedBefore(message)
