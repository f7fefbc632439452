"""A process of its own that works at a night and dies, by SIGKILL, in the group that it is told.

``python night_dies.py DATABASE_URL FOLDER GROUP POINT``: ``POINT`` is ``rated`` (nothing of the
group is committed) or ``committed``.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from nights import run_night, until_done

from billing.nights import run_night as module
from billing.nights.postgres import open_turn
from prewatt_common.db.database import Database

module.METERS_MAX = 2


async def main() -> None:
    database = Database(url=sys.argv[1])
    groups = 0

    def point(name: str) -> None:
        if groups == int(sys.argv[3]) and name == sys.argv[4]:
            os.kill(os.getpid(), signal.SIGKILL)

    @asynccontextmanager
    async def turn() -> AsyncGenerator[Any]:
        nonlocal groups
        async with open_turn(database) as opened:
            yield opened
            groups += 1
            point("rated")
        point("committed")

    await until_done(run_night(database, Path(sys.argv[2]), turn=turn))


if __name__ == "__main__":
    asyncio.run(main())
