"""Use case: each day's folder says which of its files are to be read."""

import asyncio
from collections.abc import Sequence

from billing.archive.layout import day_path, list_path
from billing.archive.ports import Folder, Manifest
from billing.archive.values import ArchiveDamaged
from prewatt_common.clock import Clock


async def list_files(
    *, manifest: Manifest, folder: Folder, clock: Clock
) -> Sequence[ArchiveDamaged]:
    """Write the lists of the days that have changed. Raises OSError; gives the first missing file
    of each day that has one. Such a day keeps its list: the database may be older than the folder,
    and then the list names the file that holds what the missing ones held.

    A list is behind the manifest by a turn at most, and every file in it stays for as long as
    readers of a list are given (`remove_files`): who reads a list's files reads each reading once.
    """
    damaged: list[ArchiveDamaged] = []
    for day in await manifest.unlisted_days():
        files = await manifest.live_of_day(day)
        there = set(await asyncio.to_thread(folder.paths, day_path(day)))
        missing = [each for each in files if each.path not in there]
        if missing:
            message = f"{missing[0].path}: not there; the list of {day} stays as it is"
            damaged.append(ArchiveDamaged(message, place=missing[0].place))
            continue
        lines = [f"{each.path}\t{each.totals.readings}" for each in files]
        text = "".join(f"{line}\n" for line in lines).encode("ascii")
        await asyncio.to_thread(_write, folder, list_path(day), text)
        # From now on: whoever read the list before this may just have begun with its files.
        await manifest.listed(day, at=clock())
    return damaged


def _write(folder: Folder, path: str, text: bytes) -> None:
    with folder.create(path) as sink:
        sink.write(text)
