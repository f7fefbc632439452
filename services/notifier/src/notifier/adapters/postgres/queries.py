"""What the API shows of notices."""

from typing import Any
from uuid import UUID

from prewatt_common.db.database import Database, driver


class NoticeQueries:
    """Reads for the API."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def notices(
        self, *, account_id: UUID, before: int | None, limit: int
    ) -> list[dict[str, Any]]:
        """Notices of the account, newest first, older than the sequence ``before``."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(
                """
                SELECT sequence, id, cause_id, account_id, template, language, channel, recipient,
                       status, attempts, next_attempt_at, reason, created_at, finished_at
                FROM notice
                WHERE account_id = $1 AND ($2::bigint IS NULL OR sequence < $2)
                ORDER BY sequence DESC LIMIT $3
                """,
                account_id,
                before,
                limit,
            )
        return [dict(row) for row in rows]
