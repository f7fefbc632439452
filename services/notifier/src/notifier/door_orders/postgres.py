"""Door orders in PostgreSQL."""

import logging
from collections.abc import AsyncGenerator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from notifier.contacts.values import Channel, Language
from notifier.door_orders.values import (
    DoorOrderView,
    Ending,
    NewOrder,
    Occurrence,
    Standing,
    Try,
    Waiting,
)
from notifier.notices.postgres_rows import hold_account
from notifier.notices.values import Status, Template
from prewatt_common.contracts.notice_events_v1 import DoorOrderEnd
from prewatt_common.db.database import Database, DriverConnection, driver
from prewatt_common.kafka import outbox
from prewatt_common.kafka.messages import Message

logger = logging.getLogger(__name__)

# Word by word the condition of the index notice_unreached, so that it is used. A test holds its
# templates to be those of which there are orders.
_UNREACHED = """
SELECT DISTINCT n.cause_id, n.template, n.account_id FROM notice AS n
WHERE n.role = 'customer'
  AND n.template IN ('low-balance', 'balance-exhausted', 'payment-reminder')
  AND (n.status IN ('failed', 'expired', 'bounced', 'suppressed', 'declined') OR n.channel = 'log')
  AND n.expires_at > $4 AND n.finished_at <= $3
  AND ($1::uuid IS NULL OR n.cause_id > $1)
  AND NOT EXISTS (
    SELECT FROM door_order AS o WHERE o.cause_id = n.cause_id AND o.template = n.template
  )
ORDER BY n.cause_id LIMIT $2
"""
_OPEN = """
SELECT cause_id, template, account_id FROM door_order
WHERE ended_at IS NULL AND ($1::uuid IS NULL OR cause_id > $1)
ORDER BY cause_id LIMIT $2
"""
_STANDINGS = """
SELECT n.cause_id, n.template, n.account_id,
       (array_agg(n.id ORDER BY n.position DESC))[1] AS notice_id,
       (array_agg(n.language ORDER BY n.position DESC))[1] AS language,
       array_agg(n.channel ORDER BY n.position) AS channels,
       array_agg(n.status ORDER BY n.position) AS statuses,
       bool_or(n.status = 'withdrawn' OR n.stop_as IS NOT DISTINCT FROM 'withdrawn') AS overtaken,
       CASE WHEN bool_and(n.finished_at IS NOT NULL) THEN max(n.finished_at) END AS tried_until,
       max(n.expires_at) AS expires_at,
       (
           SELECT d.id FROM door_notice AS d JOIN notice AS b ON b.id = d.notice_id
           WHERE b.cause_id = n.cause_id AND b.template = n.template ORDER BY d.id DESC LIMIT 1
       ) AS door_id,
       (
           SELECT o.id FROM door_order AS o
           WHERE o.cause_id = n.cause_id AND o.template = n.template
       ) AS order_id
FROM notice AS n
JOIN unnest($1::uuid[], $2::text[]) AS asked (cause_id, template) USING (cause_id, template)
WHERE n.role = 'customer'
GROUP BY n.cause_id, n.template, n.account_id
ORDER BY n.cause_id
"""
# Where one was brought before is where this one goes, and nobody else here knows a street.
_PAGE = """
SELECT o.*, coalesce(a.number, a.id::text) AS account_number, (
    SELECT d.address FROM door_notice AS d JOIN notice AS n ON n.id = d.notice_id
    WHERE n.account_id = o.account_id AND d.address IS NOT NULL ORDER BY d.id DESC LIMIT 1
) AS address
FROM door_order AS o JOIN account AS a ON a.id = o.account_id
WHERE ($1::uuid IS NULL OR o.account_id = $1)
  AND ($2::boolean IS NULL OR (o.ended_at IS NULL) = $2)
  AND ($3::uuid IS NULL OR o.id < $3)
ORDER BY o.id DESC LIMIT $4
"""


