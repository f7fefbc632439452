"""Marks in PostgreSQL, one statement a batch."""

from collections.abc import Iterable

from billing.marks.values import Moved
from prewatt_common.db.database import DriverConnection

# A mark that is there is written again: that holds its row until this transaction ends, and whoever
# takes marks away passes over it until then. Sorted, so that concurrent batches do not deadlock.
_MARK = """
INSERT INTO moved (what, name) SELECT * FROM unnest($1::text[], $2::text[])
ON CONFLICT (what, name) DO UPDATE SET name = excluded.name
"""


class PostgresMarks:
    """`Marks` on an open transaction."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    async def mark(self, moved: Iterable[Moved]) -> None:
        """Each may be there any number of times."""
        ordered = sorted(set(moved))
        if ordered:
            await self._connection.execute(
                _MARK, [each.what for each in ordered], [each.name for each in ordered]
            )
