"""A process of its own that keeps the archive and dies, by SIGKILL, where it is told to.

``python archive_dies.py DATABASE_URL FOLDER NOW POINT``: the keeper's turns until nothing is left
to do, as of ``NOW``. ``POINT`` is the first of that name that it comes to: `POINTS` of the test.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from billing.archive.keep_archive import KeepArchive
from billing.archive.postgres import PostgresArchive
from billing.archive.values import Limits
from prewatt_common.db.database import Database
from prewatt_common.local_folder import LocalFolder


def point(name: str) -> None:
    """Die here, or go on."""
    if name == sys.argv[4]:
        os.kill(os.getpid(), signal.SIGKILL)


class DyingManifest:
    """Dies after a call of any name."""

    def __init__(self, manifest: Any) -> None:
        self._manifest = manifest

    def __getattr__(self, name: str) -> Any:
        async def call(*arguments: Any, **named: Any) -> Any:
            found = await getattr(self._manifest, name)(*arguments, **named)
            point(f"{name} after")
            return found

        return call


class DyingStore:
    """Its turns end with a commit."""

    def __init__(self, store: PostgresArchive) -> None:
        self._store = store

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[DyingManifest | None]:
        async with self._store.turn() as manifest:
            yield None if manifest is None else DyingManifest(manifest)
            point("commit before")
        point("commit after")

    async def begin(self, paths: Any) -> None:
        point("begin before")
        await self._store.begin(paths)
        point("begin after")


class DyingFolder(LocalFolder):
    """Dies with a file half written, written and not renamed, or renamed."""

    @contextmanager
    def create(self, path: str) -> Generator[BinaryIO]:
        kind = "list" if path.endswith("_files") else "file"
        with super().create(path) as sink:
            sink.write(b"")
            point(f"{kind} opened")
            yield sink
            sink.flush()
            point(f"{kind} written")
        point(f"{kind} renamed")

    def remove(self, path: str) -> None:
        point("remove before")
        super().remove(path)
        point("remove after")


async def keep() -> None:
    """Until nothing is left to do."""
    database = Database(url=sys.argv[1])
    now = datetime.fromisoformat(sys.argv[3])
    keeper = KeepArchive(
        store=DyingStore(PostgresArchive(database)),
        folder=DyingFolder(Path(sys.argv[2])),
        limits=Limits(readings=1, size_bytes=1, seconds=0),
        readers_hold=timedelta(hours=1),
        clock=lambda: now,
    )
    while await keeper.once() is not None:
        pass
    await database.close()


if __name__ == "__main__":
    asyncio.run(keep())
