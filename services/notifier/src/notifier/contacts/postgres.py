"""Contacts in PostgreSQL."""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg

from notifier.contacts.values import Channel, Contact, Language
from prewatt_common.contracts.notice_events_v1 import Role
from prewatt_common.db.database import Database, DriverConnection, driver


class PostgresContacts:
    """A `ContactStore` on an open transaction."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    async def hold_reads(self, account_ids: Collection[UUID]) -> Mapping[UUID, bool]:
        rows = await self._connection.fetch(
            "SELECT account_id, reads FROM contact WHERE account_id = ANY ($1::uuid[]) "
            "ORDER BY account_id FOR UPDATE",
            list(account_ids),
        )
        return {row["account_id"]: row["reads"] for row in rows}

    async def put(self, contacts: Sequence[Contact]) -> None:
        await self._connection.executemany(
            """
            INSERT INTO contact (account_id, language, email, phone, channels, timezone,
                                 wechat_openid, chat, reads)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT (account_id) DO UPDATE SET
                language = excluded.language, email = excluded.email, phone = excluded.phone,
                channels = excluded.channels, timezone = excluded.timezone,
                wechat_openid = excluded.wechat_openid, chat = excluded.chat,
                reads = excluded.reads
            """,
            [
                (
                    c.account_id,
                    c.language,
                    c.email,
                    c.phone,
                    list(c.channels),
                    c.timezone,
                    c.wechat_openid,
                    c.chat,
                    c.reads,
                )
                for c in contacts
            ],
        )

    async def get(self, account_id: UUID) -> Contact | None:
        return (await contacts_of(self._connection, [account_id])).get(account_id)


@asynccontextmanager
async def open_contacts(database: Database) -> AsyncGenerator[PostgresContacts]:
    """A transaction of its own."""
    async with database.transaction() as connection:
        yield PostgresContacts(await driver(connection))


async def contacts_of(
    connection: DriverConnection, account_ids: Collection[UUID]
) -> Mapping[UUID, Contact]:
    """By account; those without a contact are not among them."""
    rows = await connection.fetch(
        """
        SELECT account_id, language, email, phone, channels, timezone, wechat_openid, chat, reads
        FROM contact
        WHERE account_id = ANY ($1::uuid[])
        """,
        list(account_ids),
    )
    return {row["account_id"]: contact_of(row) for row in rows}


def contact_of(row: asyncpg.Record, role: Role = Role.CUSTOMER) -> Contact:
    """As the customer is reached, or whom they have named."""
    return Contact(
        account_id=row["account_id"],
        language=Language(row["language"]),
        email=row["email"],
        phone=row["phone"],
        channels=tuple(Channel(channel) for channel in row["channels"]),
        timezone=row["timezone"],
        wechat_openid=row["wechat_openid"],
        chat=row["chat"],
        role=role,
        reads=row["reads"],
    )


async def delete_contact(connection: DriverConnection, account_id: UUID) -> bool:
    """Whether there was one."""
    deleted = await connection.fetchval(
        "DELETE FROM contact WHERE account_id = $1 RETURNING true", account_id
    )
    return bool(deleted)
