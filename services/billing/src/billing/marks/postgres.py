"""Marks in PostgreSQL: a row a batch, whatever number of things it has moved."""

from billing.marks.values import Moved
from prewatt_common.db.database import DriverConnection


class PostgresMarks:
    """`Marks` on an open transaction."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    async def mark(self, moved: Moved) -> None:
        """It is due; where nothing has moved nothing is."""
        if not moved:
            return
        await self._connection.execute(
            "INSERT INTO moved (things, meters, accounts, agreements, tariffs) "
            "VALUES ($1, $2, $3, $4, $5)",
            len(moved),
            moved.meters,
            moved.accounts,
            moved.agreements,
            moved.tariffs,
        )
