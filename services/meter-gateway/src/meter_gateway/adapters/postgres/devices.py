"""Registered meters."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from meter_gateway.adapters.postgres.tables import command, device
from meter_gateway.application.ports import NewDevice
from prewatt_common.contracts.meter_events_v1 import Presence
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

    async def set_presence(
        self, presences: Mapping[str, tuple[Presence, datetime]]
    ) -> Sequence[str]:
        """Only real changes are written. With two replicas an older state can be handled after a
        newer one: it changes nothing."""
        if not presences:
            return ()
        rows = await (await driver(self._connection)).fetch(
            "UPDATE device AS d SET presence = p.presence, presence_at = p.at "
            "FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS p (meter_id, presence, at) "
            "WHERE d.meter_id = p.meter_id AND d.presence IS DISTINCT FROM p.presence "
            "AND (d.presence_at IS NULL OR d.presence_at <= p.at) "
            "RETURNING d.meter_id",
            list(presences),
            [presence for presence, _ in presences.values()],
            [at for _, at in presences.values()],
        )
        return [row["meter_id"] for row in rows]


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
