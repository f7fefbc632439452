"""Debts derived anew from the journal, for ``prewatt audit``; nothing is written."""

from collections.abc import AsyncIterator

from prepay_ledger.seals.values import Finding
from prewatt_common.db.database import DriverConnection

_MOVED = """
WITH moved AS (
    SELECT split_part(j.source, '/', 1) AS by, -e.amount_micro AS micro,
           CASE split_part(j.source, '/', 1)
               WHEN 'bill' THEN split_part(j.source, '/', 5)
               WHEN 'write-off' THEN p.subject
               ELSE split_part(j.source, '/', 2)
           END AS debt_id,
           split_part(j.source, '/', 3) <> '' AS is_numbered
    FROM journal AS j JOIN entry AS e ON e.journal_id = j.id
    LEFT JOIN proposal AS p ON p.kind = 'debt-write-off'
        AND split_part(j.source, '/', 1) = 'write-off' AND p.id::text = split_part(j.source, '/', 2)
    WHERE j.kind = 'debt' AND e.sub_account = 'debt'
), derived AS (
    SELECT debt_id,
           sum(micro) FILTER (WHERE by = 'bill' OR by = 'debt' AND NOT is_numbered) AS billed,
           -sum(micro) FILTER (WHERE by = 'top-up' OR by = 'debt' AND is_numbered) AS paid,
           -sum(micro) FILTER (WHERE by = 'write-off') AS written_off
    FROM moved GROUP BY debt_id
)
"""
"""What each debt's journals come to. Their sources: ``debt/<id>`` made it; ``bill/.../<id>`` is a
later difference of its period; ``debt/<id>/<one>`` paid an instalment,
``top-up/<id>/<payment>/<journal>`` a part of the payment that the journal credited; with one more
journal after it, it followed what that one moved of the payment."""
_DEBTS = (
    _MOVED
    + """
SELECT coalesce(d.id::text, m.debt_id) AS debt_id,
       d.amount_micro - d.lowered_micro AS billed, d.paid_micro AS paid,
       d.written_off_micro AS written_off,
       coalesce(m.billed, 0)::bigint AS derived_billed, coalesce(m.paid, 0)::bigint AS derived_paid,
       coalesce(m.written_off, 0)::bigint AS derived_written_off
FROM debt AS d FULL JOIN derived AS m ON m.debt_id = d.id::text
WHERE (d.amount_micro - d.lowered_micro, d.paid_micro, d.written_off_micro)
      IS DISTINCT FROM (coalesce(m.billed, 0), coalesce(m.paid, 0), coalesce(m.written_off, 0))
ORDER BY 1 LIMIT 1
"""
)
_ACCOUNTS = """
SELECT account_id, coalesce(s.micro, 0)::bigint AS kept, coalesce(d.micro, 0)::bigint AS owed
FROM (SELECT account_id, -amount_micro AS micro FROM sub_balance
      WHERE sub_account = 'debt') AS s
FULL JOIN (SELECT account_id, sum(left_micro) AS micro FROM debt GROUP BY 1) AS d USING (account_id)
WHERE coalesce(s.micro, 0) <> coalesce(d.micro, 0) ORDER BY account_id LIMIT 1
"""
_BARRED = """
WITH off AS (
    SELECT split_part(j.source, '/', 2) AS agreement_id, split_part(j.source, '/', 3) AS first,
           e.amount_micro AS micro
    FROM journal AS j JOIN entry AS e ON e.journal_id = j.id
    WHERE j.kind = 'debt' AND j.source LIKE 'bill/%/barred'
    UNION ALL
    SELECT d.agreement_id::text, d.period_first::text, p.amount_micro
    FROM proposal AS p JOIN proposal_outcome AS o ON o.proposal_id = p.id
    JOIN debt AS d ON d.id::text = p.subject
    WHERE p.kind = 'debt-write-off' AND o.action = 'approved'
)
SELECT coalesce(c.agreement_id::text, o.agreement_id) AS agreement_id,
       coalesce(c.period_first::text, o.first) AS first,
       coalesce(c.barred_micro, 0) AS kept, coalesce(o.micro, 0)::bigint AS derived
FROM corrected_bill AS c
FULL JOIN (SELECT agreement_id, first, sum(micro) AS micro FROM off GROUP BY 1, 2) AS o
    ON o.agreement_id = c.agreement_id::text AND o.first = c.period_first::text
WHERE coalesce(c.barred_micro, 0) <> coalesce(o.micro, 0) ORDER BY 1, 2 LIMIT 1
"""


async def audit_debts_of(connection: DriverConnection) -> AsyncIterator[Finding]:
    """The first debt that is not what its journals come to, the first account that owes something
    else than its debts, and the first period of which something else was written off."""
    if (row := await connection.fetchrow(_DEBTS)) is not None:
        if row["billed"] is None:
            text = f"debt {row['debt_id']} has journals, and is not there"
        else:
            differing = ", ".join(
                f"{name} {row[key]}, its journals come to {row[f'derived_{key}']}"
                for name, key in (
                    ("billed", "billed"), ("paid", "paid"), ("written off", "written_off")
                )
                if row[key] != row[f"derived_{key}"]
            )  # fmt: skip
            text = f"debt {row['debt_id']}, in micro-units: {differing}"
        yield Finding("debt", None, text)
    if (row := await connection.fetchrow(_ACCOUNTS)) is not None:
        text = (
            f"account {row['account_id']} owes {row['kept']} micro-units apart, its debts come to "
            f"{row['owed']}"
        )
        yield Finding("debts", None, text)
    if (row := await connection.fetchrow(_BARRED)) is not None:
        text = (
            f"{row['kept']} micro-units were written off of the period {row['first']} of agreement "
            f"{row['agreement_id']}, its journals come to {row['derived']}"
        )
        yield Finding("written off", None, text)
