"""Use case: a replica that is gone for good is forgotten."""

from meter_gateway.replicas.ports import ReplicaStore


class UnknownReplica(Exception):
    """There is none of that name."""


class ReplicaRuns(Exception):
    """It was seen a moment ago."""

    def __init__(self, name: str, *, silent_s: float) -> None:
        super().__init__(f"{name} was seen {silent_s:.0f} s ago; stop it first.")


async def forget_replica(store: ReplicaStore, name: str) -> None:
    """Raises `UnknownReplica`, `ReplicaRuns`."""
    found = {each.name: each for each in await store.replicas()}
    if name not in found:
        message = f"There is no replica {name}."
        raise UnknownReplica(message)
    if found[name].runs:
        raise ReplicaRuns(name, silent_s=found[name].silent_s)
    await store.forget(name)
