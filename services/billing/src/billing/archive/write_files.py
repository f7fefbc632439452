"""Use case: what waits in the database moves into files, a file a day and partition."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa

from billing.archive.columns import placed, unpacked
from billing.archive.layout import path_of
from billing.archive.parquet import write_file
from billing.archive.ports import ArchiveStore, Folder, Manifest
from billing.archive.values import ArchiveFile, Level, Place
from prewatt_common.ids import new_id


async def write_files(
    *, manifest: Manifest, store: ArchiveStore, folder: Folder, readings_max: int, now: datetime
) -> None:
    """Write the oldest of what waits, up to ``readings_max``. Raises OSError.

    Paths are known before a file may be there, and files are there, durable, before the manifest
    names them. In the transaction that names them their readings no longer wait: at no time are
    they in both, and at none in neither.
    """
    blocks = await manifest.pending(readings_max=readings_max)
    tables = await asyncio.to_thread(
        lambda: list(placed(unpacked([block.packed for block in blocks])))
    )
    paths = [path_of(place, new_id()) for place, _ in tables]
    await store.begin(paths)
    files = await asyncio.to_thread(_write, folder, paths, tables, now)
    assert sum(each.totals.readings for each in files) == sum(each.readings for each in blocks)
    await manifest.put(files, appended=True)
    await manifest.archived([block.id for block in blocks])


def _write(
    folder: Folder, paths: Sequence[str], tables: Sequence[tuple[Place, pa.Table]], now: datetime
) -> Sequence[ArchiveFile]:
    return [
        write_file(folder, path, [table]).file(path, place=place, level=Level.APPENDED, at=now)
        for path, (place, table) in zip(paths, tables, strict=True)
    ]
