"""Use cases: files that nobody reads go away; first the file, then what is known of it."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from billing.archive.ports import Folder, Manifest


async def remove_orphans(*, manifest: Manifest, folder: Folder) -> int:
    """Away with what a keeper began that died or failed, before anything new is begun. Raises
    OSError, so that what cannot be removed does not pile up.

    Only what we have begun ourselves is removed. A file that nobody knows (as after the database
    was restored from a backup) may hold readings that are nowhere else: `check` names it.
    """
    return await _remove(manifest, folder, await manifest.begun())


async def remove_replaced(*, manifest: Manifest, folder: Folder, before: datetime) -> int:
    """Away with what was replaced before that instant: no reader holds it any more."""
    return await _remove(manifest, folder, await manifest.replaced(before=before))


async def _remove(manifest: Manifest, folder: Folder, paths: Sequence[str]) -> int:
    for path in paths:
        await asyncio.to_thread(folder.remove, path)
    await manifest.forget(paths)
    return len(paths)
