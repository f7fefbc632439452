"""Texts that people drafted and published, in PostgreSQL."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from notifier.contacts.consents import Purpose
from notifier.contacts.values import Channel, Language
from notifier.notices.postgres_rows import notice_of
from notifier.notices.treatment import SAYS
from notifier.notices.values import Notice, Template
from notifier.templates.values import Decided, Source, TemplateText, TestSend, TextKey
from prewatt_common.db.database import Database, DriverConnection, driver

_LOCK_TESTS = "SELECT pg_advisory_xact_lock(1413829700)"
_LOCK_KEY = "SELECT pg_advisory_xact_lock(hashtextextended($1, 1413829700))"
_IN_FORCE = """
SELECT * FROM template_text
WHERE template = $1 AND language = $2 AND channel = $3
  AND campaign_id IS NOT DISTINCT FROM $4
  AND published_at IS NOT NULL AND withdrawn_at IS NULL AND effective_from <= $5
ORDER BY effective_from DESC, number DESC LIMIT 1
"""
_ALL_IN_FORCE = """
SELECT DISTINCT ON (template, language, channel) * FROM template_text
WHERE campaign_id IS NULL
  AND published_at IS NOT NULL AND withdrawn_at IS NULL AND effective_from <= $1
ORDER BY template, language, channel, effective_from DESC, number DESC
"""
_ADD = """
INSERT INTO template_text (id, template, language, channel, campaign_id, subject, body,
                           effective_from, asked_as, drafted_by, draft_reason, drafted_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""
_CHANGE = """
UPDATE template_text SET
    effective_from = $2, number = $3,
    published_by = $4, publish_reason = $5, published_at = $6,
    withdrawn_by = $7, withdraw_reason = $8, withdrawn_at = $9
WHERE id = $1
"""
_ADD_TEST = """
INSERT INTO template_test (id, text_id, asked_as, sent_to, asked_by, asked_at, outcome)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_NOTICE = """
SELECT n.*, coalesce(a.number, a.id::text) AS account_number
FROM notice AS n JOIN account AS a ON a.id = n.account_id WHERE n.id = $1
"""


class PostgresTexts:
    """A `TextStore` on an open transaction."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    async def asked(self, *, by: str, key: str) -> TemplateText | None:
        query = "SELECT * FROM template_text WHERE drafted_by = $1 AND asked_as = $2"
        return _text_or_none(await self._connection.fetchrow(query, by, key))

    async def add(self, text: TemplateText, *, key: str) -> None:
        of, source, drafted = text.key, text.source, text.drafted
        await self._connection.execute(
            _ADD, text.id, of.template, of.language, of.channel, of.campaign_id, source.subject,
            source.body, text.effective_from, key, drafted.by, drafted.reason, drafted.at,
        )  # fmt: skip

    async def get(self, text_id: UUID) -> TemplateText | None:
        query = "SELECT * FROM template_text WHERE id = $1"
        return _text_or_none(await self._connection.fetchrow(query, text_id))

    async def lock(self, text_id: UUID) -> TemplateText | None:
        query = "SELECT * FROM template_text WHERE id = $1 FOR UPDATE"
        return _text_or_none(await self._connection.fetchrow(query, text_id))

    async def template_of(self, campaign_id: UUID) -> Template | None:
        query = "SELECT purpose FROM campaign WHERE id = $1"
        purpose = await self._connection.fetchval(query, campaign_id)
        return None if purpose is None else SAYS[Purpose(purpose)]

    async def next_number(self, key: TextKey) -> int:
        await self._connection.execute(_LOCK_KEY, "/".join(map(str, _columns(key))))
        return await self._connection.fetchval(
            "SELECT coalesce(max(number), 0) + 1 FROM template_text "
            "WHERE template = $1 AND language = $2 AND channel = $3 "
            "AND campaign_id IS NOT DISTINCT FROM $4",
            *_columns(key),
        )  # fmt: skip

    async def change(self, text: TemplateText) -> None:
        await self._connection.execute(
            _CHANGE, text.id, text.effective_from, text.number,
            *_of(text.published), *_of(text.withdrawn),
        )  # fmt: skip

    async def in_force(self, key: TextKey, *, at: datetime) -> TemplateText | None:
        return _text_or_none(await self._connection.fetchrow(_IN_FORCE, *_columns(key), at))

    async def all_in_force(self, *, at: datetime) -> Sequence[TemplateText]:
        return [_text(row) for row in await self._connection.fetch(_ALL_IN_FORCE, at)]

    async def drafts(self, *, before: UUID | None, limit: int) -> Sequence[TemplateText]:
        rows = await self._connection.fetch(
            "SELECT * FROM template_text WHERE $1::uuid IS NULL OR id < $1 "
            "ORDER BY id DESC LIMIT $2",
            before, limit,
        )  # fmt: skip
        return [_text(row) for row in rows]

    async def sent_tests(self, *, since: datetime) -> int:
        await self._connection.execute(_LOCK_TESTS)
        query = "SELECT count(*) FROM template_test WHERE asked_at > $1"
        return await self._connection.fetchval(query, since)

    async def test_asked(self, *, by: str, key: str) -> TestSend | None:
        row = await self._connection.fetchrow(
            "SELECT * FROM template_test WHERE asked_by = $1 AND asked_as = $2", by, key
        )
        if row is None:
            return None
        return TestSend(
            id=row["id"],
            text_id=row["text_id"],
            key=row["asked_as"],
            to=row["sent_to"],
            by=row["asked_by"],
            at=row["asked_at"],
            outcome=row["outcome"],
        )

    async def add_test(self, test: TestSend) -> None:
        await self._connection.execute(
            _ADD_TEST, test.id, test.text_id, test.key, test.to, test.by, test.at, test.outcome
        )

    async def end_test(self, test: TestSend) -> None:
        query = "UPDATE template_test SET outcome = $2 WHERE id = $1"
        await self._connection.execute(query, test.id, test.outcome)

    async def notice(self, notice_id: UUID) -> tuple[Notice, str] | None:
        row = await self._connection.fetchrow(_NOTICE, notice_id)
        return None if row is None else (notice_of(row), row["account_number"])


@asynccontextmanager
async def open_texts(database: Database) -> AsyncGenerator[PostgresTexts]:
    """A transaction of its own."""
    async with database.transaction() as connection:
        yield PostgresTexts(await driver(connection))


def _columns(key: TextKey) -> tuple[str, str, str, UUID | None]:
    return key.template, key.language, key.channel, key.campaign_id


def _of(decided: Decided | None) -> tuple[object, object, object]:
    return (None, None, None) if decided is None else (decided.by, decided.reason, decided.at)


def _text_or_none(row: asyncpg.Record | None) -> TemplateText | None:
    return None if row is None else _text(row)


def _text(row: asyncpg.Record) -> TemplateText:
    return TemplateText(
        id=row["id"],
        key=TextKey(
            Template(row["template"]),
            Language(row["language"]),
            Channel(row["channel"]),
            row["campaign_id"],
        ),
        source=Source(row["body"], row["subject"]),
        effective_from=row["effective_from"],
        drafted=Decided(by=row["drafted_by"], reason=row["draft_reason"], at=row["drafted_at"]),
        number=row["number"],
        published=_decided(row["published_by"], row["publish_reason"], row["published_at"]),
        withdrawn=_decided(row["withdrawn_by"], row["withdraw_reason"], row["withdrawn_at"]),
    )


def _decided(by: Any, reason: Any, at: Any) -> Decided | None:
    return None if at is None else Decided(by=by, reason=reason, at=at)