class PostgresDoorOrders:
    """A `DoorOrderStore` on an open transaction."""

    def __init__(self, transaction: AsyncConnection, connection: DriverConnection) -> None:
        self._transaction = transaction
        self._connection = connection

    async def unreached(
        self, *, after: UUID | None, limit: int, tried_before: datetime, now: datetime
    ) -> Sequence[Occurrence]:
        rows = await self._connection.fetch(_UNREACHED, after, limit, tried_before, now)
        return [_occurrence_of(row) for row in rows]

    async def open_orders(self, *, after: UUID | None, limit: int) -> Sequence[Occurrence]:
        rows = await self._connection.fetch(_OPEN, after, limit)
        return [_occurrence_of(row) for row in rows]

    async def hold_account(self, account_id: UUID) -> None:
        await hold_account(self._connection, account_id)

    async def standings(self, occurrences: Collection[Occurrence]) -> Sequence[Standing]:
        rows = await self._connection.fetch(
            _STANDINGS,
            [each.cause_id for each in occurrences],
            [each.template for each in occurrences],
        )
        return _standings_of(rows)

    async def add(self, order: NewOrder) -> None:
        account_id, cause_id, template = order.occurrence
        await self._connection.execute(
            """
            INSERT INTO door_order (id, account_id, cause_id, template, notice_id, language,
                                    ordered_at, bring_by)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            """,
            order.id, account_id, cause_id, template, order.notice_id, order.language,
            order.ordered_at, order.bring_by,
        )  # fmt: skip

    async def end(self, ending: Ending) -> bool:
        ended = await self._connection.fetchval(
            """
            UPDATE door_order SET ended_as = $2, door_id = $3, ended_at = $4
            WHERE id = $1 AND ended_at IS NULL RETURNING true
            """,
            ending.order_id, ending.end, ending.door_id, ending.at,
        )  # fmt: skip
        return bool(ended)

    async def waiting(self) -> Waiting:
        row = await self._connection.fetchrow(
            "SELECT count(*) AS open, min(ordered_at) AS since FROM door_order "
            "WHERE ended_at IS NULL"
        )
        assert row is not None
        return Waiting(row["open"], row["since"])

    async def publish(self, message: Message) -> None:
        await outbox.append(self._transaction, [message])


class PostgresDoorOrderRecords:
    """`DoorOrderRecords`, each call a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, *, account_id: UUID | None, open_: bool | None, before: UUID | None, limit: int
    ) -> Sequence[DoorOrderView]:
        async with self._database.transaction() as connection:
            inner = await driver(connection)
            rows = await inner.fetch(_PAGE, account_id, open_, before, limit)
        return [_view_of(row) for row in rows]

    async def notice_of(self, order_id: UUID) -> UUID | None:
        async with self._database.transaction() as connection:
            inner = await driver(connection)
            query = "SELECT notice_id FROM door_order WHERE id = $1"
            return await inner.fetchval(query, order_id)


def _occurrence_of(row: asyncpg.Record) -> Occurrence:
    return Occurrence(row["account_id"], row["cause_id"], Template(row["template"]))


def _standings_of(rows: Iterable[asyncpg.Record]) -> list[Standing]:
    """But for those that cannot be read, which deliveries set aside: one of them would keep all
    others from their orders."""
    found: list[Standing] = []
    for row in rows:
        try:
            found.append(_standing_of(row))
        except ValueError:
            logger.exception("notice %s cannot be read: nobody is sent with it", row["notice_id"])
    return found


def _standing_of(row: asyncpg.Record) -> Standing:
    return Standing(
        occurrence=_occurrence_of(row),
        notice_id=row["notice_id"],
        language=Language(row["language"]),
        tries=tuple(
            Try(Channel(channel), Status(status))
            for channel, status in zip(row["channels"], row["statuses"], strict=True)
        ),
        overtaken=row["overtaken"],
        tried_until=row["tried_until"],
        expires_at=row["expires_at"],
        door_id=row["door_id"],
        order_id=row["order_id"],
    )


def _view_of(row: asyncpg.Record) -> DoorOrderView:
    return DoorOrderView(
        order=NewOrder(
            id=row["id"],
            occurrence=_occurrence_of(row),
            notice_id=row["notice_id"],
            language=Language(row["language"]),
            ordered_at=row["ordered_at"],
            bring_by=row["bring_by"],
        ),
        account_number=row["account_number"],
        address=row["address"],
        end=None if row["ended_as"] is None else DoorOrderEnd(row["ended_as"]),
        ended_at=row["ended_at"],
        door_id=row["door_id"],
    )


@asynccontextmanager
async def open_door_orders(database: Database) -> AsyncGenerator[PostgresDoorOrders]:
    """A transaction of its own."""
    async with database.transaction() as connection:
        yield PostgresDoorOrders(connection, await driver(connection))
