"""Campaigns in PostgreSQL."""

from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from notifier.campaigns.postgres_rows import campaign_of, member_of, step_of, terms_columns
from notifier.campaigns.values import Campaign, Member, NewMember, Skipped, Step
from notifier.contacts.values import Channel, Language
from notifier.notices.postgres_rows import ended_of
from notifier.notices.values import Notice
from prewatt_common.db.database import Database, DriverConnection, driver
from prewatt_common.kafka import outbox
from prewatt_common.kafka.messages import Message

_LOCK_KEY = "SELECT pg_advisory_xact_lock(hashtextextended($1, 1413829702))"
_ADD = """
INSERT INTO campaign (id, state, drafted_by, drafted_at, name, purpose, channels, segment,
                      first_day, last_day, from_time, until_time, per_minute, holdout_ppm, seed,
                      respond_days)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text::jsonb, $9, $10, $11, $12, $13, $14, $15, $16)
"""
_CHANGE = """
UPDATE campaign SET state = $2, approved_by = $3, segment_cursor = $4, frozen_at = $5, zones = $6,
                    next_at = $7, told_at = $8, ended_at = $9
WHERE id = $1
"""
# Its key stays as it is: who queues a next channel's notice meanwhile refers to it, and waits for
# nobody.
_LOCK = "SELECT * FROM campaign WHERE id = $1 FOR NO KEY UPDATE"
_NOTE = """
INSERT INTO campaign_step (id, campaign_id, what, by, reason, at, asked_as, asked_sha256)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_STEPS = """
SELECT * FROM campaign_step WHERE campaign_id = $1 AND ($2::uuid IS NULL OR id < $2)
ORDER BY id DESC LIMIT $3
"""
_TEXTS = """
SELECT DISTINCT language, channel FROM template_text
WHERE campaign_id = $1 AND published_at IS NOT NULL AND withdrawn_at IS NULL
  AND effective_from <= $2
"""
_MEMBERS = """
SELECT * FROM campaign_member WHERE campaign_id = $1 AND ($2::text IS NULL OR number > $2)
ORDER BY number LIMIT $3
"""
_ADD_MEMBERS = """
INSERT INTO campaign_member (campaign_id, number, place, held_out, state)
SELECT $1, number, place, held_out, 'waiting'
FROM unnest($2::text[], $3::bigint[], $4::bool[]) AS m (number, place, held_out)
ON CONFLICT (campaign_id, number) DO NOTHING
"""
_WITHDRAW = """
WITH stopped AS (
    UPDATE notice SET stop_as = 'withdrawn', status = 'withdrawn', next_attempt_at = NULL,
                      finished_at = $2::timestamptz
    WHERE campaign_id = $1 AND status = 'queued' AND stop_as IS NULL
    RETURNING *
), again AS (
    UPDATE campaign_member AS m SET state = 'waiting', settled_at = NULL, position = s.position + 1
    FROM stopped AS s WHERE m.campaign_id = $1 AND m.account_id = s.account_id
)
SELECT * FROM stopped
"""
_STOP = """
UPDATE notice SET stop_as = 'withdrawn'
WHERE campaign_id = $1 AND status IN ('sending', 'accepted') AND stop_as IS NULL
"""
_IS_LEAVING = """
SELECT EXISTS (SELECT FROM notice WHERE campaign_id = $1 AND status = 'sending'
                 AND next_attempt_at > $2
                 AND id <> ALL (ARRAY(SELECT notice_id FROM parked_notice)))
