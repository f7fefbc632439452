"""What people and dashboards ask of accounts and of the ledger as a whole: read-only, each its own
transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import func, select, text, tuple_

from prepay_ledger.agreements.tables import agreement
from prepay_ledger.balances.postgres import check_account, select_account, to_account
from prepay_ledger.balances.tables import account
from prepay_ledger.balances.values import Account
from prepay_ledger.charging.tables import charge_state
from prepay_ledger.installations.tables import installation
from prepay_ledger.journal.tables import entry, journal, sub_balance
from prepay_ledger.seals.values import CUSTOMERS
from prepay_ledger.tables import AnyRow
from prewatt_common.db.database import Database


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account with its agreements and the meters that serve or served it, oldest first."""

    account: Account
    open_micro: int
    """What was charged and is in no entry yet."""
    sub_balances_micro: Mapping[str, int]
    """Of other sub-accounts than the balance, where there was any."""
    agreements: Sequence[AnyRow]
    installations: Sequence[AnyRow]


@dataclass(frozen=True, slots=True)
class CurrencyTotals:
    """The ledger in one currency, in micro-units."""

    currency: str
    balances_micro: int = 0
    sub_balances_micro: int = 0
    """Of all other sub-accounts than balances."""
    entries_micro: int = 0
    open_micro: int = 0
    """What was charged and is in no entry yet: charges of the open day, and of one that is over and
    not sealed."""
    postings_micro: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def imbalance_micro(self) -> int:
        """Balances against postings and what is open: zero, or something is wrong."""
        return self._customers_micro + sum(self.postings_micro.values())

    @property
    def entries_differ_micro(self) -> int:
        """Balances against entries and what is open: zero, or something is wrong."""
        return self._customers_micro - self.entries_micro

    @property
    def _customers_micro(self) -> int:
        return self.balances_micro + self.sub_balances_micro + self.open_micro


@dataclass(frozen=True, slots=True)
class Totals:
    """The ledger as a whole."""

    accounts_by_state: Mapping[str, int]
    accounts_below_zero: int
    currencies: Sequence[CurrencyTotals]
    unbound_readings: int

    @property
    def imbalance_micro(self) -> int:
        """Of all currencies, each without its sign, so that none makes up for another."""
        return sum(abs(each.imbalance_micro) for each in self.currencies)

    @property
    def entries_differ_micro(self) -> int:
        """Likewise."""
        return sum(abs(each.entries_differ_micro) for each in self.currencies)


_SUMS = ("balances_micro", "sub_balances_micro", "entries_micro", "open_micro")

EntryKey: TypeAlias = tuple[int, int]
"""Journal, and the entry's number in it."""

_ENTRY_ORDER = (entry.c.journal_id, entry.c.number)
# Sealed days are summed already: only those that are not yet are added up.
_TOTALS = """
WITH unsealed AS (
  SELECT id, currency FROM journal
  WHERE day > coalesce((SELECT max(day) FROM seal), '-infinity')
), accounts AS MATERIALIZED (
  SELECT currency, supply_state, count(*) AS n, sum(balance_micro) AS micro,
         count(*) FILTER (WHERE balance_micro < 0) AS below_zero
  FROM account GROUP BY 1, 2
), sums AS (
  SELECT currency, 'balances' AS what, '' AS name, sum(micro) AS micro FROM accounts GROUP BY 1
  UNION ALL
  SELECT a.currency, 'sub_balances', '', sum(s.amount_micro)
  FROM sub_balance AS s JOIN account AS a ON a.id = s.account_id GROUP BY 1
  UNION ALL
  SELECT a.currency, 'open', '', sum(c.posted_micro - c.entered_micro)
  FROM charge_state AS c JOIN account AS a ON a.id = c.account_id
  WHERE c.day >= (SELECT coalesce(unsealed, day) FROM posting_day) GROUP BY 1
  UNION ALL
  SELECT u.currency, 'entries', '', sum(e.amount_micro)
  FROM unsealed AS u JOIN entry AS e ON e.journal_id = u.id GROUP BY 1
  UNION ALL
  SELECT u.currency, 'postings', p.ledger_account, sum(p.amount_micro)
  FROM unsealed AS u JOIN posting AS p ON p.journal_id = u.id GROUP BY 1, 3
  UNION ALL
  SELECT currency, CASE ledger_account WHEN :customers THEN 'entries' ELSE 'postings' END,
         ledger_account, amount_micro
  FROM sealed_sum
)
SELECT
  (SELECT json_object_agg(supply_state, n)
     FROM (SELECT supply_state, sum(n) AS n FROM accounts GROUP BY 1) AS s) AS states,
  (SELECT coalesce(sum(below_zero), 0)::bigint FROM accounts) AS below_zero,
  (SELECT json_agg(json_build_array(currency, what, name, micro::text)) FROM sums) AS sums,
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
        return Totals(row.states or {}, row.below_zero, _by_currency(row.sums or ()), row.unbound)

    async def account(
        self, *, account_id: UUID | None = None, number: str | None = None
    ) -> AccountView | None:
        """An account with what it is charged by and for, by id or by number."""
        where = account.c.id == account_id if account_id else account.c.number == number
        async with self._database.transaction() as connection:
            row = (await connection.execute(select_account().where(where))).mappings().first()
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
            subs = await connection.execute(
                select(sub_balance.c.sub_account, sub_balance.c.amount_micro).where(
                    sub_balance.c.account_id == row["id"]
                )
            )
            return AccountView(
                to_account(row),
                int(open_micro or 0),
                {sub.sub_account: sub.amount_micro for sub in subs},
                agreements.all(),
                installations.all(),
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
                entry.c.amount_micro, entry.c.energy_wh, entry.c.sub_account,
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


def _by_currency(sums: Iterable[tuple[str, str, str, str]]) -> list[CurrencyTotals]:
    """From currency, what is summed, ledger account, and micro-units as text: JSON's numbers end at
    2^53."""
    found: dict[str, dict[str, int]] = {}
    postings: dict[str, dict[str, int]] = {}
    for currency, what, name, micro in sums:
        of_what = found.setdefault(currency, dict.fromkeys(_SUMS, 0))
        if what == "postings":
            of_currency = postings.setdefault(currency, {})
            of_currency[name] = of_currency.get(name, 0) + int(micro)
        else:
            of_what[f"{what}_micro"] += int(micro)
    return [
        CurrencyTotals(
            currency=currency,
            **of_what,
            postings_micro=postings.get(currency, {}),
        )
        for currency, of_what in sorted(found.items())
    ]
