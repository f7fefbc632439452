"""Mode changes as people look at them: read-only."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from prepay_ledger.mode_changes.postgres_rows import to_change, to_step
from prepay_ledger.mode_changes.refusals import UnknownModeChange
from prepay_ledger.mode_changes.values import ModeChange, Step
from prewatt_common.db.database import Database, driver

_PAGE = """
SELECT * FROM mode_change
WHERE ($1::uuid IS NULL OR account_id = $1)
  AND ($2::boolean IS NULL OR (state IN ('requested', 'noticed', 'waiting')) = $2)
  AND ($3::uuid IS NULL OR id < $3)
ORDER BY id DESC LIMIT $4
"""
_STEPS = """
SELECT * FROM mode_change_step WHERE change_id = $1 AND ($2::uuid IS NULL OR id < $2)
ORDER BY id DESC LIMIT $3
"""


class ModeChangeQueries:
    """Each question one read-only transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def changes(
        self, *, account_id: UUID | None, open_: bool | None, before: UUID | None, limit: int
    ) -> Sequence[ModeChange]:
        """The newest first."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(_PAGE, account_id, open_, before, limit)
        return [to_change(row) for row in rows]

    async def steps(self, change_id: UUID, *, before: UUID | None, limit: int) -> Sequence[Step]:
        """The newest first. Raises `UnknownModeChange`."""
        async with self._database.transaction() as connection:
            asked = await driver(connection)
            if await asked.fetchval("SELECT id FROM mode_change WHERE id = $1", change_id) is None:
                message = f"there is no mode change {change_id}"
                raise UnknownModeChange(message)
            rows = await asked.fetch(_STEPS, change_id, before, limit)
        return [to_step(row) for row in rows]

    async def waiting_since(self) -> datetime | None:
        """The instant of the oldest change that should have been made."""
        async with self._database.transaction() as connection:
            return await (await driver(connection)).fetchval(
                "SELECT min(effective_at) FROM mode_change WHERE state = 'waiting'"
            )
