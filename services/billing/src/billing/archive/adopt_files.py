"""Use case: files that the manifest does not know are taken in, each reading once.

As after billing's database was restored from a backup: the folder holds what was archived since.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, timedelta
from itertools import islice

import pyarrow as pa

from billing.archive.by_meter import by_meter, inspect
from billing.archive.columns import table_of, totals
from billing.archive.layout import day_path, path_of, place_of
from billing.archive.parquet import write_file
from billing.archive.ports import Adopting, ArchiveStore, Folder, Intake, Manifest
from billing.archive.sift import sift
from billing.archive.values import (
    NOTHING,
    Adopted,
    ArchiveDamaged,
    ArchiveFile,
    Level,
    Place,
)
from billing.archive.write_files import write_files
from prewatt_common.clock import Clock
from prewatt_common.contracts.meter_readings_v1 import Reading
from prewatt_common.ids import new_id
from prewatt_metering.calendar.instants import SECOND_US, instant_of

_METERS = 500
"""Looked at in one piece: 48,000 quarter-hours."""
_AGAIN_AFTER_S = 0.5


class AdoptFiles:
    """A day is one transaction, in which the keeper rests and no batch is taken from Kafka: a
    reading is new or known for as long as that lasts. Who dies in it has adopted nothing of that
    day."""

    def __init__(
        self,
        *,
        adopting: Adopting,
        store: ArchiveStore,
        folder: Folder,
        readings_max: int,
        clock: Clock,
    ) -> None:
        """``readings_max``: of a portion of what waits, as the keeper writes it."""
        self._adopting = adopting
        self._store = store
        self._folder = folder
        self._readings_max = readings_max
        self._clock = clock

    async def all(self, *, patience: timedelta) -> Sequence[Adopted]:
        """Every place that has such files. Raises OSError, and TimeoutError where the keeper of a
        service is at work for longer than ``patience``.

        What the database has taken in (before the backup, or from Kafka again since) is left out;
        the rest is taken in as if it came now. A place of which files are missing gets back what
        they held, to the reading and to the sum of registers, or its files stay as they are. Files
        that were adopted stay for the hour of all that is replaced.
        """
        paths = await asyncio.to_thread(self._folder.paths)
        adopted: list[Adopted] = []
        for day in sorted({place.day for each in paths if (place := place_of(each))}):
            until = self._clock() + patience
            while (of_day := await self._day(day)) is None:
                if self._clock() > until:
                    message = "another process is at the archive's files; what is adopted stays so"
                    raise TimeoutError(message)
                await asyncio.sleep(_AGAIN_AFTER_S)
            adopted += of_day
        return adopted

    async def _day(self, day: date) -> list[Adopted] | None:
        async with self._adopting() as turn:
            if turn is None:
                return None
            manifest, intake = turn
            there = set(await asyncio.to_thread(self._folder.paths, day_path(day)))
            unknown = await self._unknown(manifest, day, there)
            if not unknown:
                return []
            await intake.hold()
            await self._write_what_waits(manifest)
            adopted = [
                await self._place(manifest, intake, place, paths, there)
                for place, paths in sorted(unknown.items())
            ]
            # With what was just taken: a day's list is never without it.
            await self._write_what_waits(manifest)
            return adopted

    async def _unknown(
        self, manifest: Manifest, day: date, there: Collection[str]
    ) -> dict[Place, list[str]]:
        """By place. A backup from the middle of a merge has its file as begun: where files are
        missing it may be the only copy of them."""
        states = await manifest.states(there)
        live = await manifest.live_of_day(day)
        of_missing = {each.place for each in live if each.path not in there}
        found: dict[Place, list[str]] = defaultdict(list)
        for path in sorted(there):
            place, state = place_of(path), states.get(path, "unknown")
            if place and (
                state == "unknown" or (state in ("begun", "abandoned") and place in of_missing)
            ):
                found[place].append(path)
        return found

    async def _place(
        self,
        manifest: Manifest,
        intake: Intake,
        place: Place,
        paths: Sequence[str],
        there: Collection[str],
    ) -> Adopted:
        now = self._clock()
        live = await manifest.live(place)
        # What was written in this transaction is there, though it was not when we looked.
        missing = [
            each
            for each in live
            if each.path not in there
            and not await asyncio.to_thread(self._folder.exists, each.path)
        ]
        held = [each.path for each in live if each not in missing] if missing else []
        try:
            files = [
                await asyncio.to_thread(inspect, self._folder, path, place, at=now)
                for path in paths
            ]
        except ArchiveDamaged as error:
            return Adopted(place=place, files=0, taken=0, returned=NOTHING, left=f"{error}")
        taken, old = await self._take(intake, place, paths, held)
        returned = sum((totals(each) for each in old), NOTHING)
        wanted = sum((each.totals for each in missing), NOTHING)
        if missing and returned != wanted:
            left = (
                f"day {place.day} partition {place.partition}: missing files held "
                f"{wanted.readings} readings of {wanted.import_wh_sum} Wh in sum, and those that "
                f"are not in the manifest have {returned.readings} of {returned.import_wh_sum} "
                "that were taken in and are in no other"
            )
            return Adopted(place=place, files=0, taken=taken, returned=NOTHING, left=left)
        if missing:
            await self._return(manifest, missing, old)
        await manifest.set_aside(files)
        return Adopted(
            place=place,
            files=len(files),
            taken=taken,
            returned=returned if missing else NOTHING,
            left="",
        )

    async def _take(
        self, intake: Intake, place: Place, unknown: Sequence[str], held: Sequence[str]
    ) -> tuple[int, list[pa.Table]]:
        """How many readings were new, and are taken in; and those that were not, by meter."""
        taken = 0
        old: list[pa.Table] = []
        meters = by_meter(self._folder, unknown=unknown, known=held)
        while some := await asyncio.to_thread(lambda: list(islice(meters, _METERS))):
            known = await intake.known({(meter_id, place.day) for meter_id, _, _ in some})
            came: dict[str, dict[tuple[int, int], int]] = defaultdict(dict)
            for (meter_id, at_us, wh), count in known.items():
                came[meter_id][at_us, wh] = count
            new: list[Reading] = []
            for meter_id, found_rows, held_rows in some:
                fresh, known_rows = sift(found=found_rows, held=held_rows, taken=came[meter_id])
                new += [
                    Reading(meter_id, instant_of(at), wh, instant_of(at + after_s * SECOND_US))
                    for at, wh, after_s in fresh
                ]
                old.append(table_of(meter_id, known_rows))
            if new:
                await intake.take(new)
            taken += len(new)
        return taken, old

    async def _return(
        self, manifest: Manifest, missing: Sequence[ArchiveFile], old: Sequence[pa.Table]
    ) -> None:
        place = missing[0].place
        path = path_of(place, new_id())
        await self._store.begin([path])
        written = await asyncio.to_thread(write_file, self._folder, path, old)
        now = self._clock()
        await manifest.replace(missing, at=now)
        file = ArchiveFile(
            path=path,
            place=place,
            level=max((each.level for each in missing), default=Level.DAY),
            totals=written.totals,
            size_bytes=written.size_bytes,
            sha256=written.sha256,
            live_since=now,
        )
        await manifest.put([file], appended=False)

    async def _write_what_waits(self, manifest: Manifest) -> None:
        while (await manifest.waiting()).readings:
            await write_files(
                manifest=manifest,
                store=self._store,
                folder=self._folder,
                readings_max=self._readings_max,
                now=self._clock(),
            )
