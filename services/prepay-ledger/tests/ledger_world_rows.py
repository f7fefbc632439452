"""What the ledger has in its tables of a world of two households and two meters."""

from typing import Any
from uuid import UUID, uuid4

import asyncpg
from ledger_devices import Device, Household
from ledger_scratch import Scratch


class WorldRows:
    """Two households, two meters, and what is stored of them."""

    def __init__(self, scratch: Scratch) -> None:
        self.scratch = scratch
        self.households = [Household(uuid4()), Household(uuid4())]
        self.devices = [Device(f"m-{uuid4().hex}"), Device(f"m-{uuid4().hex}")]
        self._connection: asyncpg.Connection | None = None

    async def end(self) -> None:
        """Leave the database."""
        if self._connection is not None:
            await self._connection.close()

    async def _sql(self, query: str, *values: Any) -> list[asyncpg.Record]:
        """On one connection: a script is hundreds of statements."""
        if self._connection is None:
            self._connection = await self.scratch.connect()
        return await self._connection.fetch(query, *values)

    async def states(self) -> dict[UUID, str]:
        """What the ledger says of each account."""
        rows = await self._sql(
            "SELECT id, supply_state FROM account WHERE id = ANY($1)",
            [each.id for each in self.households],
        )
        return {row["id"]: row["supply_state"] for row in rows}

    async def observed(self) -> dict[str, str]:
        """Where the ledger believes relays to be, of those that it has told something."""
        rows = await self._sql(
            "SELECT meter_id, observed FROM relay WHERE meter_id = ANY($1)",
            [each.meter_id for each in self.devices],
        )
        return {row["meter_id"]: row["observed"] for row in rows}
