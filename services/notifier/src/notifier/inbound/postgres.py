"""What customers have written, in PostgreSQL."""

from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from notifier.channels.ports import Written, WrittenPart
from notifier.contacts.consents import Consent, Purpose
from notifier.contacts.postgres import contacts_of
from notifier.contacts.postgres_consents import consents_of
from notifier.contacts.postgres_nominations import (
    contact_as,
    nominated_of,
    say_of_nomination,
    stop_nominated,
)
from notifier.contacts.values import Contact
from notifier.inbound.values import Customer, History, Message, Reply, Retention
from notifier.notices.postgres_rows import INSERT_NOTICES, hold_account, notice_columns
from notifier.notices.values import Notice, Template
from prewatt_common.contracts.notice_events_v1 import Role
from prewatt_common.db.database import Database, DriverConnection, driver

# Of one sender in their order: an earlier one that is due or in hand goes first. One that waits for
# the ledger holds up nobody.
_CLAIM = """
UPDATE inbound_message AS m SET
    status = 'working', attempts = m.attempts + 1, next_attempt_at = $2
FROM (
    SELECT sequence FROM inbound_message AS d
    WHERE status <> 'done' AND next_attempt_at <= $1 AND NOT EXISTS (
        SELECT FROM inbound_message AS e
        WHERE e.sender = d.sender AND e.sequence < d.sequence AND e.status <> 'done'
          AND (e.status = 'working' OR e.next_attempt_at <= $1)
    )
    ORDER BY sequence LIMIT 1 FOR UPDATE SKIP LOCKED
) AS due
WHERE m.sequence = due.sequence
RETURNING m.*
"""
_HISTORY = """
SELECT count(*) FILTER (WHERE answer IS NOT NULL AND worked_at > $2::timestamptz) AS within_hour,
       coalesce(bool_or(answer = ANY ($4::text[])), false) AS helped,
       coalesce(bool_or(answer = ANY ($5::text[])), false) AS stopped
FROM inbound_message
WHERE sender = $1 AND status = 'done' AND worked_at > $3
"""
_FINISH = """
UPDATE inbound_message SET
    status = 'done', next_attempt_at = NULL, word = $3, outcome = $4, answer = $5,
    account_id = $6, worked_at = $7
WHERE id = $1 AND attempts = $2 AND status = 'working'
RETURNING true
"""


