"""Use case: a turn of the archive's keeper, of whom there is one at a time over all processes."""

import logging
from datetime import datetime, timedelta

from prometheus_client import Counter, Gauge

from billing.archive.list_files import list_files
from billing.archive.merge_files import merge_files
from billing.archive.ports import ArchiveStore, Folder
from billing.archive.remove_files import remove_orphans, remove_replaced
from billing.archive.values import ArchiveDamaged, Limits, Place
from billing.archive.write_files import write_files
from prewatt_common.clock import Clock

logger = logging.getLogger(__name__)

WAITING = Gauge(
    "prewatt_billing_archive_waiting_readings",
    "Readings in the database that are in no file of the archive yet.",
)
BEHIND = Gauge(
    "prewatt_billing_archive_behind_seconds",
    "For how long the reading that waits longest to be archived has waited; 0 where none does.",
)
MERGED = Counter(
    "prewatt_billing_archive_merged_total", "Times that several files became one in their place."
)
DAMAGED = Gauge(
    "prewatt_billing_archive_damaged_places",
    "Days of a partition whose files are not what the manifest says, so that they are not merged;"
    " the log names the file, and so does `prewatt archive check`.",
)
_AGAIN_AFTER = timedelta(hours=1)
"""Damaged files are looked at again then: a person may have put them right."""


class KeepArchive:
    """Writes, merges, lists and removes files, each step in a transaction of its own."""

    def __init__(
        self,
        *,
        store: ArchiveStore,
        folder: Folder,
        limits: Limits,
        readers_hold: timedelta,
        clock: Clock,
    ) -> None:
        """``readers_hold``: how long a file stays after it left its day's list."""
        self._store = store
        self._folder = folder
        self._limits = limits
        self._readers_hold = readers_hold
        self._clock = clock
        self._damaged: dict[Place, datetime] = {}

    async def once(self) -> float | None:
        """A turn; gives 0 where there is more to do at once. Raises OSError, which passes."""
        more = await self._write()
        more = await self._merge() or more
        await self._list()
        await self._remove()
        return 0 if more else None

    async def _write(self) -> bool:
        async with self._store.turn() as manifest:
            if manifest is None:
                return False
            now = self._clock()
            await remove_orphans(manifest=manifest, folder=self._folder, now=now)
            waiting = await manifest.waiting()
            WAITING.set(waiting.readings)
            since = waiting.since
            BEHIND.set(0 if since is None else max(0.0, (now - since).total_seconds()))
            if not self._limits.reached(waiting, now=now):
                return False
            await write_files(
                manifest=manifest,
                store=self._store,
                folder=self._folder,
                readings_max=self._limits.readings,
                now=now,
            )
        return True

    async def _merge(self) -> bool:
        now = self._clock()
        self._damaged = {
            place: at for place, at in self._damaged.items() if at > now - _AGAIN_AFTER
        }
        try:
            async with self._store.turn() as manifest:
                if manifest is None:
                    return False
                merged = await merge_files(
                    manifest=manifest,
                    store=self._store,
                    folder=self._folder,
                    passed_over=self._damaged,
                    now=now,
                )
        except ArchiveDamaged as error:
            self._pass_over(error)
            merged = True
        else:
            MERGED.inc(merged)
        DAMAGED.set(len(self._damaged))
        return merged

    async def _list(self) -> None:
        async with self._store.turn() as manifest:
            if manifest is None:
                return
            damaged = await list_files(manifest=manifest, folder=self._folder, clock=self._clock)
        for error in damaged:
            self._pass_over(error)
        DAMAGED.set(len(self._damaged))

    def _pass_over(self, error: ArchiveDamaged) -> None:
        """What is new is written all the same, and a person looks at what is old."""
        if error.place not in self._damaged:
            logger.error("archive: %s; nothing was replaced", error)
            self._damaged[error.place] = self._clock()

    async def _remove(self) -> None:
        before = self._clock() - self._readers_hold
        async with self._store.turn() as manifest:
            if manifest is not None:
                await remove_replaced(manifest=manifest, folder=self._folder, before=before)
