"""Use case: each day's folder says which of its files are to be read."""

import asyncio

from billing.archive.layout import list_path
from billing.archive.ports import Folder, Manifest
from prewatt_common.clock import Clock


async def list_files(*, manifest: Manifest, folder: Folder, clock: Clock) -> None:
    """Write the lists of the days that have changed. Raises OSError.

    A list is behind the manifest by a turn at most, and every file in it stays for as long as
    readers of a list are given (`remove_files`): who reads a list's files reads each reading once.
    """
    for day in await manifest.unlisted_days():
        lines = [f"{each.path}\t{each.totals.readings}" for each in await manifest.live_of_day(day)]
        text = "".join(f"{line}\n" for line in lines).encode("ascii")
        await asyncio.to_thread(_write, folder, list_path(day), text)
        # From now on: whoever read the list before this may just have begun with its files.
        await manifest.listed(day, at=clock())


def _write(folder: Folder, path: str, text: bytes) -> None:
    with folder.create(path) as sink:
        sink.write(text)
