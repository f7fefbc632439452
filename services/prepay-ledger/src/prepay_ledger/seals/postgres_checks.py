"""What must hold of all that was posted: the first that does not is told in words."""

from datetime import date

from prepay_ledger.seals.values import CUSTOMERS, SealedTable
from prewatt_common.db.database import DriverConnection

_DISAGREEING = """
SELECT j.id, j.entries, j.entries_micro, j.postings, e.entries AS found, e.micro AS found_micro,
       p.postings AS postings_found, p.micro AS postings_micro
FROM journal AS j
CROSS JOIN LATERAL (SELECT count(*) AS entries, coalesce(sum(amount_micro), 0) AS micro
                    FROM entry WHERE journal_id = j.id) AS e
CROSS JOIN LATERAL (SELECT count(*) AS postings, coalesce(sum(amount_micro), 0) AS micro
                    FROM posting WHERE journal_id = j.id) AS p
WHERE ($1::date IS NULL OR j.day = $1)
  AND (e.entries <> j.entries OR e.micro <> j.entries_micro OR p.postings <> j.postings
       OR e.micro + p.micro <> 0)
ORDER BY j.id LIMIT 1
"""

_SUMS_DIFFER = """
SELECT currency, ledger_account, coalesce(s.amount_micro, 0) AS kept,
       coalesce(m.micro, 0) AS found
FROM sealed_sum AS s
FULL JOIN (
  SELECT j.currency, p.ledger_account, sum(p.amount_micro) AS micro
  FROM posting AS p JOIN journal AS j ON j.id = p.journal_id JOIN seal ON seal.day = j.day
  GROUP BY 1, 2
  UNION ALL
  SELECT j.currency, $1::text, sum(e.amount_micro)
  FROM entry AS e JOIN journal AS j ON j.id = e.journal_id JOIN seal ON seal.day = j.day
  GROUP BY 1
) AS m USING (currency, ledger_account)
WHERE coalesce(s.amount_micro, 0) <> coalesce(m.micro, 0) ORDER BY 1, 2 LIMIT 1
"""

_UNBALANCED = """
SELECT a.number, a.balance_micro, coalesce(e.micro, 0) AS micro, coalesce(o.micro, 0) AS open
FROM account AS a
LEFT JOIN (SELECT account_id, sum(amount_micro) AS micro FROM entry
           WHERE sub_account = 'credit' GROUP BY 1) AS e
  ON e.account_id = a.id
LEFT JOIN (SELECT account_id, sum(entered_micro - posted_micro) AS micro
           FROM charge_state GROUP BY 1) AS o
  ON o.account_id = a.id
WHERE a.balance_micro <> coalesce(e.micro, 0) + coalesce(o.micro, 0) ORDER BY a.number LIMIT 1
"""

_SUBS_DIFFER = """
SELECT a.number, sub_account, coalesce(s.amount_micro, 0) AS kept, coalesce(e.micro, 0) AS found
FROM sub_balance AS s
FULL JOIN (
  SELECT account_id, sub_account, sum(amount_micro) AS micro FROM entry
  WHERE sub_account <> 'credit' GROUP BY 1, 2
) AS e USING (account_id, sub_account)
JOIN account AS a ON a.id = account_id
WHERE coalesce(s.amount_micro, 0) <> coalesce(e.micro, 0) ORDER BY 1, 2 LIMIT 1
"""

_UNDATED = """
SELECT t.day, {key} AS key FROM {table} AS t
WHERE NOT EXISTS (SELECT FROM seal WHERE seal.day = t.day)
  AND NOT EXISTS (SELECT FROM posting_day AS p WHERE t.day IN (p.day, p.unsealed))
LIMIT 1
"""


class PostgresChecks:
    """That part of a `SealStore`, on an open transaction."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    async def disagreeing_journal(self, day: date | None) -> str | None:
        """The first, in words."""
        row = await self._connection.fetchrow(_DISAGREEING, day)
        if row is None:
            return None
        if row["entries"] != row["found"] or row["entries_micro"] != row["found_micro"]:
            return (
                f"journal {row['id']} says {row['entries']} entries of {row['entries_micro']} "
                f"micro-units, there are {row['found']} of {row['found_micro']}"
            )
        if row["postings"] != row["postings_found"]:
            return (
                f"journal {row['id']} says {row['postings']} postings, "
                f"there are {row['postings_found']}"
            )
        off = row["found_micro"] + row["postings_micro"]
        return f"journal {row['id']} is off by {off} micro-units"

    async def undated(self, table: SealedTable) -> str | None:
        """The first that is found, in words. Rows of a journal have its day."""
        if table.of_journal:
            return None
        key = " || '/' || ".join(f"t.{name}::text" for name in table.key)
        row = await self._connection.fetchrow(_UNDATED.format(table=table.name, key=key))
        return None if row is None else f"row {row['key']} of {table.name} is of {row['day']}"

    async def wrong_sum(self) -> str | None:
        """The first, in words."""
        row = await self._connection.fetchrow(_SUMS_DIFFER, CUSTOMERS)
        if row is None:
            return None
        name = f"{row['ledger_account']} in {row['currency']}"
        kept = f"{name} is kept as {row['kept']} micro-units"
        return f"{kept}, its rows come to {row['found']}"

    async def unbalanced_account(self) -> str | None:
        """The first, in words."""
        row = await self._connection.fetchrow(_UNBALANCED)
        if row is not None:
            return (
                f"account {row['number']} has {row['balance_micro']} micro-units, its entries come "
                f"to {row['micro']} and what is open to {row['open']}"
            )
        row = await self._connection.fetchrow(_SUBS_DIFFER)
        if row is not None:
            return (
                f"account {row['number']} has {row['kept']} micro-units of {row['sub_account']}, "
                f"its entries come to {row['found']}"
            )
        return None
