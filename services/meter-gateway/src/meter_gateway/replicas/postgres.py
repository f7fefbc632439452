"""What the replicas tell each other of themselves."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from meter_gateway.replicas.replica import Replica
from meter_gateway.tables import replica
from prewatt_common.db.database import Database

_REPLICAS = select(
    replica.c.name,
    replica.c.seen_at,
    func.extract("epoch", func.now() - replica.c.seen_at),
).order_by(replica.c.name)


class PostgresReplicas:
    """A `ReplicaStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def seen(self, name: str) -> None:
        """By the database's clock."""
        row = insert(replica).values(name=name, seen_at=func.now())
        async with self._database.transaction() as connection:
            await connection.execute(
                row.on_conflict_do_update(index_elements=["name"], set_={"seen_at": func.now()})
            )

    async def replicas(self) -> Sequence[Replica]:
        """All that are not forgotten."""
        return await self._found(_REPLICAS)

    async def page(self, *, after: str | None, limit: int) -> Sequence[Replica]:
        """Of those, some after one, by name."""
        query = _REPLICAS.limit(limit)
        return await self._found(query if after is None else query.where(replica.c.name > after))

    async def forget(self, name: str) -> None:
        """Its row goes."""
        async with self._database.transaction() as connection:
            await connection.execute(delete(replica).where(replica.c.name == name))

    async def _found(self, query: Select[*tuple[Any, ...]]) -> Sequence[Replica]:
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query)).all()
        return [
            Replica(name=name, seen_at=seen_at, silent_s=float(silent))
            for name, seen_at, silent in rows
        ]
