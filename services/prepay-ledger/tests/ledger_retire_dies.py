"""A process of its own that takes days out and dies, by SIGKILL, where it is told to.

``python ledger_retire_dies.py DATABASE_URL FOLDER POINT``: `POINTS` of the test.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import asyncpg

from prepay_ledger.retention.postgres import PostgresRetention
from prepay_ledger.retention.retire_days import RetireDays
from prepay_ledger.retention.values import MONTHS, LeftDay
from prewatt_common.local_folder import LocalFolder


def point(name: str) -> None:
    """Die here, or go on."""
    if name == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)


class DyingFolder(LocalFolder):
    """Dies with a file half written, written and not renamed, or renamed."""

    @contextmanager
    def create(self, path: str) -> Generator[BinaryIO]:
        with super().create(path) as sink:
            sink.write(b"")
            point("opened")
            yield sink
            sink.flush()
            point("written")
        point("renamed")

    def open(self, path: str) -> BinaryIO:
        point("read back")
        return super().open(path)


class DyingConnection:
    """Dies before and after each statement of the transaction, and once it is committed."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def execute(self, query: str, *values: Any) -> str:
        word = query.split(maxsplit=1)[0].lower() + (" meters" if "left_meter" in query else "")
        point(f"{word} before")
        status: str = await self._connection.execute(query, *values)
        point(f"{word} after")
        return status


class DyingStore(PostgresRetention):
    """Dies once a day is out."""

    async def take_out(self, left: LeftDay) -> None:
        await super().take_out(left)
        point("committed")


async def retire() -> None:
    """All that is due."""
    connection = await asyncpg.connect(sys.argv[1].replace("+asyncpg", ""))
    store = DyingStore(DyingConnection(connection))
    folder = DyingFolder(Path(sys.argv[2]))
    async for _ in RetireDays(store=store, folder=folder, folder_name=sys.argv[2])(
        months=MONTHS, limit=100
    ):
        pass
    await connection.close()


if __name__ == "__main__":
    asyncio.run(retire())
