"""Journals: entries, postings and balances in three statements."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.journal.values import Journal, movements
from prewatt_common.db.database import driver

_MOVE_BALANCES = """
WITH moved AS (
    UPDATE account AS a SET balance_micro = a.balance_micro + m.amount_micro
    FROM unnest($1::uuid[], $2::bigint[]) AS m (id, amount_micro)
    WHERE a.id = m.id
    RETURNING a.id, a.balance_micro, a.review_at_micro
)
SELECT id FROM moved WHERE balance_micro <= review_at_micro
"""


def _by_id(movement: tuple[UUID, int]) -> int:
    return movement[0].int


class PostgresJournals:
    """A `JournalStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def post(self, journal: Journal, *, at: datetime) -> tuple[int, Sequence[UUID]]:
        """Write ``journal`` and move the balances."""
        connection = await driver(self._connection)
        journal_id: int = await connection.fetchval(
            "INSERT INTO journal (kind, source, entries, entries_micro, posted_at) "
            "VALUES ($1, $2, $3, $4, $5) RETURNING id",
            journal.kind,
            journal.source,
            len(journal.entries),
            sum(entry.amount_micro for entry in journal.entries),
            at,
        )
        await connection.execute(
            "INSERT INTO posting SELECT $1, * FROM unnest($2::text[], $3::bigint[])",
            journal_id,
            list(journal.postings),
            list(journal.postings.values()),
        )
        if not journal.entries:
            return journal_id, ()
        await connection.copy_records_to_table(
            "entry",
            records=[
                (journal_id, number, e.account_id, e.agreement_id, e.period_first, e.amount_micro)
                for number, e in enumerate(journal.entries)
            ],
            columns=[
                "journal_id",
                "number",
                "account_id",
                "agreement_id",
                "period_first",
                "amount_micro",
            ],
        )
        # In one order everywhere, so that two batches that share accounts do not deadlock.
        moved = dict(sorted(movements(journal.entries).items(), key=_by_id))
        due = await connection.fetch(_MOVE_BALANCES, list(moved), list(moved.values()))
        return journal_id, [row["id"] for row in due]
