"""Where members are told, in PostgreSQL."""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from notifier.campaigns.planning import Turn
from notifier.campaigns.postgres import PostgresCampaigns
from notifier.campaigns.values import Waiting
from notifier.contacts.consents import Purpose, declined
from notifier.contacts.postgres import contacts_of
from notifier.contacts.postgres_consents import consents_of
from notifier.contacts.values import Contact
from notifier.notices.postgres_rows import INSERT_NOTICES, notice_columns
from prewatt_common.db.database import Database, DriverConnection, driver

_RESOLVE = """
UPDATE campaign_member AS m SET account_id = a.id, zone = coalesce(c.timezone, $2)
FROM account AS a LEFT JOIN contact AS c ON c.account_id = a.id
WHERE m.campaign_id = $1 AND a.number = m.number
"""
_UNKNOWN = """
UPDATE campaign_member SET state = 'skipped', skipped_for = 'unknown_account', settled_at = $2
WHERE campaign_id = $1 AND account_id IS NULL
"""
_ZONES = "SELECT DISTINCT zone FROM campaign_member WHERE campaign_id = $1 AND zone IS NOT NULL"
_ON_THEIR_WAY = """
SELECT count(*) FROM notice WHERE campaign_id = $1 AND status IN ('queued', 'sending')
   AND id <> ALL (ARRAY(SELECT notice_id FROM parked_notice))
"""
_IS_WAITED_FOR = """
SELECT EXISTS (SELECT FROM campaign_member WHERE campaign_id = $1 AND state = 'waiting')
"""
_WAITING = """
SELECT number, account_id, zone, held_out, position FROM campaign_member
WHERE campaign_id = $1 AND state = 'waiting' AND zone = ANY ($2::text[])
ORDER BY place LIMIT $3
"""
# In the order of ids, as whoever else holds several; the account before its contact.
_HOLD = "SELECT FROM account WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE"
_HOLD_CONTACTS = """
SELECT FROM contact WHERE account_id = ANY ($1::uuid[]) ORDER BY account_id FOR SHARE
"""
_SETTLE = """
UPDATE campaign_member AS m SET state = n.state, skipped_for = n.why, settled_at = $2
FROM unnest($3::text[], $4::text[], $5::text[]) AS n (number, state, why)
WHERE m.campaign_id = $1 AND m.number = n.number AND m.state = 'waiting'
"""


class PostgresTurn(PostgresCampaigns):
    """A `TurnStore` on an open transaction."""

    def __init__(
        self,
        transaction: AsyncConnection,
        connection: DriverConnection,
        *,
        refusable: Collection[Purpose],
    ) -> None:
        super().__init__(transaction, connection)
        self._refusable = refusable

    async def approved_at(self, campaign_id: UUID) -> datetime | None:
        query = "SELECT max(at) FROM campaign_step WHERE campaign_id = $1 AND what = 'approved'"
        return await self._connection.fetchval(query, campaign_id)

    async def resolve(self, campaign_id: UUID, *, zone: str, now: datetime) -> Sequence[str]:
        await self._connection.execute(_RESOLVE, campaign_id, zone)
        await self._connection.execute(_UNKNOWN, campaign_id, now)
        return sorted(row["zone"] for row in await self._connection.fetch(_ZONES, campaign_id))

    async def on_their_way(self, campaign_id: UUID) -> int:
        return await self._connection.fetchval(_ON_THEIR_WAY, campaign_id)

    async def is_waited_for(self, campaign_id: UUID) -> bool:
        return await self._connection.fetchval(_IS_WAITED_FOR, campaign_id)

    async def waiting(
        self, campaign_id: UUID, *, zones: Collection[str], limit: int
    ) -> Sequence[Waiting]:
        rows = await self._connection.fetch(_WAITING, campaign_id, list(zones), limit)
        return [
            Waiting(row["number"], row["account_id"], row["zone"], row["held_out"], row["position"])
            for row in rows
        ]

    async def hold(self, account_ids: Collection[UUID]) -> Mapping[UUID, Contact]:
        ids = list(account_ids)
        await self._connection.fetch(_HOLD, ids)
        await self._connection.fetch(_HOLD_CONTACTS, ids)
        return await contacts_of(self._connection, ids)

    async def declined(self, account_ids: Collection[UUID]) -> Mapping[UUID, Collection[Purpose]]:
        said = await consents_of(self._connection, account_ids)
        return {
            account_id: declined(consents, refusable=self._refusable)
            for account_id, consents in said.items()
        }

    async def write(self, campaign_id: UUID, turn: Turn, *, now: datetime) -> None:
        if turn.notices:
            await self._connection.execute(INSERT_NOTICES, *notice_columns(turn.notices), now)
        settled = [
            *((number, "queued", None) for number in turn.told),
            *((number, "held_out", None) for number in turn.held_out),
            *((number, "skipped", why) for number, why in turn.skipped.items()),
        ]
        if settled:
            numbers, states, whys = map(list, zip(*settled, strict=True))
            await self._connection.execute(_SETTLE, campaign_id, now, numbers, states, whys)


@asynccontextmanager
async def open_turn(
    database: Database, *, refusable: Collection[Purpose]
) -> AsyncGenerator[PostgresTurn]:
    """A transaction of its own."""
    async with database.transaction() as connection:
        yield PostgresTurn(connection, await driver(connection), refusable=refusable)
