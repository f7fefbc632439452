"""What accounts' late days are reckoned from, in PostgreSQL: each kind of rows by one query for all
of them."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from prepay_ledger.balances.values import Account
from prepay_ledger.late_charges.postgres_rows import to_ground
from prepay_ledger.late_charges.values import Ground
from prewatt_common.db.database import DriverConnection

_SINCE = """
SELECT DISTINCT ON (m.account_id) m.account_id, m.first_day, m.closing_micro,
       (SELECT at FROM mode_change_step WHERE change_id = m.id AND action = 'close') AS at
FROM mode_change AS m
WHERE m.account_id = ANY($1::uuid[]) AND m.state = 'done' AND m.to_mode = 'arrears'
ORDER BY m.account_id, m.id DESC
"""
# Each with what was posted for it by its newest row, whose sums are of all of them.
_STATEMENTS = """
SELECT a.account_id, s.id, s.number, s.due_on, s.period_first, s.period_end, s.posted_total_micro,
       p.number AS posted_number, p.accrued_micro, p.waived_micro, r.step_days
FROM unnest($1::uuid[], $2::date[]) AS a (account_id, first_day)
JOIN statement AS s ON s.account_id = a.account_id
JOIN agreement AS g ON g.id = s.agreement_id AND g.first_day >= a.first_day
LEFT JOIN LATERAL (
    SELECT number, accrued_micro, waived_micro FROM late_charge
    WHERE statement_id = s.id ORDER BY number DESC LIMIT 1
) AS p ON true
LEFT JOIN LATERAL (
    SELECT max(step_days) AS step_days FROM payment_reminder WHERE statement_id = s.id
) AS r ON true
ORDER BY a.account_id, s.number
"""
_PERIODS = """
SELECT a.account_id, c.period_first, c.posted_micro
FROM unnest($1::uuid[], $2::date[]) AS a (account_id, first_day)
JOIN charge_state AS c ON c.account_id = a.account_id
JOIN agreement AS g ON g.id = c.agreement_id AND g.first_day >= a.first_day
ORDER BY a.account_id
"""
# All that moved the balance since, but what was charged for use, whose entries come days later and
# alone name an agreement, and late charges. A payment is there on the day on which the bank says
# so, one that a file of debits collected on that of the file, and out of suspense from the day on
# which it came.
_MOVEMENTS = """
SELECT a.account_id, e.amount_micro,
       least((j.posted_at AT TIME ZONE $3)::date,
             coalesce(l.value_on, l.booked_on, (p.received_at AT TIME ZONE $3)::date,
                      (SELECT min(f.collect_on) FROM top_up_request AS r
                       JOIN debit_item AS i ON i.request_id = r.id
                       JOIN debit_file AS f ON f.id = i.file_id
                       WHERE j.kind = 'top-up' AND r.payment_id <> ''
                         AND r.provider = split_part(j.source, '/', 1)
                         AND r.payment_id
                             = substr(j.source, length(split_part(j.source, '/', 1)) + 2)))) AS day
FROM unnest($1::uuid[], $2::timestamptz[]) AS a (account_id, since)
JOIN entry AS e ON e.account_id = a.account_id AND e.sub_account = 'credit'
    AND e.agreement_id IS NULL
JOIN journal AS j ON j.id = e.journal_id AND j.posted_at >= a.since
    AND j.kind NOT IN ('charge', 'late-charge')
LEFT JOIN bank_line AS l ON l.id = CASE
    WHEN j.kind IN ('top-up', 'suspense-assigned') AND j.source LIKE 'bank/%'
    THEN right(j.source, 36)::uuid END
LEFT JOIN payment AS p ON j.kind = 'suspense-assigned'
    AND p.provider = split_part(j.source, '/', 1)
    AND p.payment_id = substr(j.source, length(split_part(j.source, '/', 1)) + 2)
ORDER BY a.account_id
"""
# What was given up since for statements of an earlier post-paid time.
_WAIVED_BEFORE = """
SELECT a.account_id, c.amount_micro
FROM unnest($1::uuid[], $2::date[], $3::timestamptz[]) AS a (account_id, first_day, since)
JOIN late_charge_waiver AS w ON w.account_id = a.account_id AND w.at >= a.since
JOIN late_charge AS c ON c.id = w.charge_id
JOIN statement AS s ON s.id = w.statement_id
JOIN agreement AS g ON g.id = s.agreement_id AND g.first_day < a.first_day
ORDER BY a.account_id
"""
# Whether a bank pays these it has not said yet. ``day``: on which a file collects it, if one does.
_AWAITED = """
SELECT r.account_id, r.amount_micro, f.collect_on AS day FROM top_up_request AS r
LEFT JOIN debit_item AS i ON i.request_id = r.id LEFT JOIN debit_file AS f ON f.id = i.file_id
WHERE r.account_id = ANY($1::uuid[]) AND r.debt_id IS NULL
  AND r.state IN ('sending', 'accepted', 'unanswered')
ORDER BY r.account_id
"""
_DISPUTED = """
SELECT c.account_id, c.at AS since, least(c.holds_until, e.at) AS until FROM condition AS c
LEFT JOIN condition_end AS e ON e.condition_id = c.id
WHERE c.account_id = ANY($1::uuid[]) AND c.kind = 'disputed_readings' ORDER BY c.account_id
"""
_PROTECTED = """
SELECT account_id, begins_at AS since, ends_at AS until FROM account_protection
WHERE account_id = ANY($1::uuid[]) ORDER BY account_id
"""
Rows = Mapping[UUID, Sequence[Any]]


async def grounds_of(
    connection: DriverConnection, accounts: Sequence[Account], *, zone: ZoneInfo
) -> Sequence[Ground]:
    """After the accounts' locks were waited for."""
    if not accounts:
        return ()
    begun = await _by_account(connection, _SINCE, [each.id for each in accounts])
    ids, first_days, since = list(begun), list[Any](), list[Any]()
    for (each,) in begun.values():
        first_days.append(each["first_day"])
        since.append(each["at"])
    statements = await _by_account(connection, _STATEMENTS, ids, first_days)
    periods = await _by_account(connection, _PERIODS, ids, first_days)
    movements = await _by_account(connection, _MOVEMENTS, ids, since, zone.key)
    waived = await _by_account(connection, _WAIVED_BEFORE, ids, first_days, since)
    awaited = await _by_account(connection, _AWAITED, ids)
    disputed = await _by_account(connection, _DISPUTED, ids)
    protected = await _by_account(connection, _PROTECTED, ids)
    return [
        to_ground(
            account,
            since=begun[account.id][0],
            statements=statements.get(account.id, ()),
            periods=periods.get(account.id, ()),
            movements=movements.get(account.id, ()),
            waived_before=waived.get(account.id, ()),
            awaited=awaited.get(account.id, ()),
            disputed=disputed.get(account.id, ()),
            protected=protected.get(account.id, ()),
        )
        for account in accounts
        if account.id in begun
    ]


async def _by_account(connection: DriverConnection, query: str, *values: Any) -> Rows:
    rows = await connection.fetch(query, *values)
    return {each: list(its) for each, its in groupby(rows, key=lambda row: row["account_id"])}
