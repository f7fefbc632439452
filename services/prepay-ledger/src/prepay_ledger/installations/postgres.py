"""Which meter serves which account."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.charging.tables import binding as binding_table
from prepay_ledger.installations.values import NewBinding

_BINDING_LOCK = 0x4E4D02


class PostgresBindings:
    """A `BindingStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def begin(self) -> None:
        """Taken before any row is locked, so that it cannot be part of a deadlock."""
        await self._connection.execute(select(func.pg_advisory_xact_lock(_BINDING_LOCK)))

    async def add(self, binding: NewBinding) -> None:
        """Insert it; the caller has checked that it overlaps with no other."""
        await self._connection.execute(insert(binding_table).values(**binding_row(binding)))

    async def end(self, binding_id: UUID, *, at: datetime) -> None:
        """Set its end. Counts as a change, so that a batch that read it before tries again."""
        await self._connection.execute(
            update(binding_table)
            .where(binding_table.c.id == binding_id)
            .values(effective_to=at, version=binding_table.c.version + 1)
        )

    async def lock(self, meter_id: str) -> Sequence[NewBinding]:
        """The meter's bindings, their rows locked until the transaction ends."""
        query = select(binding_table).where(binding_table.c.meter_id == meter_id).with_for_update()
        rows = (await self._connection.execute(query)).mappings()
        return [
            NewBinding(**{name: row[name] for name in NewBinding.__dataclass_fields__})
            for row in rows
        ]


def binding_row(binding: NewBinding) -> dict[str, Any]:
    """The row of a new binding."""
    return {name: getattr(binding, name) for name in NewBinding.__dataclass_fields__}
