"""A process of its own that looks at households and dies, by SIGKILL, in the portion that it is
told.

``python hardship_dies.py DATABASE_URL NOW PORTION POINT``: ``POINT`` is ``done`` (nothing of the
portion is committed) or ``committed``.
"""

import asyncio
import sys
from datetime import datetime

from dying import dying_turns
from hardship_runs import look

from billing.hardship import run_look
from billing.hardship.postgres import open_look
from prewatt_common.db.database import Database

run_look.ACCOUNTS_MAX = 2


async def main() -> None:
    database = Database(url=sys.argv[1])
    turn = dying_turns(lambda: open_look(database), number=int(sys.argv[3]), point=sys.argv[4])
    work = look(database, datetime.fromisoformat(sys.argv[2]), turn=turn)
    while await work.once() is not None:
        pass


if __name__ == "__main__":
    asyncio.run(main())
