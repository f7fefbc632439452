"""Use case: bodies and headers of payment events leave; their hash is sealed, and stays."""

from prepay_ledger.retention.ports import RetentionStore
from prepay_ledger.retention.rules import first_day_kept

EVENTS_AT_ONCE = 1_000
"""A transaction; who dies on the way has cleared those before it."""


class ClearBodies:
    """Of events that came before the months that stay, that wait for nobody, and that nobody has
    replayed or closed since."""

    def __init__(self, *, store: RetentionStore) -> None:
        self._store = store

    async def __call__(self, *, months: int, limit: int) -> int:
        """Of how many events they left, ``limit`` at most."""
        before = first_day_kept(await self._store.open_day(), months=months)
        cleared = 0
        while cleared < limit:
            some = min(EVENTS_AT_ONCE, limit - cleared)
            found = await self._store.clear_bodies(before=before, limit=some)
            cleared += found
            if found < some:
                break
        return cleared
