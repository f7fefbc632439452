"""What is kept of a customer's addresses: the contact, and the recipients of notices."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from notifier.contacts.nominations import Nominated, Nomination
from notifier.contacts.postgres import delete_contact
from notifier.contacts.postgres_nominations import (
    add_nomination,
    end_nomination,
    nominated_of,
    say_of_nomination,
)
from notifier.contacts.values import Channel
from notifier.notices.postgres_rows import hold_account, stop_notices
from notifier.notices.values import Status
from prewatt_common.contracts.notice_events_v1 import Role
from prewatt_common.db.database import Database, DriverConnection, driver

# What names the account goes too; what a number wrote only if it is nobody's else.
_FORGET_WRITTEN = """
WITH reached AS (
    SELECT account_id, 'customer'::text AS role, phone FROM contact
    UNION ALL
    SELECT account_id, 'nominated', phone FROM nomination WHERE ended_at IS NULL
), whom AS (SELECT phone FROM reached WHERE account_id = $1::uuid AND role = $2::text)
DELETE FROM inbound_message AS m USING whom
WHERE $2 = 'customer' AND m.account_id = $1 OR m.sender = whom.phone AND NOT EXISTS (
    SELECT FROM reached AS other
    WHERE other.phone = whom.phone AND (other.account_id, other.role) <> ($1, $2)
)
"""


class PostgresCustomerRecords:
    """`CustomerRecords` on an open transaction."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    async def hold_account(self, account_id: UUID) -> None:
        await hold_account(self._connection, account_id)

    async def hold_contact(self, account_id: UUID) -> bool:
        query = "SELECT true FROM contact WHERE account_id = $1 FOR UPDATE"
        return bool(await self._connection.fetchval(query, account_id))

    async def forget_written(self, account_id: UUID, role: Role) -> None:
        await self._connection.execute(_FORGET_WRITTEN, account_id, role)

    async def delete_contact(self, account_id: UUID) -> bool:
        return await delete_contact(self._connection, account_id)

    async def nominated(self, account_id: UUID) -> Nominated | None:
        return (await nominated_of(self._connection, [account_id])).get(account_id)

    async def add_nomination(self, made: Nomination) -> None:
        await add_nomination(self._connection, made)

    async def end_nomination(self, nomination_id: UUID, *, by: str, now: datetime) -> None:
        await end_nomination(self._connection, nomination_id, by=by, now=now)

    async def say_of_nomination(
        self, account_id: UUID, *, told: bool, how: str, now: datetime
    ) -> bool:
        return await say_of_nomination(self._connection, account_id, told=told, how=how, now=now)

    async def erase_recipients(
        self, account_id: UUID, role: Role | None = None
    ) -> Sequence[Channel]:
        rows = await self._connection.fetch(
            "UPDATE notice SET recipient = '' "
            "WHERE account_id = $1 AND ($2::text IS NULL OR role = $2) RETURNING id",
            account_id,
            role,
        )
        stopped = await stop_notices(
            self._connection, ids=[row["id"] for row in rows], stop_as=Status.SUPPRESSED
        )
        return [notice.channel for notice in stopped]


@asynccontextmanager
async def open_customer_records(database: Database) -> AsyncGenerator[PostgresCustomerRecords]:
    """A transaction of its own."""
    async with database.transaction() as connection:
        yield PostgresCustomerRecords(await driver(connection))
