"""The delivery's side: claims, outcomes, replacements."""

from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from notifier.channels.ports import Verdict
from notifier.contacts.postgres_nominations import contact_as
from notifier.contacts.values import Channel, Contact, Language
from notifier.deliveries import postgres_messages
from notifier.deliveries.postgres_rows import delivery_of, each_of
from notifier.deliveries.values import Delivery, Hold, Refusal, Said, SaidWith
from notifier.notices.postgres_rows import INSERT_NOTICES, hold_account, notice_columns, notice_of
from notifier.notices.values import Notice, Priority, Status, Template
from prewatt_common.contracts.notice_events_v1 import Proof, Role
from prewatt_common.db.database import Database, DriverConnection, driver
from prewatt_common.kafka import outbox
from prewatt_common.kafka.messages import Message

# Said with the version that is in force as it is first tried. Tried again it says the same, for the
# peer may have some of it, unless that version was withdrawn.
_CLAIM = """
UPDATE notice AS n SET
    status = 'sending', attempts = n.attempts + 1, next_attempt_at = $3::timestamptz,
    text_version = coalesce(t.number, 0)
FROM (
    SELECT id FROM notice
    WHERE channel = $4 AND priority = $5 AND status IN ('queued', 'sending')
      AND next_attempt_at <= $2::timestamptz AND give_up_at > $2 AND stop_as IS NULL
      AND id <> ALL (ARRAY(SELECT notice_id FROM parked_notice))
    ORDER BY next_attempt_at LIMIT $1
    FOR UPDATE SKIP LOCKED
) AS due
JOIN notice AS d USING (id)
JOIN account AS a ON a.id = d.account_id
LEFT JOIN contact AS c ON d.role = 'customer' AND c.account_id = d.account_id
LEFT JOIN nomination AS p
    ON d.role = 'nominated' AND p.account_id = d.account_id AND p.ended_at IS NULL
LEFT JOIN LATERAL (
    SELECT number, subject, body FROM template_text
    WHERE template = d.template AND language = d.language AND channel = d.channel
      AND campaign_id IS NOT DISTINCT FROM d.campaign_id
      AND published_at IS NOT NULL AND withdrawn_at IS NULL AND effective_from <= $2
      AND d.text_version IS DISTINCT FROM 0
    ORDER BY (number = d.text_version) IS TRUE DESC, effective_from DESC, number DESC LIMIT 1
) AS t ON true
WHERE n.id = due.id
RETURNING n.*, coalesce(a.number, a.id::text) AS account_number,
          coalesce(c.timezone, p.timezone) AS timezone,
          t.number AS text_number, t.subject AS text_subject, t.body AS text_body
"""
# Each channel and priority has an end of the index of its own, where whatever is due stands first.
_DUE = """
SELECT DISTINCT channel FROM unnest($1::text[]) AS channel, unnest($2::integer[]) AS urgency
WHERE EXISTS (
    SELECT FROM notice AS n
    WHERE n.channel = channel.channel AND n.priority = urgency AND n.status IN ('queued', 'sending')
      AND n.next_attempt_at <= $3 AND n.give_up_at > $3 AND n.stop_as IS NULL
)
"""
_STOP_ABANDONED = """
UPDATE notice SET status = stop_as, next_attempt_at = NULL, finished_at = $1::timestamptz
WHERE status = 'sending' AND stop_as IS NOT NULL AND next_attempt_at <= $1::timestamptz
  AND id <> ALL (ARRAY(SELECT notice_id FROM parked_notice))
RETURNING *
"""
_UNDISPUTED = """
UPDATE notice SET status = 'delivered', proof = 'undisputed', finished_at = $4::timestamptz
WHERE id IN (
    SELECT id FROM notice
    WHERE status = 'accepted' AND channel = $1 AND accepted_at <= $2 AND stop_as IS NULL
      AND id <> ALL (ARRAY(SELECT notice_id FROM parked_notice))
    ORDER BY accepted_at LIMIT $3 FOR UPDATE SKIP LOCKED
)
RETURNING *
"""
# A receipt may come before its sender has written down the acceptance, or after it has given up
# waiting for one. One that came back stays so.
_SETTLE = """
UPDATE notice SET
    status = $2, reason = $3, next_attempt_at = NULL, finished_at = $4::timestamptz,
    accepted_at = coalesce(accepted_at, $4),
    proof = CASE WHEN $2 = 'delivered' THEN 'receipt' ELSE proof END
WHERE id = $1 AND attempts > 0 AND (
    status IN ('queued', 'sending', 'accepted')
    OR status = 'delivered' AND ($2 = 'bounced' OR proof = 'undisputed')
)
RETURNING *
"""
_OVERDUE = """
SELECT n.*, coalesce(a.number, a.id::text) AS account_number, NULL AS timezone,
       NULL::integer AS text_number
FROM notice AS n JOIN account AS a ON a.id = n.account_id
WHERE n.status IN ('queued', 'sending') AND n.give_up_at <= $2 AND n.stop_as IS NULL
  AND (n.status = 'queued' OR n.next_attempt_at <= $2)
  AND n.id <> ALL (ARRAY(SELECT notice_id FROM parked_notice))
ORDER BY n.give_up_at LIMIT $1
"""
_EXPIRE = """
UPDATE notice SET
    status = 'expired', next_attempt_at = NULL, finished_at = $3::timestamptz,
    reason = 'not delivered in time' || coalesce('; last: ' || reason, '')
WHERE id = $1::uuid AND attempts = $2 AND stop_as IS NULL AND give_up_at <= $3
  AND (status = 'queued' OR status = 'sending' AND next_attempt_at <= $3)
RETURNING true
"""
_FINISH = """
UPDATE notice SET
    status = CASE WHEN $3::text IN ('accepted', 'delivered') THEN $3
                  ELSE coalesce(stop_as, $3) END,
    reason = $4,
    proof = $7,
    segments = $8,
    text_version = coalesce($9, text_version),
    said_sha256 = coalesce($10, said_sha256),
    accepted_at = CASE WHEN $3 IN ('accepted', 'delivered') THEN $5::timestamptz END,
    next_attempt_at = CASE WHEN $3 = 'queued' AND stop_as IS NULL THEN $6::timestamptz END,
    finished_at = CASE WHEN $3 = 'accepted' OR $3 = 'queued' AND stop_as IS NULL THEN NULL
                       ELSE $5::timestamptz END
WHERE id = $1::uuid AND attempts = $2 AND status = 'sending'
RETURNING status
"""
_NOTE_SAID = """
UPDATE notice SET
    segments = $3, text_version = coalesce($4, text_version),
    said_sha256 = coalesce($5, said_sha256)
WHERE id = $1 AND attempts = $2 AND accepted_at IS NOT NULL
"""

