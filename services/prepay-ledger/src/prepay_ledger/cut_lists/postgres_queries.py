"""Lists of cuts as people look at them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from prepay_ledger.cut_lists.postgres import PostgresCutLists, to_list
from prepay_ledger.cut_lists.tables import cut_list
from prepay_ledger.cut_lists.values import CutList, LineState, Progress
from prewatt_common.db.database import Database, driver

_LINES = """
SELECT c.number, c.account_id, a.number AS account_number, c.state, c.at
FROM cut_list_line AS c JOIN account AS a ON a.id = c.account_id
WHERE c.list_id = $1 AND ($2::integer IS NULL OR c.number > $2) ORDER BY c.number LIMIT $3
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """A line, and whose it is."""

    number: int
    account_id: UUID
    account_number: str
    state: LineState
    at: datetime | None


class CutListQueries:
    """Each question one read-only transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def lists(self, *, before: UUID | None, limit: int) -> Sequence[CutList]:
        """The newest first."""
        query = select(cut_list).order_by(cut_list.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(cut_list.c.id < before)
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [to_list(row) for row in rows]

    async def one(self, list_id: UUID) -> tuple[CutList, Progress] | None:
        """A list and how far it is; none where it does not exist."""
        query = select(cut_list).where(cut_list.c.id == list_id)
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).mappings().first()
            if row is None:
                return None
            return to_list(row), await PostgresCutLists(connection).progress(list_id)

    async def lines(self, list_id: UUID, *, after: int | None, limit: int) -> Sequence[LineView]:
        """In the order in which they are cut."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(_LINES, list_id, after, limit)
        return [
            LineView(
                number=row["number"],
                account_id=row["account_id"],
                account_number=row["account_number"],
                state=LineState(row["state"]),
                at=row["at"],
            )
            for row in rows
        ]
