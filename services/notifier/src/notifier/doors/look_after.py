"""Use case: photos that are old are forgotten."""

from notifier.doors.ports import OpenDoors
from notifier.doors.values import Retention
from prewatt_common.clock import Clock


class LookAfterPhotos:
    """Every replica does it: twice is the same."""

    def __init__(self, *, open_doors: OpenDoors, retention: Retention, clock: Clock) -> None:
        self._open_doors = open_doors
        self._retention = retention
        self._clock = clock

    async def __call__(self) -> float | None:
        """Once. Gives none: the worker knows when it is time again."""
        async with self._open_doors() as store:
            await store.forget_photos(before=self._clock() - self._retention.photos)
        return None
