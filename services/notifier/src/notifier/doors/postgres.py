"""Door notices in PostgreSQL: a record is never changed, its photo goes when its time is over."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from notifier.doors.ports import Known
from notifier.doors.values import Confirmation, DoorNotice, How, Photo, PhotoKind, Place
from notifier.notices.postgres_rows import hold_account, notice_of
from notifier.notices.values import Template
from prewatt_common.db.database import Database, DriverConnection, driver
from prewatt_common.kafka import outbox
from prewatt_common.kafka.messages import Message

# Overtaken by whichever channel's notice: all of a cause say the same.
_KNOWN = """
SELECT n.*, (
    SELECT bool_or(stop_as IS NOT DISTINCT FROM 'withdrawn') FROM notice
    WHERE cause_id = n.cause_id AND template = n.template
) AS overtaken
FROM notice AS n WHERE n.id = $1
"""
_DOOR = """
SELECT d.*, n.account_id, n.template, c.confirmed_by, c.reason AS confirmed_because,
       c.asked_as AS confirmed_as, c.confirmed_at, c.is_evidence AS confirmed_true
FROM door_notice AS d JOIN notice AS n ON n.id = d.notice_id
LEFT JOIN door_confirmation AS c ON c.door_id = d.id
"""
_ASKED = _DOOR + "WHERE d.recorded_by = $1 AND d.asked_as = $2"
_OF_ACCOUNT = (
    _DOOR
    + """
WHERE n.account_id = $1 AND ($2::uuid IS NULL OR d.id < $2)
ORDER BY d.id DESC LIMIT $3
"""
)
_ONE = _DOOR + "WHERE d.id = $1"
_CONFIRMED = _DOOR + "WHERE c.confirmed_by = $1 AND c.asked_as = $2"


class PostgresDoors:
    """A `DoorStore` on an open transaction."""

    def __init__(self, transaction: AsyncConnection, connection: DriverConnection) -> None:
        self._transaction = transaction
        self._connection = connection

    async def account_of(self, notice_id: UUID) -> UUID | None:
        query = "SELECT account_id FROM notice WHERE id = $1"
        return await self._connection.fetchval(query, notice_id)

    async def hold_account(self, account_id: UUID) -> None:
        await hold_account(self._connection, account_id)

    async def asked(self, *, by: str, key: str) -> DoorNotice | None:
        row = await self._connection.fetchrow(_ASKED, by, key)
        return None if row is None else _door_of(row)

    async def known(self, notice_id: UUID) -> Known:
        row = await self._connection.fetchrow(_KNOWN, notice_id)
        assert row is not None, f"notice {notice_id} went while its account was held"
        return Known(notice_of(row), row["created_at"], row["overtaken"])

    async def add(self, made: DoorNotice, photo: Photo, *, key: str) -> None:
        await self._connection.execute(
            """
            INSERT INTO door_notice (id, notice_id, how, latitude_micro, longitude_micro, address,
                                     brought_at, work_order_id, photo_sha256, asked_as,
                                     recorded_by, recorded_at, is_late, is_evidence)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
            """,
            made.id, made.notice_id, made.how, made.place.latitude_micro,
            made.place.longitude_micro, made.place.address, made.at, made.work_order_id,
            made.photo_sha256, key, made.by, made.recorded_at, made.is_late,
            made.is_evidence,
        )  # fmt: skip
        await self._connection.execute(
            "INSERT INTO door_photo (door_id, kind, octets) VALUES ($1, $2, $3)",
            made.id,
            photo.kind,
            photo.octets,
        )

    async def get(self, door_id: UUID) -> DoorNotice | None:
        row = await self._connection.fetchrow(_ONE, door_id)
        return None if row is None else _door_of(row)

    async def confirmed(self, *, by: str, key: str) -> Confirmation | None:
        row = await self._connection.fetchrow(_CONFIRMED, by, key)
        return None if row is None else _confirmation_of(row)

    async def confirm(self, confirmation: Confirmation) -> None:
        await self._connection.execute(
            "INSERT INTO door_confirmation (door_id, confirmed_by, reason, asked_as, confirmed_at, "
            "is_evidence) VALUES ($1, $2, $3, $4, $5, $6)",
            confirmation.door_id, confirmation.by, confirmation.reason, confirmation.key,
            confirmation.at, confirmation.is_evidence,
        )  # fmt: skip

    async def publish(self, message: Message) -> None:
        await outbox.append(self._transaction, [message])

    async def forget_photos(self, *, before: datetime) -> None:
        await self._connection.execute(
            """
            DELETE FROM door_photo AS p USING door_notice AS d
            WHERE d.id = p.door_id AND d.recorded_at < $1
            """,
            before,
        )


class PostgresDoorRecords:
    """`DoorRecords`, each call a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_account(
        self, account_id: UUID, *, before: UUID | None, limit: int
    ) -> Sequence[DoorNotice] | None:
        async with self._database.transaction() as connection:
            inner = await driver(connection)
            if not await inner.fetchval("SELECT true FROM account WHERE id = $1", account_id):
                return None
            rows = await inner.fetch(_OF_ACCOUNT, account_id, before, limit)
        return [_door_of(row) for row in rows]

    async def get(self, door_id: UUID) -> DoorNotice | None:
        async with self._database.transaction() as connection:
            row = await (await driver(connection)).fetchrow(_ONE, door_id)
        return None if row is None else _door_of(row)

    async def photo(self, door_id: UUID) -> tuple[PhotoKind, bytes] | None:
        async with self._database.transaction() as connection:
            row = await (await driver(connection)).fetchrow(
                "SELECT kind, octets FROM door_photo WHERE door_id = $1", door_id
            )
        return None if row is None else (PhotoKind(row["kind"]), row["octets"])


def _door_of(row: asyncpg.Record) -> DoorNotice:
    return DoorNotice(
        id=row["id"],
        notice_id=row["notice_id"],
        account_id=row["account_id"],
        template=Template(row["template"]),
        how=How(row["how"]),
        place=Place(row["latitude_micro"], row["longitude_micro"], row["address"]),
        at=row["brought_at"],
        work_order_id=row["work_order_id"],
        photo_sha256=row["photo_sha256"],
        by=row["recorded_by"],
        recorded_at=row["recorded_at"],
        is_late=row["is_late"],
        is_evidence=row["is_evidence"] or bool(row["confirmed_true"]),
        confirmation=None if row["confirmed_by"] is None else _confirmation_of(row),
    )


def _confirmation_of(row: asyncpg.Record) -> Confirmation:
    return Confirmation(
        door_id=row["id"],
        by=row["confirmed_by"],
        reason=row["confirmed_because"],
        key=row["confirmed_as"],
        at=row["confirmed_at"],
        is_evidence=row["confirmed_true"],
    )


@asynccontextmanager
async def open_doors(database: Database) -> AsyncGenerator[PostgresDoors]:
    """A transaction of its own."""
    async with database.transaction() as connection:
        yield PostgresDoors(connection, await driver(connection))
