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
        names: dict[What, set[str]] = {each: set() for each in What}
        for what, name in moved:
            names[what].add(name)
        things = sum(map(len, names.values()))
        if not things:
            return
        await self._connection.execute(
            "INSERT INTO moved (things, meters, accounts, agreements, tariffs) "
            "VALUES ($1, $2, $3, $4, $5)",
            things,
            sorted(names[What.METER]),
            list(map(UUID, sorted(names[What.ACCOUNT]))),
            list(map(UUID, sorted(names[What.AGREEMENT]))),
            sorted(names[What.TARIFF]),
        )
