"""Use cases: files that nobody reads go away, and with them what is known of them.

The row is changed first and the file removed inside the same transaction: whoever finds the row not
as it was read, at whatever isolation the database runs, has removed nothing. A death in between
leaves the row as it was, and the file is removed again.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from billing.archive.layout import place_of, place_path
from billing.archive.ports import Folder, Manifest

logger = logging.getLogger(__name__)

_LAST_WRITE = timedelta(hours=1)
"""A keeper whose connection is lost, and the lock with it, does not stop its thread: what that
writes is there within this."""


async def remove_orphans(*, manifest: Manifest, folder: Folder, now: datetime) -> int:
    """Away with what a keeper began that died or failed, before anything new is begun. Raises
    OSError, so that what cannot be removed does not pile up.

    Only what we have begun ourselves is removed. A file that nobody knows (as after the database
    was restored from a backup) may hold readings that are nowhere else: `check` names it. What was
    begun stays known for an hour and is removed again then: who began it may have lost the lock,
    and not know it, in the middle of writing. It stays as it is while a live file of its place is
    missing: a backup of the database that was taken in the middle of a merge has it as begun, and
    by then it may be the only copy of its parts.
    """
    begun = [
        path for path in await manifest.begun() if not await _is_needed(manifest, folder, path)
    ]
    if begun:
        await manifest.abandon(begun, at=now)
        await _remove(folder, begun)
    return len(begun) + await _forget(
        manifest, folder, await manifest.abandoned(before=now - _LAST_WRITE)
    )


async def remove_replaced(*, manifest: Manifest, folder: Folder, before: datetime) -> int:
    """Away with what left the lists before that instant: no reader holds it any more."""
    return await _forget(manifest, folder, await manifest.replaced(before=before))


async def _is_needed(manifest: Manifest, folder: Folder, path: str) -> bool:
    place = place_of(path)
    assert place is not None, f"{path} was never begun here"
    there = set(await asyncio.to_thread(folder.paths, place_path(place)))
    needed = path in there and any(each.path not in there for each in await manifest.live(place))
    if needed:
        logger.error("archive: %s stays: files of its place are missing", path)
    return needed


async def _forget(manifest: Manifest, folder: Folder, paths: Sequence[str]) -> int:
    if paths:
        await manifest.forget(paths)
        await _remove(folder, paths)
    return len(paths)


async def _remove(folder: Folder, paths: Sequence[str]) -> None:
    for path in paths:
        await asyncio.to_thread(folder.remove, path)
