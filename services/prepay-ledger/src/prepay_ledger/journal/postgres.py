"""Journals: entries, postings and balances, each in one statement."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.epochs.postgres import FIRST_NUMBER
from prepay_ledger.journal.values import Balance, Journal, movements, sub_movements
from prewatt_common.db.columns import numbers
from prewatt_common.db.database import ROWS_FEW, driver, insert_rows

_WRITE = """
WITH written AS (
    INSERT INTO journal
        (kind, source, currency, entries, entries_micro, postings, posted_at, day)
    VALUES ($1, $2, $3, $4, $5, $6, $7, coalesce($8, open_day())) RETURNING id
), posted AS (
    INSERT INTO posting SELECT id, p.* FROM written, unnest($9::text[], $10::bigint[]) AS p
), entered AS (
    INSERT INTO entry (journal_id, number, account_id, agreement_id, period_first, amount_micro,
                       energy_wh, sub_account)
    SELECT id, e.* FROM written, unnest($11::integer[], $12::uuid[], $13::uuid[], $14::date[],
                                        $15::bigint[], $16::bigint[], $17::text[]) AS e
)
SELECT id FROM written
"""
_ENTRY = (
    "number", "account_id", "agreement_id", "period_first", "amount_micro", "energy_wh",
    "sub_account",
)  # fmt: skip
_AMOUNTS = "(SELECT unnest($1::uuid[]) AS id, unnest($2::text::bigint[]) AS amount_micro)"
# Whose balance has fallen to a mandate's threshold is noted in the same statement: whatever moves
# it, and whoever dies next, the job of automatic top-ups finds the account.
_MOVE_BALANCES = f"""
WITH moved AS (
    UPDATE account AS a SET balance_micro = a.balance_micro + m.amount_micro, moves = a.moves + 1
    FROM {_AMOUNTS} AS m
    WHERE a.id = m.id
    RETURNING a.id, {FIRST_NUMBER} + a.moves AS number, a.balance_micro,
              coalesce(a.balance_micro <= a.review_at_micro, false)
              OR coalesce(a.balance_micro > a.review_above_micro, false) AS is_due,
              a.balance_micro <= a.top_up_at_micro AS falls_to_mandate
), due AS (
    INSERT INTO top_up_due SELECT id FROM moved WHERE falls_to_mandate ON CONFLICT DO NOTHING
)
SELECT id, number, balance_micro, is_due FROM moved
"""  # noqa: S608 - of constants

# Late charges of an account that is looked at later, or not at all, may be others by now. What is
# charged for use asks for no such look: it is due by a statement, which does.
_MOVE_AND_LOOK_AT_LATE = _MOVE_BALANCES.replace(
    "WITH moved AS (",
    f"""WITH late AS (
    UPDATE late_charge_look SET look_on = $3::date
    FROM {_AMOUNTS} AS m
    WHERE account_id = m.id AND m.amount_micro <> 0 AND (look_on IS NULL OR look_on > $3::date)
), moved AS (""",  # noqa: S608 - of constants
)
# No ON CONFLICT: that checks the row that it would insert first, and what moves a sub-account may
# have a sign that it never has itself.
_MOVE_SUB_BALANCES = """
MERGE INTO sub_balance AS s
USING unnest($1::uuid[], $2::text[], $3::bigint[]) AS m (account_id, sub_account, amount_micro)
   ON s.account_id = m.account_id AND s.sub_account = m.sub_account
WHEN MATCHED THEN UPDATE SET amount_micro = s.amount_micro + m.amount_micro
WHEN NOT MATCHED THEN INSERT VALUES (m.account_id, m.sub_account, m.amount_micro)
"""


def _by_id(account_id: UUID) -> int:
    return account_id.int


class PostgresJournals:
    """A `JournalStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def post(self, journal: Journal, *, at: datetime) -> tuple[int, Sequence[Balance]]:
        """Write ``journal`` and move the balances; the accounts' rows first, which are the lock of
        their other sub-accounts too."""
        journal_id = await self.write(journal, at=at)
        balances = await self._move(_MOVE_AND_LOOK_AT_LATE, movements(journal.entries), at.date())
        await self.move_apart(journal)
        return journal_id, balances

    async def move_apart(self, journal: Journal) -> None:
        """Their rows' lock is their accounts'."""
        if subs := sub_movements(journal.entries):
            await (await driver(self._connection)).execute(
                _MOVE_SUB_BALANCES,
                [account_id for account_id, _ in subs],
                [sub_account for _, sub_account in subs],
                list(subs.values()),
            )

    async def write(self, journal: Journal, *, at: datetime, day: date | None = None) -> int:
        """The journal, its postings and its entries; gives its id."""
        connection = await driver(self._connection)
        rows = [
            (
                number, e.account_id, e.agreement_id, e.period_first,
                e.amount_micro, e.energy_wh, e.sub_account,
            )
            for number, e in enumerate(journal.entries)
        ]  # fmt: skip
        few = rows if len(rows) <= ROWS_FEW else []
        journal_id: int = await connection.fetchval(
            _WRITE,
            journal.kind,
            journal.source,
            journal.currency,
            len(journal.entries),
            sum(entry.amount_micro for entry in journal.entries),
            len(journal.postings),
            at,
            day,
            list(journal.postings),
            list(journal.postings.values()),
            *([row[column] for row in few] for column in range(len(_ENTRY))),
        )
        if rows and not few:
            await insert_rows(
                self._connection,
                "entry",
                columns=["journal_id", *_ENTRY],
                rows=[(journal_id, *row) for row in rows],
            )
        return journal_id

    async def move(self, amounts_micro: Mapping[UUID, int]) -> Sequence[Balance]:
        """In one order everywhere, so that two batches that share accounts do not deadlock."""
        return await self._move(_MOVE_BALANCES, amounts_micro)

    async def _move(
        self, statement: str, amounts_micro: Mapping[UUID, int], *further: date
    ) -> Sequence[Balance]:
        if not amounts_micro:
            return ()
        ordered = sorted(amounts_micro, key=_by_id)
        connection = await driver(self._connection)
        rows = await connection.fetch(
            statement, ordered, numbers([amounts_micro[each] for each in ordered]), *further
        )
        return [Balance._make(row) for row in rows]
