"""Deposits derived anew from their steps and the journal, for ``prewatt audit``; nothing is
written."""

from collections.abc import AsyncIterator

from prepay_ledger.seals.values import Finding
from prewatt_common.db.database import DriverConnection

_STEPS = """
SELECT d.id, d.drawn_micro, d.received_micro, d.released_micro, d.amount_micro,
       coalesce(s.drawn, 0)::bigint AS drawn, coalesce(s.received, 0)::bigint AS received,
       coalesce(s.released, 0)::bigint AS released, coalesce(s.held, 0)::bigint AS held
FROM deposit AS d LEFT JOIN (
    SELECT deposit_id, sum(amount_micro) FILTER (WHERE action = 'hold') AS held,
           sum(amount_micro) FILTER (WHERE action = 'draw') AS drawn,
           sum(amount_micro) FILTER (WHERE action = 'receive') AS received,
           sum(amount_micro) FILTER (WHERE action = 'release') AS released
    FROM deposit_step GROUP BY deposit_id
) AS s ON s.deposit_id = d.id
WHERE (d.amount_micro, d.drawn_micro, d.received_micro, d.released_micro) IS DISTINCT FROM
      (coalesce(s.held, 0), coalesce(s.drawn, 0), coalesce(s.received, 0), coalesce(s.released, 0))
ORDER BY d.id LIMIT 1
"""
_ACCOUNTS = """
SELECT account_id, coalesce(b.micro, 0)::bigint AS kept, coalesce(d.micro, 0)::bigint AS held
FROM (SELECT account_id, amount_micro AS micro FROM sub_balance
      WHERE sub_account = 'deposit') AS b
FULL JOIN (SELECT account_id, sum(left_micro) AS micro FROM deposit WHERE kind = 'cash'
           GROUP BY 1) AS d USING (account_id)
WHERE coalesce(b.micro, 0) <> coalesce(d.micro, 0) ORDER BY account_id LIMIT 1
"""


async def audit_deposits_of(connection: DriverConnection) -> AsyncIterator[Finding]:
    """The first deposit that is not what its steps come to, and the first account whose deposits in
    cash are not what lies in its sub-account."""
    if (row := await connection.fetchrow(_STEPS)) is not None:
        text = (
            f"deposit {row['id']}, in micro-units: held {row['amount_micro']}, drawn "
            f"{row['drawn_micro']}, received {row['received_micro']}, released "
            f"{row['released_micro']}; its steps come to {row['held']}, {row['drawn']}, "
            f"{row['received']}, {row['released']}"
        )
        yield Finding("deposit", None, text)
    if (row := await connection.fetchrow(_ACCOUNTS)) is not None:
        text = (
            f"account {row['account_id']} has {row['kept']} micro-units of deposits, its deposits "
            f"in cash come to {row['held']}"
        )
        yield Finding("deposits", None, text)
