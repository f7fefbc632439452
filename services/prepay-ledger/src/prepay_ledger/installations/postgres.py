"""Meters, where they are installed, and edits of their readings, as they stand."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.installations.tables import installation as installation_table
from prepay_ledger.installations.tables import meter as meter_table
from prepay_ledger.installations.tables import reading_edit
from prepay_ledger.installations.values import InstalledMeter, Meter, ReadingEdit


class PostgresInstallations:
    """An `InstallationStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of_meter(self, meter_id: str) -> Sequence[InstalledMeter]:
        """By their beginnings."""
        query = select(installation_table).where(installation_table.c.meter_id == meter_id)
        rows = await self._connection.execute(query.order_by(installation_table.c.begins_at))
        return [InstalledMeter(**row) for row in rows.mappings()]

    async def by_id(self, installation_id: UUID) -> InstalledMeter | None:
        """None where there is none, or none any more."""
        query = select(installation_table).where(installation_table.c.id == installation_id)
        row = (await self._connection.execute(query)).mappings().first()
        return None if row is None else InstalledMeter(**row)

    async def replace(self, removed: Sequence[UUID], added: Sequence[InstalledMeter]) -> None:
        """First away, then in: one may take the time of another."""
        if removed:
            await self._connection.execute(
                delete(installation_table).where(installation_table.c.id.in_(removed))
            )
        if added:
            await self._connection.execute(
                insert(installation_table), [installation_row(each) for each in added]
            )

    async def meter(self, meter_id: str) -> Meter | None:
        """None where nothing is known of it."""
        query = select(meter_table).where(meter_table.c.meter_id == meter_id)
        row = (await self._connection.execute(query)).mappings().first()
        return None if row is None else Meter(**row)

    async def put_meter(self, meter: Meter) -> None:
        """As it stands now."""
        row = meter_row(meter)
        statement = upsert(meter_table).values(row)
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["meter_id"], set_=row)
        )

    async def add_edit(self, edit: ReadingEdit) -> None:
        """Beside those before it, which stay."""
        await self._connection.execute(insert(reading_edit).values(_row(edit)))

    async def last_edit(self, meter_id: str, read_at: datetime) -> ReadingEdit | None:
        """The one that was decided last."""
        query = select(reading_edit).where(
            reading_edit.c.meter_id == meter_id, reading_edit.c.read_at == read_at
        )
        rows = await self._connection.execute(query.order_by(reading_edit.c.id.desc()).limit(1))
        row = rows.mappings().first()
        return None if row is None else ReadingEdit(**row)

    async def edits(
        self, meter_id: str, *, after: UUID | None, limit: int
    ) -> Sequence[ReadingEdit]:
        """In the order in which they were decided."""
        query = select(reading_edit).where(reading_edit.c.meter_id == meter_id)
        if after is not None:
            query = query.where(reading_edit.c.id > after)
        rows = await self._connection.execute(query.order_by(reading_edit.c.id).limit(limit))
        return [ReadingEdit(**row) for row in rows.mappings()]


def installation_row(installed: InstalledMeter) -> Mapping[str, Any]:
    """The row of an installation."""
    return _row(installed)


def meter_row(meter: Meter) -> dict[str, Any]:
    """The row of a meter."""
    return _row(meter)


def _row(value: InstalledMeter | Meter | ReadingEdit) -> dict[str, Any]:
    return {name: getattr(value, name) for name in type(value).__dataclass_fields__}
