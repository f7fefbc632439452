"""What was noticed of each broker."""

from collections.abc import Callable
from dataclasses import asdict

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from meter_gateway.broker_drops.drops import Drops
from meter_gateway.tables import broker_drops
from prewatt_common.db.database import Database

_DROPS_LOCK = 0x6D7101


class PostgresDrops:
    """Each call is its own transaction."""

    def __init__(self, database: Database, *, broker: str) -> None:
        """``broker``: what the broker is called, HOST:PORT."""
        self._database = database
        self._broker = broker

    async def note(self, tells: Callable[[Drops], Drops]) -> Drops:
        """Note what the broker's figure ``tells``, given what was noted before. Every replica hears
        it, and the first to come here makes it known."""
        columns = [broker_drops.c[name] for name in Drops.__dataclass_fields__]
        query = select(*columns).where(broker_drops.c.broker == self._broker)
        async with self._database.transaction() as connection:
            # A lock and no FOR UPDATE: there may be no row yet.
            await connection.execute(select(func.pg_advisory_xact_lock(_DROPS_LOCK)))
            row = (await connection.execute(query)).first()
            before = Drops() if row is None else Drops(*row)
            after = tells(before)
            if row is None or after != before:
                await connection.execute(
                    insert(broker_drops)
                    .values(broker=self._broker, **asdict(after))
                    .on_conflict_do_update(index_elements=["broker"], set_=asdict(after))
                )
            return after