_LANGUAGE = """
SELECT language FROM template_text
WHERE campaign_id = $1 AND channel = $2 AND published_at IS NOT NULL AND withdrawn_at IS NULL
  AND effective_from <= $4
ORDER BY language = $3 DESC, language LIMIT 1
"""
_LEAVE_OUT = """
UPDATE campaign_member SET state = 'skipped', skipped_for = 'cancelled', settled_at = $3
WHERE campaign_id = $1 AND account_id = $2 AND state = 'queued'
"""


class PostgresDeliveries:
    """A `DeliveryStore` on an open transaction."""

    def __init__(self, connection: AsyncConnection, inner: DriverConnection) -> None:
        self._connection = connection
        self._inner = inner

    async def due(self, channels: Collection[Channel], *, now: datetime) -> Collection[Channel]:
        rows = await self._inner.fetch(_DUE, list(channels), list(Priority), now)
        return {Channel(row["channel"]) for row in rows}

    async def claim(
        self,
        channel: Channel,
        *,
        limit: int,
        supply_limit: int,
        now: datetime,
        lease_until: datetime,
    ) -> Sequence[Delivery]:
        claimed: list[Delivery] = []
        # A query for each priority: each reads its own end of the index, however much waits.
        for priority in Priority:
            most = supply_limit if priority is Priority.SUPPLY else limit
            free = min(supply_limit - len(claimed), most)
            if free <= 0:
                break
            rows = await self._inner.fetch(_CLAIM, free, now, lease_until, channel, priority)
            claimed += each_of(delivery_of, rows)
            limit -= 0 if priority is Priority.SUPPLY else len(rows)
        return claimed

    async def stop_abandoned(self, *, now: datetime) -> Sequence[Notice]:
        return each_of(notice_of, await self._inner.fetch(_STOP_ABANDONED, now))

    async def undisputed(
        self, channel: Channel, *, accepted_before: datetime, limit: int, now: datetime
    ) -> Sequence[Notice]:
        rows = await self._inner.fetch(_UNDISPUTED, channel, accepted_before, limit, now)
        return each_of(notice_of, rows)

    async def account_of(self, notice_id: UUID, channel: Channel | None = None) -> UUID | None:
        query = "SELECT account_id FROM notice WHERE id = $1 AND channel = coalesce($2, channel)"
        return await self._inner.fetchval(query, notice_id, channel)

    async def settle(
        self, notice_id: UUID, verdict: Verdict, *, reason: str | None, now: datetime
    ) -> tuple[Notice, bool] | None:
        row = await self._inner.fetchrow(_SETTLE, notice_id, verdict, reason, now)
        if row is None:
            return None
        (notice,) = each_of(notice_of, [row])
        return notice, row["stop_as"] is None

    async def join_messages(
        self, notice_id: UUID, message_ids: Sequence[str], *, now: datetime
    ) -> None:
        await postgres_messages.join_messages(self._inner, notice_id, message_ids, now=now)

    async def keep_receipt(
        self, message_id: str, verdict: Verdict, *, reason: str, now: datetime
    ) -> UUID | None:
        return await postgres_messages.keep_receipt(
            self._inner, message_id, verdict, reason=reason, now=now
        )

    async def verdict_of_messages(self, notice_id: UUID) -> Said | None:
        return await postgres_messages.verdict_of_messages(self._inner, notice_id)

    async def overdue(self, *, limit: int, now: datetime) -> Sequence[Delivery]:
        return each_of(delivery_of, await self._inner.fetch(_OVERDUE, limit, now))

    async def expire(self, delivery: Delivery, *, now: datetime) -> bool:
        expired = await self._inner.fetchval(_EXPIRE, delivery.notice.id, delivery.attempts, now)
        return bool(expired)

    async def finish(
        self,
        delivery: Delivery,
        *,
        status: Status,
        proof: Proof | None,
        segments: int | None,
        said: SaidWith | None,
        reason: str | None,
        now: datetime,
        next_attempt_at: datetime | None,
    ) -> Status | None:
        notice_id, attempts = delivery.notice.id, delivery.attempts
        version, sha256 = (None, None) if said is None else said
        reached = await self._inner.fetchval(
            _FINISH, notice_id, attempts, status, reason, now, next_attempt_at, proof, segments,
            version, sha256,
        )  # fmt: skip
        if reached is None and said is not None:
            # Its receipt came first.
            await self._inner.execute(_NOTE_SAID, notice_id, attempts, segments, version, sha256)
        return Status(reached) if reached else None

    async def hold_account(self, account_id: UUID) -> None:
        await hold_account(self._inner, account_id)

    async def contact(
        self, account_id: UUID, role: Role, *, campaign_id: UUID | None = None
    ) -> Contact | None:
        contact = await contact_as(self._inner, account_id, role)
        if contact is None or campaign_id is None:
            return contact
        query = "SELECT channels FROM campaign WHERE id = $1"
        return contact.over(map(Channel, await self._inner.fetchval(query, campaign_id)))

    async def language_of(
        self, campaign_id: UUID, channel: Channel, *, wanted: Language, now: datetime
    ) -> Language:
        found = await self._inner.fetchval(_LANGUAGE, campaign_id, channel, wanted, now)
        return wanted if found is None else Language(found)

    async def held_back(self, campaign_id: UUID) -> Hold | None:
        state = await self._inner.fetchval("SELECT state FROM campaign WHERE id = $1", campaign_id)
        return Hold(state) if state in tuple(Hold) else None

    async def leave_out(self, notice: Notice, *, now: datetime) -> None:
        await self._inner.execute(_LEAVE_OUT, notice.campaign_id, notice.account_id, now)

    async def next_position(self, *, cause_id: UUID, template: Template) -> int:
        query = "SELECT max(position) + 1 FROM notice WHERE cause_id = $1 AND template = $2"
        return await self._inner.fetchval(query, cause_id, template)

    async def refusals(self, *, cause_id: UUID, template: Template) -> Sequence[Refusal]:
        rows = await self._inner.fetch(
            """
            SELECT channel, reason FROM notice
            WHERE cause_id = $1 AND template = $2 AND status IN ('failed', 'expired', 'bounced')
            ORDER BY position
            """,
            cause_id,
            template,
        )
        return [Refusal(Channel(row["channel"]), row["reason"]) for row in rows]

    async def add(self, notice: Notice, *, now: datetime) -> None:
        await self._inner.execute(INSERT_NOTICES, *notice_columns([notice]), now)

    async def publish(self, message: Message) -> None:
        await outbox.append(self._connection, [message])


@asynccontextmanager
async def open_deliveries(database: Database) -> AsyncGenerator[PostgresDeliveries]:
    """A transaction of its own."""
    async with database.transaction() as connection:
        yield PostgresDeliveries(connection, await driver(connection))
