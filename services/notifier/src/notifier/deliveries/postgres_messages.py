"""Messages by the SMS centre's numbers, and what it says of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from notifier.channels.ports import Verdict
from notifier.deliveries.values import Said
from prewatt_common.db.database import DriverConnection

_OVERTAKES_MAX = timedelta(hours=1)
"""A receipt comes no earlier than this before our note of the acceptance: what is older is of
another message, whose number the centre uses again."""
_UNKNOWN_KEPT = timedelta(days=7)
_JOIN = """
INSERT INTO sms_message AS m (message_id, notice_id)
SELECT DISTINCT unnest($2::text[]), $1::uuid
ON CONFLICT (message_id) DO UPDATE SET
    notice_id = excluded.notice_id,
    verdict = CASE WHEN m.notice_id IS NULL AND m.heard_at > $3 THEN m.verdict END,
    reason = CASE WHEN m.notice_id IS NULL AND m.heard_at > $3 THEN m.reason END,
    heard_at = CASE WHEN m.notice_id IS NULL AND m.heard_at > $3 THEN m.heard_at END
"""
# What has come back stays so.
_KEEP = """
INSERT INTO sms_message AS m (message_id, verdict, reason, heard_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (message_id) DO UPDATE SET
    verdict = excluded.verdict, reason = excluded.reason, heard_at = excluded.heard_at
WHERE m.notice_id IS NULL OR m.verdict IS DISTINCT FROM 'bounced'
"""
_FORGET_UNKNOWN = "DELETE FROM sms_message WHERE notice_id IS NULL AND heard_at < $1"


async def join_messages(
    connection: DriverConnection, notice_id: UUID, message_ids: Sequence[str], *, now: datetime
) -> None:
    """See `DeliveryStore`."""
    await connection.execute(_JOIN, notice_id, list(message_ids), now - _OVERTAKES_MAX)


async def keep_receipt(
    connection: DriverConnection, message_id: str, verdict: Verdict, *, reason: str, now: datetime
) -> UUID | None:
    """See `DeliveryStore`."""
    await connection.execute(_KEEP, message_id, verdict, reason, now)
    query = "SELECT notice_id FROM sms_message WHERE message_id = $1"
    notice_id = await connection.fetchval(query, message_id)
    if notice_id is None:
        await connection.execute(_FORGET_UNKNOWN, now - _UNKNOWN_KEPT)
    return notice_id


async def verdict_of_messages(connection: DriverConnection, notice_id: UUID) -> Said | None:
    """See `DeliveryStore`."""
    rows = await connection.fetch(
        "SELECT verdict, reason FROM sms_message WHERE notice_id = $1 ORDER BY heard_at", notice_id
    )
    back = next((row for row in rows if row["verdict"] == Verdict.BOUNCED), None)
    if back is not None:
        return Said(Verdict.BOUNCED, back["reason"])
    if not rows or any(row["verdict"] is None for row in rows):
        return None
    return Said(Verdict.DELIVERED, rows[-1]["reason"])
