"""A keeper of the archive that is killed, has no room, loses its lock or is not alone."""

import asyncio
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from archive_kept import LATER, MIDNIGHT, Archive, FullFolder, read_by_duckdb, rows, some_readings

from billing.archive.layout import path_of
from billing.archive.postgres import PostgresArchive
from billing.archive.values import Place
from prewatt_common.contracts.meter_readings_v1 import Reading

pytestmark = pytest.mark.stack
_KILLED = -9


async def exit_code(archive: Archive, point: str, *, now: datetime) -> int | None:
    """Of the keeper as a process of its own, which dies at ``point``."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("archive_dies.py")),
        archive.database_url,
        str(archive.root),
        now.isoformat(),
        point,
    )
    return await process.wait()


async def work_for_all_points(archive: Archive, number: int) -> Counter[Any]:
    """What makes a keeper write, merge, list and remove: late readings of a day of all points, and
    those of a day of its own, which are merged as soon as they are in two files."""
    late = some_readings(100 + number, meters=2, days=1)
    day = timedelta(days=1 + number)
    own = [Reading(each.meter_id, each.read_at + day, each.import_wh, LATER) for each in late]
    middle = len(late) // 2
    await archive.take(late[:middle] + own[:middle])
    await archive.take(late[middle:] + own[middle:])
    return rows(late + own)


async def leave_what_a_death_began(archive: Archive) -> None:
    """A file that a keeper has written and not named."""
    path = path_of(Place(MIDNIGHT.date(), 3), uuid4())
    await PostgresArchive(archive.billing.database).begin([path])
    with archive.folder.create(path) as sink:
        sink.write(b"begun")


async def until_it_is_gone(archive: Archive) -> None:
    """PostgreSQL notices a death a moment later, and holds the keeper's lock until then."""
    store = PostgresArchive(archive.billing.database)
    async with asyncio.timeout(30):
        while True:
            async with store.turn() as manifest:
                if manifest is not None:
                    return
            await asyncio.sleep(0.01)


POINTS = (
    "begin before", "begin after", "file opened", "file written", "file renamed", "put after",
    "archived after", "commit before", "commit after", "replace after", "list opened",
    "list written", "list renamed", "listed after", "remove before", "remove after", "forget after",
)  # fmt: skip
POINTS_OF_WHAT_WAS_BEGUN = ("abandon after", "remove before", "remove after")


@pytest.mark.timeout(600)
async def test_killed_at_any_point_each_reading_is_there_once(archive) -> None:
    """SIGKILL after each call of the keeper's ports that changes anything, at each stage of a file,
    and before and after a commit.

    Who dies and who comes after it leave files to readers for the same hour. Else a file could be
    gone that the other still keeps: which of two it removes first, the database does not promise.
    """
    expected: Counter[Any] = Counter()
    deaths = [(True, each) for each in POINTS_OF_WHAT_WAS_BEGUN]
    deaths += [(False, each) for each in POINTS]
    for number, (begun, point) in enumerate(deaths):
        # Two days on, so that what came late is due to be merged too.
        now = LATER + timedelta(days=2 * number)
        expected += await work_for_all_points(archive, number)
        if begun:
            await leave_what_a_death_began(archive)
        assert await exit_code(archive, point, now=now) == _KILLED, point
        await until_it_is_gone(archive)
        # What is in files and what waits is all of it, whatever the death left behind.
        live = sum(each["readings"] for each in await archive.files())
        assert live + await archive.waiting() == expected.total(), point
        await archive.keep(now=now)
        assert read_by_duckdb(archive.root) == expected, point
        known = {
            each["path"] for state in ("live", "replaced") for each in await archive.files(state)
        }
        assert archive.on_disk() == known, point
    assert await archive.check() == (expected.total(), [])


async def test_a_full_disk_loses_nothing_and_leaves_nothing(archive) -> None:
    readings = some_readings(7)
    await archive.take(readings)
    for _ in range(2):
        with pytest.raises(OSError, match="No space"):
            await archive.keep(folder=FullFolder(archive.root, files=5))
        assert await archive.waiting() == len(readings)
        assert len(archive.on_disk()) == 5
    await archive.keep()
    assert read_by_duckdb(archive.root) == rows(readings)
    assert archive.on_disk() == {each["path"] for each in await archive.files()}


async def test_only_one_keeps_at_a_time(archive) -> None:
    readings = some_readings(8)
    await archive.take(readings)
    store = PostgresArchive(archive.billing.database)
    async with store.turn() as held:
        assert held is not None
        await archive.keep()
        assert await archive.waiting() == len(readings)
    await asyncio.gather(*(archive.keep() for _ in range(3)))
    await archive.keep()
    assert read_by_duckdb(archive.root) == rows(readings)


async def test_what_a_keeper_writes_after_it_has_lost_the_lock_is_removed(archive) -> None:
    """Its connection is lost while its thread writes; another removes what is not there yet."""
    place = Place(MIDNIGHT.date(), 3)
    path = path_of(place, uuid4())
    await PostgresArchive(archive.billing.database).begin([path])
    await archive.keep(now=LATER)
    with archive.folder.create(path) as sink:
        sink.write(b"late")
    await archive.keep(now=LATER + timedelta(minutes=59))
    assert await archive.check() == (0, []), "known, and in no list"
    await archive.keep(now=LATER + timedelta(minutes=61))
    assert archive.on_disk() == set()
    assert await archive.files("abandoned") == []
