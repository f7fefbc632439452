"""Registered meters."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from meter_gateway.adapters.postgres.tables import command, device
from meter_gateway.application.ports import NewDevice
from meter_gateway.domain.presence import Known
from prewatt_common.contracts.base import Presence
from prewatt_common.db.database import Database, driver

_PAGE = 50_000


class PostgresDevices:
    """A `DeviceStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, devices: Sequence[NewDevice], *, now: datetime) -> int:
        """Insert the new ones; those that exist stay as they are."""
        status = await (await driver(self._connection)).execute(
            "INSERT INTO device (meter_id, model, codec, created_at) "
            "SELECT d.*, $4 FROM unnest($1::text[], $2::text[], $3::text[]) AS d "
            "ON CONFLICT (meter_id) DO NOTHING",
            [each.meter_id for each in devices],
            [each.model for each in devices],
            [each.codec for each in devices],
            now,
        )
        return int(status.rpartition(" ")[2])

    async def presences(self, meter_ids: Collection[str]) -> Mapping[str, Known]:
        """Locked in the order of their ids, so that two transactions do not wait for each other."""
        rows = await (await driver(self._connection)).fetch(
            "SELECT meter_id, presence, presence_known_at, session FROM device "
            "WHERE meter_id = ANY($1::text[]) ORDER BY meter_id FOR NO KEY UPDATE",
            list(meter_ids),
        )
        return {
            row["meter_id"]: Known(
                presence=Presence(row["presence"]) if row["presence"] else None,
                at=row["presence_known_at"],
                session=row["session"],
            )
            for row in rows
        }

    async def set_presences(self, known: Mapping[str, Known]) -> None:
        """``presence_at`` moves where the presence itself changes."""
        await (await driver(self._connection)).execute(
            "UPDATE device AS d SET presence = p.presence, presence_known_at = p.at, "
            "session = p.session, presence_at = CASE WHEN d.presence IS DISTINCT FROM p.presence "
            "THEN p.at ELSE d.presence_at END "
            "FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[]) "
            "AS p (meter_id, presence, at, session) WHERE d.meter_id = p.meter_id",
            list(known),
            [each.presence for each in known.values()],
            [each.at for each in known.values()],
            [each.session for each in known.values()],
        )


class DeviceQueries:
    """Read-only, each its own transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, meter_ids: Sequence[str]) -> set[str]:
        """Which of them are registered."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(
                "SELECT meter_id FROM device WHERE meter_id = ANY($1::text[])", meter_ids
            )
        return {row["meter_id"] for row in rows}

    async def all_ids(self) -> AsyncIterator[list[str]]:
        """Every meter id, a portion at a time."""
        after = ""
        while True:
            query = select(device.c.meter_id).where(device.c.meter_id > after)
            async with self._database.transaction() as connection:
                ids = list(
                    (await connection.scalars(query.order_by(device.c.meter_id).limit(_PAGE))).all()
                )
            if not ids:
                return
            yield ids
            after = ids[-1]

    async def awaited(self) -> set[str]:
        """Meters that are offline, or have a command that was sent again and not answered."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(
                "SELECT meter_id FROM device WHERE presence = 'offline' UNION ALL "
                "SELECT meter_id FROM command "
                "WHERE next_attempt_at IS NOT NULL AND unheard_attempts > 1"
            )
        return {row["meter_id"] for row in rows}

    async def device(self, meter_id: str) -> Mapping[str, Any] | None:
        """One device."""
        async with self._database.transaction() as connection:
            query = select(device).where(device.c.meter_id == meter_id)
            row = (await connection.execute(query)).mappings().first()
        return None if row is None else dict(row)

    async def page(self, *, after: str, limit: int) -> Sequence[Mapping[str, Any]]:
        """Devices in the order of their ids, after one."""
        query = select(device).where(device.c.meter_id > after)
        async with self._database.transaction() as connection:
            rows = await connection.execute(query.order_by(device.c.meter_id).limit(limit))
            return [dict(row) for row in rows.mappings()]

    async def online(self) -> int:
        """How many are online."""
        query = select(func.count()).where(device.c.presence == Presence.ONLINE)
        async with self._database.transaction() as connection:
            return await connection.scalar(query) or 0

    async def command(self, command_id: UUID) -> Mapping[str, Any] | None:
        """One command."""
        async with self._database.transaction() as connection:
            query = select(command).where(command.c.command_id == command_id)
            row = (await connection.execute(query)).mappings().first()
        return None if row is None else dict(row)
