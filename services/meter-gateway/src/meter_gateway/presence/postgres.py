"""Presence, in the rows of the devices."""

from collections.abc import Collection, Mapping

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from meter_gateway.presence.rules import Known
from meter_gateway.tables import device
from prewatt_common.contracts.base import Presence
from prewatt_common.db.database import Database, driver


class PostgresPresence:
    """A `PresenceStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

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


async def count_online(database: Database) -> int:
    """How many are online."""
    query = select(func.count()).where(device.c.presence == Presence.ONLINE)
    async with database.transaction() as connection:
        return await connection.scalar(query) or 0
