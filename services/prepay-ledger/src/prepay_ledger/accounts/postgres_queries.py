"""What people and dashboards ask of accounts and of the ledger as a whole: read-only, each its own
transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import func, select, text, tuple_

from prepay_ledger.agreements.tables import agreement
from prepay_ledger.balances.postgres import check_account, to_account
from prepay_ledger.balances.tables import account
from prepay_ledger.balances.values import Account
from prepay_ledger.charging.tables import charge_state
from prepay_ledger.installations.tables import installation
from prepay_ledger.journal.tables import entry, journal
from prepay_ledger.seals.values import CUSTOMERS
from prepay_ledger.tables import AnyRow
from prewatt_common.db.database import Database


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account with its agreements and the meters that serve or served it, oldest first."""

    account: Account
    open_micro: int
    """What was charged and is in no entry yet."""
    agreements: Sequence[AnyRow]
    installations: Sequence[AnyRow]


@dataclass(frozen=True, slots=True)
class Totals:
    """The ledger as a whole, in micro-units. ``imbalance_micro`` is zero or something is wrong."""

    accounts_by_state: Mapping[str, int]
    accounts_below_zero: int
    balances_micro: int
    postings_micro: Mapping[str, int]
    entries_micro: int
    open_micro: int
    """What was charged and is in no entry yet: charges of the open day, and of one that is over and
    not sealed."""
    unbound_readings: int

    @property
    def imbalance_micro(self) -> int:
        """Balances against postings and what is open."""
        return self.balances_micro + sum(self.postings_micro.values()) + self.open_micro

    @property
    def entries_differ_micro(self) -> int:
        """Balances against entries and what is open."""
        return self.balances_micro - self.entries_micro + self.open_micro


EntryKey: TypeAlias = tuple[int, int]
"""Journal, and the entry's number in it."""

_ENTRY_ORDER = (entry.c.journal_id, entry.c.number)
# Sealed days are summed already: only those that are not yet are added up.
_TOTALS = """
WITH unsealed AS (
  SELECT id FROM journal WHERE day > coalesce((SELECT max(day) FROM seal), '-infinity')
)
SELECT
  (SELECT json_object_agg(supply_state, n)
     FROM (SELECT supply_state, count(*) AS n FROM account GROUP BY 1) AS s) AS states,
  (SELECT count(*) FROM account WHERE balance_micro < 0) AS below_zero,
  (SELECT coalesce(sum(balance_micro), 0) FROM account) AS balances,
  (SELECT json_object_agg(ledger_account, total::text)
     FROM (SELECT ledger_account, sum(amount_micro) AS total
           FROM (SELECT * FROM sealed_sum WHERE ledger_account <> :customers
                 UNION ALL
                 SELECT ledger_account, amount_micro FROM posting
                 WHERE journal_id IN (SELECT id FROM unsealed)) AS p
           GROUP BY 1) AS p)
    AS postings,
  (SELECT coalesce(sum(amount_micro), 0)
     FROM (SELECT amount_micro FROM sealed_sum WHERE ledger_account = :customers
           UNION ALL
           SELECT amount_micro FROM entry WHERE journal_id IN (SELECT id FROM unsealed)) AS e)
    AS entries,
  (SELECT coalesce(sum(posted_micro - entered_micro), 0) FROM charge_state
   WHERE day >= (SELECT coalesce(unsealed, day) FROM posting_day)) AS open,
  (SELECT count(*) FROM unbound_reading) AS unbound
"""


class AccountQueries:
    """Queries for the API and the metrics."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def totals(self) -> Totals:
        """Sums over the whole ledger. One statement, so one snapshot: several would each see
        charges that the other did not."""
        async with self._database.transaction() as connection:
            row = (await connection.execute(text(_TOTALS), {"customers": CUSTOMERS})).one()
        postings: dict[str, str] = row.postings or {}
        return Totals(
            row.states or {},
            row.below_zero,
            int(row.balances),
            {name: int(total) for name, total in postings.items()},
            int(row.entries),
            int(row.open),
            row.unbound,
        )

    async def account(
        self, *, account_id: UUID | None = None, number: str | None = None
    ) -> AccountView | None:
        """An account with what it is charged by and for, by id or by number."""
        where = account.c.id == account_id if account_id else account.c.number == number
        async with self._database.transaction() as connection:
            row = (await connection.execute(select(account).where(where))).mappings().first()
            if row is None:
                return None
            agreements = await connection.execute(
                select(agreement)
                .where(agreement.c.account_id == row["id"])
                .order_by(agreement.c.first_day)
            )
            installations = await connection.execute(
                select(installation)
                .where(installation.c.account_id == row["id"])
                .order_by(installation.c.begins_at, installation.c.id)
            )
            open_micro = await connection.scalar(
                select(func.sum(charge_state.c.posted_micro - charge_state.c.entered_micro)).where(
                    charge_state.c.account_id == row["id"]
                )
            )
            return AccountView(
                to_account(row), int(open_micro or 0), agreements.all(), installations.all()
            )

    async def entries(
        self, account_id: UUID, *, before: EntryKey | None, limit: int
    ) -> Sequence[AnyRow]:
        """An account's entries with their journal, newest first, older than ``before``. Raises
        `UnknownAccount`."""
        query = (
            select(
                entry.c.journal_id, entry.c.number, journal.c.kind, journal.c.source,
                journal.c.posted_at, entry.c.agreement_id, entry.c.period_first,
                entry.c.amount_micro, entry.c.energy_wh,
            )
            .join(journal, journal.c.id == entry.c.journal_id)
            .where(entry.c.account_id == account_id)
            .order_by(*(each.desc() for each in _ENTRY_ORDER))
            .limit(limit)
        )  # fmt: skip
        if before is not None:
            query = query.where(tuple_(*_ENTRY_ORDER) < before)
        async with self._database.transaction() as connection:
            await check_account(connection, account_id)
            return (await connection.execute(query)).all()
