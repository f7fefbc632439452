"""What came of campaigns, read for people and metrics."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from notifier.campaigns.results import ChannelCounts, Counts, Results
from notifier.campaigns.values import Campaign, CampaignState, Skipped
from notifier.contacts.values import Channel
from prewatt_common.db.database import Database, driver

_AT_WORK = """
SELECT id, state FROM campaign WHERE state IN ('approved', 'running', 'paused') ORDER BY id
"""
_SILENT = "SELECT min(told_at) FROM campaign WHERE state = 'running'"
_SKIPPED = """
SELECT skipped_for, count(*) AS count FROM campaign_member
WHERE campaign_id = $1 AND state = 'skipped' GROUP BY skipped_for
"""
# An account has a notice for each channel that was tried, and for each pause; a payment has its
# receipt, whether the customer wanted one or not.
_COUNTS = """
WITH said AS (
    SELECT account_id,
           bool_or(status IN ('accepted', 'delivered')) AS reached,
           bool_or(status = 'delivered') AS delivered,
           bool_or(status IN ('queued', 'sending')) AS waits,
           (array_agg(status ORDER BY position DESC))[1]
               IN ('declined', 'suppressed', 'withdrawn') AS stopped
    FROM notice WHERE campaign_id = $1 GROUP BY account_id
), members AS (
    SELECT m.state, m.settled_at, coalesce(s.reached, false) AS reached,
           coalesce(s.delivered, false) AS delivered, coalesce(s.waits, false) AS waits,
           coalesce(s.stopped, false) AS stopped,
           m.state IN ('queued', 'held_out') AND EXISTS (
               SELECT FROM notice AS p
               WHERE p.account_id = m.account_id AND p.template = 'topped-up' AND p.position = 0
                 AND (p.facts ->> 'at')::timestamptz > m.settled_at
                 AND (p.facts ->> 'at')::timestamptz <= m.settled_at + $2::interval
           ) AS paid,
           m.state = 'queued' AND EXISTS (
               SELECT FROM consent AS c
               WHERE c.account_id = m.account_id AND c.purpose = $3 AND NOT c.given
                 AND c.at > m.settled_at AND c.at <= m.settled_at + $2::interval
           ) AS opted_out
    FROM campaign_member AS m LEFT JOIN said AS s ON s.account_id = m.account_id
    WHERE m.campaign_id = $1
)
SELECT count(*) AS audience,
       count(*) FILTER (WHERE state = 'waiting') AS waiting,
       count(*) FILTER (WHERE state = 'held_out') AS held_out,
       count(*) FILTER (WHERE state = 'queued') AS told,
       count(*) FILTER (WHERE state = 'queued' AND NOT reached AND waits) AS on_their_way,
       count(*) FILTER (WHERE state = 'queued' AND reached) AS reached,
       count(*) FILTER (WHERE state = 'queued' AND delivered) AS delivered,
       count(*) FILTER (WHERE state = 'queued' AND NOT reached AND NOT waits AND stopped)
           AS stopped,
       count(*) FILTER (WHERE opted_out) AS opted_out,
       count(*) FILTER (WHERE state = 'queued' AND paid) AS paid_of_told,
       count(*) FILTER (WHERE state = 'queued' AND reached AND paid) AS paid_of_reached,
       count(*) FILTER (WHERE state = 'held_out' AND paid) AS paid_of_held_out,
       max(settled_at) FILTER (WHERE state IN ('queued', 'held_out')) + $2::interval AS complete_at
FROM members
"""
_CHANNELS = """
SELECT channel, count(*) FILTER (WHERE attempts > 0) AS tried,
       count(*) FILTER (WHERE accepted_at IS NOT NULL) AS accepted,
       count(*) FILTER (WHERE status = 'delivered') AS delivered,
       count(*) FILTER (WHERE status IN ('failed', 'expired', 'bounced')) AS failed,
       coalesce(sum(segments), 0)::bigint AS segments
FROM notice WHERE campaign_id = $1 GROUP BY channel ORDER BY channel
"""


class PostgresCampaignRecords:
    """`CampaignRecords`, each call a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def at_work(self) -> Sequence[tuple[UUID, CampaignState]]:
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(_AT_WORK)
        return [(row["id"], CampaignState(row["state"])) for row in rows]

    async def silent_since(self) -> datetime | None:
        async with self._database.transaction() as connection:
            return await (await driver(connection)).fetchval(_SILENT)

    async def results(self, campaign: Campaign) -> Results:
        days = timedelta(days=campaign.terms.respond_days)
        async with self._database.snapshot() as connection:
            inner = await driver(connection)
            row = await inner.fetchrow(_COUNTS, campaign.id, days, campaign.terms.purpose)
            skipped = await inner.fetch(_SKIPPED, campaign.id)
            channels = await inner.fetch(_CHANNELS, campaign.id)
        assert row is not None, "a count is a row"
        by_reason = {Skipped(each["skipped_for"]): each["count"] for each in skipped}
        return Results(
            counts=Counts(**dict(row), skipped=by_reason),
            channels=[
                ChannelCounts(
                    channel=Channel(each["channel"]),
                    tried=each["tried"],
                    accepted=each["accepted"],
                    delivered=each["delivered"],
                    failed=each["failed"],
                    segments=each["segments"],
                )
                for each in channels
            ],
        )
