"""Notices as they stand, read for the API."""

from collections.abc import Sequence
from uuid import UUID

from notifier.contacts.values import Channel, Language
from notifier.deliveries.postgres_rows import delivery_of
from notifier.deliveries.values import Kept, RecordedNotice
from notifier.notices.values import Status, Template
from prewatt_common.contracts.notice_events_v1 import Proof, Role
from prewatt_common.db.database import Database, driver

_KNOWN = """
SELECT EXISTS (SELECT FROM account WHERE id = $1)
    OR EXISTS (SELECT FROM contact WHERE account_id = $1)
"""


_KEPT = """
SELECT n.*, coalesce(a.number, a.id::text) AS account_number, NULL AS timezone,
       t.number AS text_number, t.subject AS text_subject, t.body AS text_body
FROM notice AS n
JOIN account AS a ON a.id = n.account_id
LEFT JOIN template_text AS t ON t.template = n.template AND t.language = n.language
    AND t.channel = n.channel AND t.number = n.text_version
    AND t.campaign_id IS NOT DISTINCT FROM n.campaign_id
WHERE n.id = $1
"""


class PostgresNoticeRecords:
    """`NoticeRecords`, each call a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def kept(self, notice_id: UUID) -> Kept | None:
        async with self._database.transaction() as connection:
            row = await (await driver(connection)).fetchrow(_KEPT, notice_id)
        return None if row is None else Kept(delivery_of(row), row["said_sha256"])

    async def of_account(
        self, account_id: UUID, *, before: int | None, limit: int
    ) -> Sequence[RecordedNotice] | None:
        async with self._database.transaction() as connection:
            inner = await driver(connection)
            if not await inner.fetchval(_KNOWN, account_id):
                return None
            rows = await inner.fetch(
                """
                SELECT sequence, id, cause_id, account_id, role, template, language, channel,
                       recipient, status, attempts, next_attempt_at, reason, proof, segments,
                       text_version, created_at, accepted_at, finished_at, campaign_id
                FROM notice
                WHERE account_id = $1 AND ($2::bigint IS NULL OR sequence < $2)
                ORDER BY sequence DESC LIMIT $3
                """,
                account_id,
                before,
                limit,
            )
        return [
            RecordedNotice(
                sequence=row["sequence"],
                id=row["id"],
                cause_id=row["cause_id"],
                account_id=row["account_id"],
                role=Role(row["role"]),
                template=Template(row["template"]),
                language=Language(row["language"]),
                channel=Channel(row["channel"]),
                recipient=row["recipient"],
                status=Status(row["status"]),
                attempts=row["attempts"],
                next_attempt_at=row["next_attempt_at"],
                reason=row["reason"],
                proof=Proof(row["proof"]) if row["proof"] else None,
                segments=row["segments"],
                text_version=row["text_version"],
                created_at=row["created_at"],
                accepted_at=row["accepted_at"],
                finished_at=row["finished_at"],
                campaign_id=row["campaign_id"],
            )
            for row in rows
        ]
