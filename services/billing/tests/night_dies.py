"""A process of its own that works at a night and dies, by SIGKILL, in the group that it is told.

``python night_dies.py DATABASE_URL FOLDER GROUP POINT``: ``POINT`` is ``rated`` (nothing of the
group is committed) or ``committed``.
"""

import asyncio
import sys
from pathlib import Path

from dying import dying_turns
from nights import run_night, until_done

from billing.nights import run_night as module
from billing.nights.postgres import open_turn
from prewatt_common.db.database import Database

module.METERS_MAX = 2


async def main() -> None:
    database = Database(url=sys.argv[1])
    turn = dying_turns(lambda: open_turn(database), number=int(sys.argv[3]), point=sys.argv[4])
    await until_done(run_night(database, Path(sys.argv[2]), turn=turn))


if __name__ == "__main__":
    asyncio.run(main())
