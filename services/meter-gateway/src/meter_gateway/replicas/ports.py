"""What the replicas' use cases need of the outside."""

from collections.abc import Sequence
from typing import Protocol

from meter_gateway.replicas.replica import Replica


class ReplicaStore(Protocol):
    """Each call is its own transaction."""

    async def seen(self, name: str) -> None:
        """This replica is here."""
        ...

    async def replicas(self) -> Sequence[Replica]:
        """Every one that ever was and is not forgotten, by name."""
        ...

    async def page(self, *, after: str | None, limit: int) -> Sequence[Replica]:
        """Of those, some after one, by name."""
        ...

    async def forget(self, name: str) -> None:
        """It will not come back."""
        ...