class PostgresInbound:
    """An `InboundStore` on an open transaction."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    async def hold_sender(self, sender: str) -> None:
        # Two senders of one hash wait for each other, and no more.
        await self._connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('inbound ' || $1, 0))", sender
        )

    async def is_repeat(self, written: Written, *, since: datetime) -> bool:
        query = """
            SELECT gateway = $2 AND text = $3 AND heard_at > $4 FROM inbound_message
            WHERE sender = $1 ORDER BY sequence DESC LIMIT 1
        """
        args = (written.sender, written.gateway, written.text, since)
        return bool(await self._connection.fetchval(query, *args))

    async def add(self, message_id: UUID, written: Written, *, now: datetime) -> bool:
        added = await self._connection.fetchval(
            """
            INSERT INTO inbound_message
                (id, gateway, gateway_id, sender, text, heard_at, status, next_attempt_at)
            VALUES ($1, $2, $3, $4, $5, $6, 'waiting', $6)
            ON CONFLICT (id) DO NOTHING RETURNING true
            """,
            message_id, written.gateway, written.id, written.sender, written.text, now,
        )  # fmt: skip
        return bool(added)

    async def add_part(self, part: WrittenPart, *, now: datetime) -> None:
        await self._connection.execute(
            """
            INSERT INTO inbound_part
                (gateway, sender, reference, total, number, octets, heard_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (gateway, sender, reference, total, number) DO UPDATE SET
                octets = excluded.octets, heard_at = excluded.heard_at
            """,
            *_text_of(part), part.number, part.octets, now,
        )  # fmt: skip

    async def parts(self, part: WrittenPart, *, since: datetime) -> Sequence[bytes]:
        rows = await self._connection.fetch(
            """
            SELECT octets FROM inbound_part
            WHERE gateway = $1 AND sender = $2 AND reference = $3 AND total = $4 AND heard_at > $5
            ORDER BY number
            """,
            *_text_of(part), since,
        )  # fmt: skip
        return [row["octets"] for row in rows]

    async def forget_parts(self, part: WrittenPart) -> None:
        await self._connection.execute(
            "DELETE FROM inbound_part "
            "WHERE gateway = $1 AND sender = $2 AND reference = $3 AND total = $4",
            *_text_of(part),
        )

    async def claim(self, *, now: datetime, lease_until: datetime) -> Message | None:
        row = await self._connection.fetchrow(_CLAIM, now, lease_until)
        return None if row is None else _message_of(row)

    async def customers(self, phone: str) -> Sequence[Customer]:
        rows = await self._connection.fetch(
            """
            SELECT c.account_id, a.number FROM contact AS c
            LEFT JOIN account AS a ON a.id = c.account_id
            WHERE c.phone = $1 ORDER BY c.account_id
            """,
            phone,
        )
        contacts = await contacts_of(self._connection, [row["account_id"] for row in rows])
        # One that was deleted between the two is none.
        return [
            Customer(contacts[row["account_id"]], row["number"])
            for row in rows
            if row["account_id"] in contacts
        ]

    async def nominated(self, phone: str) -> Sequence[Customer]:
        rows = await self._connection.fetch(
            """
            SELECT n.account_id, a.number FROM nomination AS n
            LEFT JOIN account AS a ON a.id = n.account_id
            WHERE n.phone = $1 ORDER BY n.account_id
            """,
            phone,
        )
        people = await nominated_of(self._connection, [row["account_id"] for row in rows])
        return [
            Customer(people[row["account_id"]].contact, row["number"])
            for row in rows
            if row["account_id"] in people
        ]

    async def say_of_nomination(
        self, account_id: UUID, *, told: bool, how: str, now: datetime
    ) -> bool:
        # First the lock: no batch in progress makes a notice that the person wants no more.
        await hold_account(self._connection, account_id)
        new = await say_of_nomination(self._connection, account_id, told=told, how=how, now=now)
        if not told:
            await stop_nominated(self._connection, account_id)
        return new

    async def history(self, sender: str, *, now: datetime) -> History:
        row = await self._connection.fetchrow(
            _HISTORY, sender, now - timedelta(hours=1), now - timedelta(days=1),
            [Template.ANSWER_HELP, Template.ANSWER_NOMINATED_HELP],
            [Template.ANSWER_STOPPED, Template.ANSWER_NOMINATED_STOPPED],
        )  # fmt: skip
        assert row is not None, "an aggregate has its row"
        return History(row["within_hour"], row["helped"], row["stopped"])

    async def consents(self, account_id: UUID) -> Sequence[Consent]:
        return (await consents_of(self._connection, [account_id])).get(account_id, ())

    async def agreed_once(self, account_id: UUID) -> Collection[Purpose]:
        rows = await self._connection.fetch(
            "SELECT DISTINCT purpose FROM consent WHERE account_id = $1 AND given", account_id
        )
        return {Purpose(row["purpose"]) for row in rows}

    async def put_off(self, message: Message, *, until: datetime, faults: int) -> None:
        await self._connection.execute(
            "UPDATE inbound_message SET status = 'waiting', next_attempt_at = $3, faults = $4 "
            "WHERE id = $1 AND attempts = $2 AND status = 'working'",
            message.id, message.attempts, until, faults,
        )  # fmt: skip

    async def hold_account(self, account_id: UUID, role: Role) -> Contact | None:
        await self._connection.execute(
            "INSERT INTO account (id) VALUES ($1) ON CONFLICT DO NOTHING", account_id
        )
        await hold_account(self._connection, account_id)
        return await contact_as(self._connection, account_id, role, also_stopped=True)

    async def finish(self, message: Message, reply: Reply, *, now: datetime) -> bool:
        customer = reply.customer
        account_id = customer.contact.account_id if customer else None
        done = await self._connection.fetchval(
            _FINISH, message.id, message.attempts, reply.word, reply.outcome, reply.answer,
            account_id, now,
        )  # fmt: skip
        return bool(done)

    async def add_notice(self, notice: Notice, *, now: datetime) -> None:
        await self._connection.execute(INSERT_NOTICES, *notice_columns([notice]), now)

    async def oldest_waiting(self) -> datetime | None:
        query = "SELECT min(heard_at) FROM inbound_message WHERE status <> 'done'"
        return await self._connection.fetchval(query)

    async def forget(self, retention: Retention, *, now: datetime) -> None:
        await self._connection.execute(
            "DELETE FROM inbound_message WHERE heard_at < $1 AND status = 'done'",
            now - retention.messages,
        )
        await self._connection.execute(
            "DELETE FROM inbound_part WHERE heard_at < $1", now - retention.parts
        )


def _text_of(part: WrittenPart) -> tuple[str, str, int, int]:
    return part.gateway, part.sender, part.reference, part.total


def _message_of(row: asyncpg.Record) -> Message:
    return Message(
        id=row["id"],
        gateway=row["gateway"],
        sender=row["sender"],
        text=row["text"],
        heard_at=row["heard_at"],
        attempts=row["attempts"],
        faults=row["faults"],
    )


@asynccontextmanager
async def open_inbound(database: Database) -> AsyncGenerator[PostgresInbound]:
    """A transaction of its own."""
    async with database.transaction() as connection:
        yield PostgresInbound(await driver(connection))
