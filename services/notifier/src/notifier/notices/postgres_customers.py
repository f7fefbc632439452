"""What is kept of a customer's addresses: the contact, and the recipients of notices."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from notifier.contacts.postgres import delete_contact
from notifier.contacts.values import Channel
from notifier.notices.postgres_rows import hold_account, stop_notices
from notifier.notices.values import Status
from prewatt_common.db.database import Database, DriverConnection, driver

_FORGET_WRITTEN = """
DELETE FROM inbound_message AS m USING contact AS c
WHERE c.account_id = $1 AND (m.account_id = $1 OR m.sender = c.phone AND NOT EXISTS (
    SELECT FROM contact AS other WHERE other.phone = c.phone AND other.account_id <> $1
))
"""


class PostgresCustomerRecords:
    """`CustomerRecords` on an open transaction."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    async def hold_account(self, account_id: UUID) -> None:
        await hold_account(self._connection, account_id)

    async def delete_contact(self, account_id: UUID) -> bool:
        # What the customer wrote to us goes with it, unless the number is another contact's too.
        await self._connection.execute(_FORGET_WRITTEN, account_id)
        return await delete_contact(self._connection, account_id)

    async def erase_recipients(self, account_id: UUID) -> Sequence[Channel]:
        rows = await self._connection.fetch(
            "UPDATE notice SET recipient = '' WHERE account_id = $1 RETURNING id", account_id
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
