"""Use case: how long customers have waited is told, and what is old is forgotten."""

from notifier.inbound.ports import OpenInbound
from notifier.inbound.values import Retention
from notifier.metrics import INBOUND_WAITING_SECONDS
from prewatt_common.clock import Clock


class LookAfterMessages:
    """Every replica does it: twice is the same."""

    def __init__(self, *, open_inbound: OpenInbound, retention: Retention, clock: Clock) -> None:
        self._open_inbound = open_inbound
        self._retention = retention
        self._clock = clock

    async def __call__(self) -> float | None:
        """Once. Gives none: the worker knows when it is time again."""
        now = self._clock()
        async with self._open_inbound() as store:
            oldest = await store.oldest_waiting()
            await store.forget(self._retention, now=now)
        waited_s = 0.0 if oldest is None else (now - oldest).total_seconds()
        INBOUND_WAITING_SECONDS.set(max(0.0, waited_s))
        return None
