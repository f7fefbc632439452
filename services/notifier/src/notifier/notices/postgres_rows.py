"""Rows as values, and back."""

import logging
from collections.abc import Iterable
from uuid import UUID

import asyncpg
import msgspec

from notifier.contacts.values import Channel, Language
from notifier.notices.values import Facts, Notice, Priority, Status, Template
from prewatt_common.contracts.notice_events_v1 import Role
from prewatt_common.db.database import DriverConnection

logger = logging.getLogger(__name__)

INSERT_NOTICES = """
INSERT INTO notice (id, cause_id, account_id, template, language, channel, recipient, facts,
                    settled_above_micro, position, status, priority, expires_at, give_up_at,
                    role, campaign_id, next_attempt_at, created_at, finished_at)
SELECT id, cause_id, account_id, template, language, channel, recipient, facts::jsonb,
       settled_above_micro, position, status, priority, expires_at, give_up_at, role, campaign_id,
       CASE WHEN status = 'queued' THEN $17::timestamptz END,
       $17::timestamptz,
       CASE WHEN status = 'queued' THEN NULL ELSE $17::timestamptz END
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[],
            $8::text[], $9::bigint[], $10::int[], $11::text[], $12::smallint[],
            $13::timestamptz[], $14::timestamptz[], $15::text[], $16::uuid[])
     WITH ORDINALITY AS n (id, cause_id, account_id, template, language, channel, recipient, facts,
                           settled_above_micro, position, status, priority, expires_at,
                           give_up_at, role, campaign_id, place)
ORDER BY place
"""


def notice_columns(notices: list[Notice]) -> list[list[object]]:
    """The arrays that `INSERT_NOTICES` takes, but for its last argument, the present."""
    return [
        [n.id for n in notices],
        [n.cause_id for n in notices],
        [n.account_id for n in notices],
        [n.template for n in notices],
        [n.language for n in notices],
        [n.channel for n in notices],
        [n.recipient for n in notices],
        [msgspec.json.encode(n.facts).decode() for n in notices],
        [n.settled_above_micro for n in notices],
        [n.position for n in notices],
        [n.status for n in notices],
        [n.priority for n in notices],
        [n.expires_at for n in notices],
        [n.give_up_at for n in notices],
        [n.role for n in notices],
        [n.campaign_id for n in notices],
    ]


def notice_of(row: asyncpg.Record) -> Notice:
    """A notice as it is kept."""
    return Notice(
        id=row["id"],
        cause_id=row["cause_id"],
        account_id=row["account_id"],
        template=Template(row["template"]),
        language=Language(row["language"]),
        channel=Channel(row["channel"]),
        recipient=row["recipient"],
        facts=msgspec.convert(row["facts"], Facts),
        settled_above_micro=row["settled_above_micro"],
        position=row["position"],
        status=Status(row["status"]),
        priority=Priority(row["priority"]),
        expires_at=row["expires_at"],
        give_up_at=row["give_up_at"],
        role=Role(row["role"]),
        code=row["code"],
        campaign_id=row["campaign_id"],
        accepted_at=row["accepted_at"],
    )


def ended_of(rows: Iterable[asyncpg.Record]) -> list[Notice]:
    """Notices that have ended, but for those that cannot be read: they have ended all the same, and
    no event can tell of it. One of them would keep all others of its transaction from ending."""
    found: list[Notice] = []
    for row in rows:
        try:
            found.append(notice_of(row))
        except Exception:
            logger.exception("notice %s has ended and cannot be read: not told", row["id"])
    return found


async def hold_account(connection: DriverConnection, account_id: UUID) -> None:
    """Until the transaction ends, nobody else adds notices of the account's."""
    await connection.execute("SELECT FROM account WHERE id = $1 FOR UPDATE", account_id)


async def stop_notices(
    connection: DriverConnection, *, ids: list[object], stop_as: Status
) -> list[Notice]:
    """Those of ``ids`` that wait end as ``stop_as``: they are given. Those being sent do if this
    attempt fails, and those that a peer has are not sent again if they come back, nor any because
    a person asks for it. What is true no more stays so, whatever becomes of the contact."""
    rows = await connection.fetch(
        """
        UPDATE notice SET
            stop_as = CASE WHEN stop_as = 'withdrawn' THEN stop_as ELSE $2 END,
            status = CASE WHEN status = 'queued' THEN $2 ELSE status END,
            next_attempt_at = CASE WHEN status = 'queued' THEN NULL ELSE next_attempt_at END,
            finished_at = CASE WHEN status = 'queued' THEN now() ELSE finished_at END
        WHERE id = ANY ($1::uuid[]) AND status <> 'withdrawn'
          AND (status <> 'suppressed' OR $2 = 'withdrawn')
        RETURNING *
        """,
        ids,
        stop_as,
    )
    return ended_of(row for row in rows if row["status"] == stop_as)
