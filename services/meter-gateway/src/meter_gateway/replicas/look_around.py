"""Use case: this replica says that it is here, and looks which of the others are silent."""

from meter_gateway.metrics import REPLICA_SILENT_SECONDS
from meter_gateway.replicas.ports import ReplicaStore


class LookAround:
    """To be called now and then."""

    def __init__(self, *, store: ReplicaStore, name: str) -> None:
        self._store = store
        self._name = name

    async def __call__(self) -> None:
        """Once."""
        await self._store.seen(self._name)
        replicas = await self._store.replicas()
        REPLICA_SILENT_SECONDS.clear()
        for each in replicas:
            REPLICA_SILENT_SECONDS.labels(each.name).set(each.silent_s)
