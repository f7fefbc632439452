"""Messages as they stand, read for the API."""

from collections.abc import Sequence
from uuid import UUID

from notifier.inbound.values import Outcome, RecordedMessage, Word
from notifier.notices.values import Template
from prewatt_common.db.database import Database, driver


class PostgresInboundRecords:
    """`InboundRecords`, each call a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(
        self, *, account_id: UUID | None, before: int | None, limit: int
    ) -> Sequence[RecordedMessage]:
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(
                """
                SELECT sequence, id, gateway, sender, text, heard_at, attempts, word, outcome,
                       answer, account_id, worked_at
                FROM inbound_message
                WHERE ($1::uuid IS NULL OR account_id = $1)
                  AND ($2::bigint IS NULL OR sequence < $2)
                ORDER BY sequence DESC LIMIT $3
                """,
                account_id,
                before,
                limit,
            )
        return [
            RecordedMessage(
                sequence=row["sequence"],
                id=row["id"],
                gateway=row["gateway"],
                sender=row["sender"],
                text=row["text"],
                heard_at=row["heard_at"],
                attempts=row["attempts"],
                word=Word(row["word"]) if row["word"] else None,
                outcome=Outcome(row["outcome"]) if row["outcome"] else None,
                answer=Template(row["answer"]) if row["answer"] else None,
                account_id=row["account_id"],
                worked_at=row["worked_at"],
            )
            for row in rows
        ]
