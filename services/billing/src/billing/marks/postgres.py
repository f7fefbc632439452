"""Marks in PostgreSQL: a row a batch, whatever number of things it has moved."""

from collections.abc import Iterable
from uuid import UUID

from billing.marks.values import Moved, What
from prewatt_common.db.database import DriverConnection


class PostgresMarks:
    """`Marks` on an open transaction."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    async def mark(self, moved: Iterable[Moved]) -> None:
        """Each may be there any number of times."""
        things = set(moved)
        if not things:
            return
        names: dict[What, list[str]] = {each: [] for each in What}
        for what, name in sorted(things):
            names[what].append(name)
        await self._connection.execute(
            "INSERT INTO moved (things, meters, accounts, agreements, tariffs) "
            "VALUES ($1, $2, $3, $4, $5)",
            len(things),
            names[What.METER],
            list(map(UUID, names[What.ACCOUNT])),
            list(map(UUID, names[What.AGREEMENT])),
            names[What.TARIFF],
        )
