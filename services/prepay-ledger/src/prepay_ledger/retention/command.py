"""``python -m prepay_ledger retire``: what is kept for a time leaves, as an operator says.

It runs as the role that owns the tables: the service's own has no right to delete what is sealed.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import asyncpg

from prepay_ledger.retention.clear_bodies import ClearBodies
from prepay_ledger.retention.postgres import PostgresRetention
from prepay_ledger.retention.retire_days import NotRetired, RetireDays
from prepay_ledger.retention.rules import first_day_kept
from prepay_ledger.retention.values import MONTHS, MONTHS_MIN
from prewatt_common.db.database import COMMAND_FAULTS
from prewatt_common.kafka.stops import in_words
from prewatt_common.local_folder import LocalFolder

DAYS_MAX = 31
"""A run takes so many days at most, if nothing else is asked for: a month, some minutes of work for
100,000 meters."""
EVENTS_MAX = 100_000
"""And so many payment events."""
_RETIRE_LOCK = 0x4E4D0A
"""One run at a time."""
_DUE_SHOWN = 100_000


class NotNow(Exception):
    """The command cannot be carried out; the message says why."""


def main(arguments: Sequence[str]) -> int:
    """The exit code: 0 where what was due has left, 1 where a day had to stay, 2 where it cannot be
    told."""
    parser = argparse.ArgumentParser(
        prog="retire",
        description="Readings that came longer ago than so many months are written to a folder,"
        " checked against the seal of their day, and then taken out of the database. Bodies and"
        " headers of payment events that are settled as long are deleted; their hash stays.",
    )
    parser.add_argument(
        "--database-url",
        default=os.environ.get("PREWATT_MIGRATION_DATABASE_URL"),
        help="the ledger's database, by the role that owns its tables"
        " (PREWATT_MIGRATION_DATABASE_URL)",
    )
    parser.add_argument(
        "--folder",
        default=os.environ.get("PREWATT_READINGS_EXPORTS"),
        help="where exports are written, an absolute path that the ledger reads too"
        " (PREWATT_READINGS_EXPORTS)",
    )
    parser.add_argument(
        "--months",
        type=int,
        default=os.environ.get("PREWATT_READINGS_KEPT_MONTHS", str(MONTHS)),
        help=f"whole months that stay, {MONTHS_MIN} at least; {MONTHS} where nothing is said"
        " (PREWATT_READINGS_KEPT_MONTHS)",
    )
    parser.add_argument(
        "--days-max",
        type=int,
        default=DAYS_MAX,
        help=f"no more days than so many in this run; {DAYS_MAX} where nothing is said",
    )
    parser.add_argument(
        "--events-max",
        type=int,
        default=EVENTS_MAX,
        help=f"bodies of no more payment events than so many; {EVENTS_MAX} where nothing is said",
    )
    parser.add_argument("--list", action="store_true", help="only say what would leave")
    asked = parser.parse_args(arguments)
    if not asked.database_url:
        parser.error("the ledger's database is needed, as its owner: --database-url")
    if not asked.list and (not asked.folder or not Path(asked.folder).is_absolute()):
        parser.error("a folder for exports is needed, an absolute path: --folder")
    if asked.months < MONTHS_MIN:
        parser.error(f"--months: a correction may need readings of {MONTHS_MIN} months")
    if asked.days_max < 0 or asked.events_max < 0:
        parser.error("--days-max, --events-max: not below zero")
    url = asked.database_url.replace("+asyncpg", "")
    try:
        if asked.list:
            return asyncio.run(_list(url, asked.months))
        return asyncio.run(
            _retire(
                url,
                Path(asked.folder),
                asked.months,
                days_max=asked.days_max,
                events_max=asked.events_max,
            )
        )
    except (NotNow, *COMMAND_FAULTS) as error:
        print(f"retire: {in_words(error)}", file=sys.stderr)  # noqa: T201
        return 2


async def _list(url: str, months: int) -> int:
    connection = await asyncpg.connect(url)
    try:
        store = PostgresRetention(connection)
        before = first_day_kept(await store.open_day(), months=months)
        due = await store.due(before=before, limit=_DUE_SHOWN)
        kept = await store.kept()
    finally:
        await connection.close()
    print(  # noqa: T201
        f"retire: {kept.left} days have left, {len(due)} before {before} would"
        + (f", from {due[0]} to {due[-1]}" if due else "")
        + f"; the oldest that is here is {kept.oldest or 'none'}"
    )
    return 0


async def _retire(url: str, folder: Path, months: int, *, days_max: int, events_max: int) -> int:
    connection = await asyncpg.connect(url)
    store = PostgresRetention(connection)
    bodies, days, rows, size = 0, 0, 0, 0
    try:
        if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _RETIRE_LOCK):
            message = "another run is under way"
            raise NotNow(message)
        retire = RetireDays(
            store=store,
            folder=LocalFolder(folder, is_private=True),
            folder_name=str(folder),
        )
        bodies = await ClearBodies(store=store)(months=months, limit=events_max)
        async for left in retire(months=months, limit=days_max):
            days, rows, size = days + 1, rows + left.export.rows, size + left.export.size
            print(  # noqa: T201
                f"{left.day} has left: {left.export.rows} meters, {left.path}, "
                f"{left.export.size} bytes, root {left.export.root.hex()}"
            )
    except NotRetired as error:
        print(f"retire: {error}", file=sys.stderr)  # noqa: T201
        return 1
    finally:
        await connection.close()
        print(  # noqa: T201
            f"retire: bodies of {bodies} payment events; readings of {days} days, {rows} rows, "
            f"{size} bytes"
        )
    return 0
