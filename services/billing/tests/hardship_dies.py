"""A process of its own that looks at households and dies, by SIGKILL, in the portion that it is
told.

``python hardship_dies.py DATABASE_URL NOW PORTION POINT``: ``POINT`` is ``done`` (nothing of the
portion is committed) or ``committed``.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from hardship_runs import look

from billing.hardship import run_look
from billing.hardship.postgres import open_look
from prewatt_common.db.database import Database

run_look.ACCOUNTS_MAX = 2


async def main() -> None:
    database = Database(url=sys.argv[1])
    portions = 0

    def point(name: str) -> None:
        if portions == int(sys.argv[3]) and name == sys.argv[4]:
            os.kill(os.getpid(), signal.SIGKILL)

    @asynccontextmanager
    async def turn() -> AsyncGenerator[Any]:
        nonlocal portions
        async with open_look(database) as opened:
            yield opened
            portions += 1
            point("done")
        point("committed")

    work = look(database, datetime.fromisoformat(sys.argv[2]), turn=turn)
    while await work.once() is not None:
        pass


if __name__ == "__main__":
    asyncio.run(main())
