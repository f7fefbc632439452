"""Registered meters."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from sqlalchemy import select

from meter_gateway.devices.device import Device, NewDevice
from meter_gateway.tables import device
from prewatt_common.db.database import Database, driver

_PAGE = 50_000
_COLUMNS = [device.c[name] for name in Device.__dataclass_fields__]


class PostgresDevices:
    """`DeviceStore` and `DeviceQueries`, and what the registry asks. Each call is its own
    transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, devices: Sequence[NewDevice], *, now: datetime) -> int:
        """Insert the new ones; those that exist stay as they are."""
        async with self._database.transaction() as connection:
            status = await (await driver(connection)).execute(
                "INSERT INTO device (meter_id, model, codec, created_at) "
                "SELECT d.*, $4 FROM unnest($1::text[], $2::text[], $3::text[]) AS d "
                "ON CONFLICT (meter_id) DO NOTHING",
                [each.meter_id for each in devices],
                [each.model for each in devices],
                [each.codec for each in devices],
                now,
            )
        return int(status.rpartition(" ")[2])

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

    async def device(self, meter_id: str) -> Device | None:
        """One device."""
        query = select(*_COLUMNS).where(device.c.meter_id == meter_id)
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).mappings().first()
        return None if row is None else Device(**row)

    async def page(self, *, after: str | None, limit: int) -> Sequence[Device]:
        """Devices in the order of their ids, after one."""
        query = select(*_COLUMNS).order_by(device.c.meter_id).limit(limit)
        if after is not None:
            query = query.where(device.c.meter_id > after)
        async with self._database.transaction() as connection:
            rows = await connection.execute(query)
            return [Device(**row) for row in rows.mappings()]
