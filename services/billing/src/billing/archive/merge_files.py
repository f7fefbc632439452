"""Use case: the files of a day and partition become one, sorted by meter and instant."""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

import pyarrow as pa

from billing.archive.layout import path_of
from billing.archive.merge import merged
from billing.archive.parquet import Written, hash_file, read_file, write_file
from billing.archive.plan import Merge, merge_due
from billing.archive.ports import ArchiveStore, Folder, Manifest
from billing.archive.values import NOTHING, ArchiveDamaged, ArchiveFile, Place
from prewatt_common.ids import new_id


async def merge_files(
    *,
    manifest: Manifest,
    store: ArchiveStore,
    folder: Folder,
    passed_over: Collection[Place],
    now: datetime,
) -> bool:
    """Merge the files of the first place whose time it is, but for those ``passed_over``; gives
    whether there was one. Raises OSError, and `ArchiveDamaged` where they are not what was written:
    then they stay as they are.
    """
    for place in await manifest.places_of_many():
        if place in passed_over:
            continue
        merge = merge_due(await manifest.live(place), now=now)
        if merge is None:
            continue
        path = path_of(place, new_id())
        await store.begin([path])
        written = await asyncio.to_thread(_merge, folder, path, merge)
        await manifest.replace(merge.files, at=now)
        file = written.file(path, place=place, level=merge.level, at=now)
        await manifest.put([file], appended=False)
        return True
    return False


def _merge(folder: Folder, path: str, merge: Merge) -> Written:
    for file in merge.files:
        verify(folder, file)
    written = write_file(folder, path, read_merged(folder, merge.files))
    expected = sum((file.totals for file in merge.files), NOTHING)
    if written.totals != expected:
        message = f"{path}: merged {written.totals} of files that hold {expected}"
        raise ArchiveDamaged(message, place=merge.files[0].place)
    return written


def read_merged(folder: Folder, files: Sequence[ArchiveFile]) -> Iterator[pa.Table]:
    """The readings of ``files``, of one place, as one sorted stream. Raises OSError."""
    return merged([read_file(folder, file.path) for file in files])


def verify(folder: Folder, file: ArchiveFile) -> None:
    """Raises `ArchiveDamaged` where a file's bytes are not those that were written."""
    try:
        size_bytes, sha256 = hash_file(folder, file.path)
    except FileNotFoundError:
        message = f"{file.path}: not there; the manifest has {file.totals.readings} readings in it"
        raise ArchiveDamaged(message, place=file.place) from None
    if size_bytes != file.size_bytes:
        message = f"{file.path}: {size_bytes} bytes, the manifest has {file.size_bytes}"
        raise ArchiveDamaged(message, place=file.place)
    if sha256 != file.sha256:
        message = f"{file.path}: SHA-256 {sha256.hex()}, the manifest has {file.sha256.hex()}"
        raise ArchiveDamaged(message, place=file.place)
