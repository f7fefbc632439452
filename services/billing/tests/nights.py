"""Nights in a test: an archive beside billing's database, and a run over all agreements."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from billing.archive.keep_archive import KeepArchive
from billing.archive.postgres import PostgresArchive
from billing.archive.values import Limits
from billing.nights.postgres import open_state, open_turn
from billing.nights.run_night import RunNight
from prewatt_common.clock import utc_now
from prewatt_common.db.database import Database
from prewatt_common.local_folder import LocalFolder

Opening = Callable[[], AbstractAsyncContextManager[Any]]


def run_night(
    database: Database,
    root: Path,
    *,
    clock: Callable[[], datetime] = utc_now,
    turn: Opening | None = None,
    state: Opening | None = None,
) -> RunNight:
    """As `bootstrap` makes it, at 00:00."""
    return RunNight(
        open_turn=turn or (lambda: open_turn(database)),
        open_state=state or (lambda: open_state(database)),
        folder=LocalFolder(root),
        clock=clock,
        hour=0,
        settle=timedelta(0),
        rest_factor=0,
    )


async def until_done(night: RunNight) -> None:
    """Groups until none is left."""
    while await night.once() is not None:
        pass


async def archive(database: Database, root: Path) -> None:
    """All that waits goes into files, and days that are over into one."""
    keeper = KeepArchive(
        store=PostgresArchive(database),
        folder=LocalFolder(root),
        limits=Limits(readings=200_000, size_bytes=1, seconds=0),
        readers_hold=timedelta(hours=1),
        clock=utc_now,
    )
    while await keeper.once() is not None:
        pass


async def kinds(billing: Any) -> list[str]:
    """How each period stands."""
    return [row[0] for row in await billing.rows("SELECT kind FROM comparison")]
