"""Nominated persons in PostgreSQL: one stands for an account, those before it have no address."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

import asyncpg

from notifier.contacts.nominations import Agreement, Nominated, Nomination
from notifier.contacts.postgres import contact_of, contacts_of
from notifier.contacts.values import Contact
from prewatt_common.contracts.notice_events_v1 import Role
from prewatt_common.db.database import DriverConnection

_STANDING = """
SELECT n.*, coalesce((
    SELECT told FROM nomination_word WHERE nomination_id = n.id ORDER BY sequence DESC LIMIT 1
), true) AS is_told
FROM nomination AS n
WHERE n.account_id = ANY ($1::uuid[]) AND n.ended_at IS NULL
"""
_ADD = """
INSERT INTO nomination (id, account_id, language, email, phone, channels, timezone, wechat_openid,
                        chat, customer_agreed, customer_agreed_at, person_agreed, person_agreed_at,
                        noted_by, noted_at, reads)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
"""
_END = """
UPDATE nomination SET
    ended_by = $2, ended_at = $3, email = NULL, phone = NULL, channels = '{}', timezone = NULL,
    wechat_openid = NULL, chat = NULL
WHERE id = $1
"""
# The same again is no other word.
_SAY = """
INSERT INTO nomination_word (nomination_id, told, at, how)
SELECT n.id, $2, $3, $4 FROM nomination AS n
WHERE n.account_id = $1 AND n.ended_at IS NULL AND coalesce((
    SELECT told FROM nomination_word WHERE nomination_id = n.id ORDER BY sequence DESC LIMIT 1
), true) <> $2
RETURNING true
"""
# What is being sent is not tried again, over no other channel either. Answers are to who has asked.
_STOP = """
UPDATE notice SET
    stop_as = 'declined',
    status = CASE WHEN status = 'queued' THEN 'declined' ELSE status END,
    next_attempt_at = CASE WHEN status = 'queued' THEN NULL ELSE next_attempt_at END,
    finished_at = CASE WHEN status = 'queued' THEN now() ELSE finished_at END
WHERE account_id = $1 AND role = 'nominated' AND template NOT LIKE 'answer-%'
  AND status IN ('queued', 'sending', 'accepted') AND stop_as IS NULL
"""


async def nominated_of(
    connection: DriverConnection, account_ids: Collection[UUID]
) -> Mapping[UUID, Nominated]:
    """By account; of those whose customer has named somebody."""
    rows = await connection.fetch(_STANDING, list(account_ids))
    return {row["account_id"]: _nominated(row) for row in rows}


async def add_nomination(connection: DriverConnection, made: Nomination) -> None:
    """The one that stood has ended before."""
    c = made.contact
    await connection.execute(
        _ADD, made.id, c.account_id, c.language, c.email, c.phone, list(c.channels), c.timezone,
        c.wechat_openid, c.chat, made.customer.how, made.customer.at, made.person.how,
        made.person.at, made.by, made.at, c.reads,
    )  # fmt: skip


async def end_nomination(
    connection: DriverConnection, nomination_id: UUID, *, by: str, now: datetime
) -> None:
    """That both had agreed stays; the addresses go."""
    await connection.execute(_END, nomination_id, by, now)


async def say_of_nomination(
    connection: DriverConnection, account_id: UUID, *, told: bool, how: str, now: datetime
) -> bool:
    """What the person who is nominated now wants. Gives whether that is new."""
    return bool(await connection.fetchval(_SAY, account_id, told, now, how))


async def stop_nominated(connection: DriverConnection, account_id: UUID) -> None:
    """What they are warned of and was not sent yet is not. The caller holds the account."""
    await connection.execute(_STOP, account_id)


async def contact_as(
    connection: DriverConnection, account_id: UUID, role: Role, *, also_stopped: bool = False
) -> Contact | None:
    """Whom a notice of the account to ``role`` goes to now. Nobody who only helps is told against
    their will: none after a STOP of theirs, but for ``also_stopped``, to answer them."""
    if role is Role.CUSTOMER:
        return (await contacts_of(connection, [account_id])).get(account_id)
    person = (await nominated_of(connection, [account_id])).get(account_id)
    return person.contact if person is not None and (person.is_told or also_stopped) else None


def _nominated(row: asyncpg.Record) -> Nominated:
    nomination = Nomination(
        id=row["id"],
        contact=contact_of(row, Role.NOMINATED),
        customer=Agreement(row["customer_agreed"], row["customer_agreed_at"]),
        person=Agreement(row["person_agreed"], row["person_agreed_at"]),
        by=row["noted_by"],
        at=row["noted_at"],
    )
    return Nominated(nomination, row["is_told"])
