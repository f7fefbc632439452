"""What the replicas tell each other of themselves and of the broker."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from meter_gateway.adapters.postgres.tables import broker_drops, replica
from meter_gateway.domain.broker_drops import Drops
from prewatt_common.db.database import Database

_DROPS_LOCK = 0x6D7101


class PostgresWatch:
    """Each call is its own transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def broker_said(self, broker: str, *, tells: Callable[[Drops], Drops]) -> Drops:
        """Note what the broker's figure ``tells``, given what was noted before. Every replica hears
        it, and the first to come here makes it known."""
        columns = [broker_drops.c[name] for name in Drops.__dataclass_fields__]
        query = select(*columns).where(broker_drops.c.broker == broker)
        async with self._database.transaction() as connection:
            # A lock and no FOR UPDATE: there may be no row yet.
            await connection.execute(select(func.pg_advisory_xact_lock(_DROPS_LOCK)))
            row = (await connection.execute(query)).first()
            before = Drops() if row is None else Drops(*row)
            after = tells(before)
            if row is None or after != before:
                await connection.execute(
                    insert(broker_drops)
                    .values(broker=broker, **asdict(after))
                    .on_conflict_do_update(index_elements=["broker"], set_=asdict(after))
                )
            return after

    async def seen(self, name: str) -> None:
        """This replica is here. By the database's clock, which is the same for all."""
        row = insert(replica).values(name=name, seen_at=func.now())
        async with self._database.transaction() as connection:
            await connection.execute(
                row.on_conflict_do_update(index_elements=["name"], set_={"seen_at": func.now()})
            )

    async def replicas(self) -> Sequence[Mapping[str, Any]]:
        """``name``, ``seen_at``, ``silent_s`` of every one that ever was and is not forgotten."""
        silent_s = func.extract("epoch", func.now() - replica.c.seen_at).label("silent_s")
        query = select(replica.c.name, replica.c.seen_at, silent_s).order_by(replica.c.name)
        async with self._database.transaction() as connection:
            return [dict(row) for row in (await connection.execute(query)).mappings()]

    async def forget(self, name: str) -> None:
        """It will not come back."""
        async with self._database.transaction() as connection:
            await connection.execute(delete(replica).where(replica.c.name == name))
