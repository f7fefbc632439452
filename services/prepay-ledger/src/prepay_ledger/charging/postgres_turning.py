"""Readings move from the rows of their meters into rows of the posting day on which they came."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from prewatt_common.db.database import DriverConnection, driver

# Whoever turns a meter locks its row first, so that nobody has to wait on `meter_day` itself; who
# waited for the row finds that there is nothing left to turn.
_TURN = """
WITH held AS (
  SELECT meter_id, day, today FROM meter_state
  WHERE meter_id = ANY($1::text[]) AND day < $2 AND today <> ''
  ORDER BY meter_id COLLATE "C" FOR NO KEY UPDATE
)
INSERT INTO meter_day (meter_id, day, packed) SELECT meter_id, day, today FROM held
"""

# The version stays: neither the meter's readings nor its use are others than before.
_TURN_SOME = """
WITH held AS (
  SELECT meter_id, today FROM meter_state
  WHERE meter_id > $2 AND day = $1 AND today <> ''
  ORDER BY meter_id LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED
), turned AS (
  INSERT INTO meter_day (meter_id, day, packed) SELECT meter_id, $1, today FROM held
), emptied AS (
  UPDATE meter_state AS s SET today = '' FROM held WHERE s.meter_id = held.meter_id
)
SELECT max(meter_id) FROM held
"""


async def turn_days(connection: DriverConnection, meter_ids: Sequence[str], day: date) -> None:
    """The meters' readings that came before ``day`` become rows of their own. The caller writes the
    meters' rows anew in the same transaction, without those readings."""
    await connection.execute(_TURN, meter_ids, day)


class PostgresTurning:
    """What a `ChargingStore` does once a posting day was left."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def turn_some(self, day: date, *, after: str, limit: int) -> str | None:
        """Locks nobody else's meters and waits for none."""
        connection = await driver(self._connection)
        return await connection.fetchval(_TURN_SOME, day, after, limit)

    async def is_turned(self, day: date) -> bool:
        """One look at every meter's row."""
        return await (await driver(self._connection)).fetchval(
            "SELECT NOT EXISTS (SELECT FROM meter_state WHERE day = $1 AND today <> '')", day
        )
