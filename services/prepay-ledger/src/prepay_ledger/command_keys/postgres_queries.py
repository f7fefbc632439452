"""Command keys, for those who look."""

from collections.abc import Sequence
from datetime import datetime

from prepay_ledger.command_keys.postgres_rows import ALL_KEYS, MISSING, SERVING, keys_of
from prepay_ledger.command_keys.values import NAMED_MAX, KeyOfMeters, Missing
from prewatt_common.db.database import Database, driver

_COUNTS = f"""
SELECT k.key_id, count(*) AS meters FROM ({SERVING}) AS s JOIN meter_key AS k USING (meter_id)
GROUP BY k.key_id
"""  # noqa: S608 - of constants


class CommandKeyQueries:
    """Each its own transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def status(self, *, now: datetime) -> tuple[Sequence[KeyOfMeters], Missing | None]:
        """Every key with the serving meters that hold it, in the order in which they were added;
        and who has not acknowledged the newest, none before the first rotation."""
        async with self._database.transaction() as transaction:
            connection = await driver(transaction)
            keys = keys_of(await connection.fetch(ALL_KEYS))
            if not keys.all:
                return [], None
            counts = {row["key_id"]: row["meters"] for row in await connection.fetch(_COUNTS, now)}
            newest = keys.newest
            row = newest and await connection.fetchrow(MISSING, now, newest.key_id, NAMED_MAX)
        found = [KeyOfMeters(key=each, meters=counts.get(each.key_id, 0)) for each in keys.all]
        return found, Missing(**row) if row else None
