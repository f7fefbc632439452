"""What the replicas tell each other of themselves."""

from collections.abc import Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from meter_gateway.replicas.replica import Replica
from meter_gateway.tables import replica
from prewatt_common.db.database import Database


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
        silent_s = func.extract("epoch", func.now() - replica.c.seen_at)
        query = select(replica.c.name, replica.c.seen_at, silent_s).order_by(replica.c.name)
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query)).all()
        return [
            Replica(name=name, seen_at=seen_at, silent_s=float(silent))
            for name, seen_at, silent in rows
        ]

    async def forget(self, name: str) -> None:
        """Its row goes."""
        async with self._database.transaction() as connection:
            await connection.execute(delete(replica).where(replica.c.name == name))