"""
_SKIP = """
UPDATE campaign_member SET state = 'skipped', skipped_for = $2, settled_at = $3
WHERE campaign_id = $1 AND state = 'waiting' AND ($4::text[] IS NULL OR zone = ANY ($4))
"""


class PostgresCampaigns:
    """A `CampaignStore` on an open transaction."""

    def __init__(self, transaction: AsyncConnection, connection: DriverConnection) -> None:
        self._transaction = transaction
        self._connection = connection

    async def asked(self, *, by: str, key: str) -> Step | None:
        await self._connection.execute(_LOCK_KEY, f"campaign {by} {key}")
        query = "SELECT * FROM campaign_step WHERE by = $1 AND asked_as = $2"
        row = await self._connection.fetchrow(query, by, key)
        return None if row is None else step_of(row)

    async def add(self, campaign: Campaign) -> None:
        await self._connection.execute(
            _ADD, campaign.id, campaign.state, campaign.drafted_by, campaign.drafted_at,
            *terms_columns(campaign.terms),
        )  # fmt: skip

    async def get(self, campaign_id: UUID) -> Campaign | None:
        return await self._one("SELECT * FROM campaign WHERE id = $1", campaign_id)

    async def lock(self, campaign_id: UUID) -> Campaign | None:
        return await self._one(_LOCK, campaign_id)

    async def lock_if_free(self, campaign_id: UUID) -> Campaign | None:
        """Of a turn."""
        return await self._one(f"{_LOCK} SKIP LOCKED", campaign_id)

    async def change(self, campaign: Campaign) -> None:
        await self._connection.execute(
            _CHANGE, campaign.id, campaign.state, campaign.approved_by, campaign.segment_cursor,
            campaign.frozen_at, list(campaign.zones), campaign.next_at, campaign.told_at,
            campaign.ended_at,
        )  # fmt: skip

    async def note(self, step: Step) -> None:
        await self._connection.execute(
            _NOTE, step.id, step.campaign_id, step.what, step.by, step.reason, step.at, step.key,
            step.asked_sha256,
        )  # fmt: skip

    async def page(self, *, before: UUID | None, limit: int) -> Sequence[Campaign]:
        query = "SELECT * FROM campaign WHERE $1::uuid IS NULL OR id < $1 ORDER BY id DESC LIMIT $2"
        return [campaign_of(row) for row in await self._connection.fetch(query, before, limit)]

    async def steps(self, campaign_id: UUID, *, before: UUID | None, limit: int) -> Sequence[Step]:
        rows = await self._connection.fetch(_STEPS, campaign_id, before, limit)
        return [step_of(row) for row in rows]

    async def hands(self, campaign_id: UUID) -> Collection[str]:
        query = (
            "SELECT DISTINCT by FROM campaign_step "
            "WHERE campaign_id = $1 AND what IN ('drafted', 'uploaded')"
        )
        return {row["by"] for row in await self._connection.fetch(query, campaign_id)}

    async def texts(
        self, campaign_id: UUID, *, at: datetime
    ) -> Collection[tuple[Language, Channel]]:
        rows = await self._connection.fetch(_TEXTS, campaign_id, at)
        return {(Language(row["language"]), Channel(row["channel"])) for row in rows}

    async def members(
        self, campaign_id: UUID, *, after: str | None, limit: int
    ) -> Sequence[Member]:
        rows = await self._connection.fetch(_MEMBERS, campaign_id, after, limit)
        return [member_of(row) for row in rows]

    async def add_members(self, campaign_id: UUID, members: Sequence[NewMember]) -> int:
        done = await self._connection.execute(
            _ADD_MEMBERS,
            campaign_id,
            [each.number for each in members],
            [each.place for each in members],
            [each.held_out for each in members],
        )
        return int(done.rpartition(" ")[2])

    async def audience(self, campaign_id: UUID) -> int:
        query = "SELECT count(*) FROM campaign_member WHERE campaign_id = $1"
        return await self._connection.fetchval(query, campaign_id)

    async def withdraw(self, campaign_id: UUID, *, now: datetime) -> Sequence[Notice]:
        return ended_of(await self._connection.fetch(_WITHDRAW, campaign_id, now))

    async def stop(self, campaign_id: UUID) -> None:
        await self._connection.execute(_STOP, campaign_id)

    async def is_leaving(self, campaign_id: UUID, *, now: datetime) -> bool:
        return await self._connection.fetchval(_IS_LEAVING, campaign_id, now)

    async def skip_waiting(
        self,
        campaign_id: UUID,
        why: Skipped,
        *,
        now: datetime,
        zones: Collection[str] | None = None,
    ) -> int:
        within = None if zones is None else list(zones)
        done = await self._connection.execute(_SKIP, campaign_id, why, now, within)
        return int(done.rpartition(" ")[2])

    async def publish(self, messages: Sequence[Message]) -> None:
        await outbox.append(self._transaction, messages)

    async def _one(self, query: str, campaign_id: UUID) -> Campaign | None:
        row = await self._connection.fetchrow(query, campaign_id)
        return None if row is None else campaign_of(row)


@asynccontextmanager
async def open_campaigns(database: Database) -> AsyncGenerator[PostgresCampaigns]:
    """A transaction of its own."""
    async with database.transaction() as connection:
        yield PostgresCampaigns(connection, await driver(connection))
