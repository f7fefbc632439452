"""Statements as people look at them: read-only."""

from collections.abc import Sequence
from uuid import UUID

from prepay_ledger.statements.postgres_rows import to_statement
from prepay_ledger.statements.refusals import UnknownStatement
from prepay_ledger.statements.values import Statement
from prewatt_common.db.database import Database, driver

_PAGE = """
SELECT * FROM statement
WHERE ($1::uuid IS NULL OR account_id = $1) AND ($2::bigint IS NULL OR number < $2)
ORDER BY number DESC LIMIT $3
"""


class StatementQueries:
    """Each question one read-only transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def statements(
        self, *, account_id: UUID | None, before: int | None, limit: int
    ) -> Sequence[Statement]:
        """The newest first."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(_PAGE, account_id, before, limit)
        return [to_statement(row) for row in rows]

    async def statement(self, statement_id: UUID) -> Statement:
        """Raises `UnknownStatement`."""
        async with self._database.transaction() as connection:
            row = await (await driver(connection)).fetchrow(
                "SELECT * FROM statement WHERE id = $1", statement_id
            )
        if row is None:
            message = f"there is no statement {statement_id}"
            raise UnknownStatement(message)
        return to_statement(row)
