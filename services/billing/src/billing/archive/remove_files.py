"""Use cases: files that nobody reads go away; first the file, then what is known of it."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from billing.archive.ports import Folder, Manifest

_LAST_WRITE = timedelta(hours=1)
"""A keeper whose connection is lost, and the lock with it, does not stop its thread: what that
writes is there within this."""


async def remove_orphans(*, manifest: Manifest, folder: Folder, now: datetime) -> int:
    """Away with what a keeper began that died or failed, before anything new is begun. Raises
    OSError, so that what cannot be removed does not pile up.

    Only what we have begun ourselves is removed. A file that nobody knows (as after the database
    was restored from a backup) may hold readings that are nowhere else: `check` names it. What was
    begun stays known for an hour and is removed again then: who began it may have lost the lock,
    and not know it, in the middle of writing.
    """
    begun = await manifest.begun()
    await _remove(folder, begun)
    await manifest.abandon(begun, at=now)
    return len(begun) + await _forget(
        manifest, folder, await manifest.abandoned(before=now - _LAST_WRITE)
    )


async def remove_replaced(*, manifest: Manifest, folder: Folder, before: datetime) -> int:
    """Away with what left the lists before that instant: no reader holds it any more."""
    return await _forget(manifest, folder, await manifest.replaced(before=before))


async def _forget(manifest: Manifest, folder: Folder, paths: Sequence[str]) -> int:
    await _remove(folder, paths)
    await manifest.forget(paths)
    return len(paths)


async def _remove(folder: Folder, paths: Sequence[str]) -> None:
    for path in paths:
        await asyncio.to_thread(folder.remove, path)
