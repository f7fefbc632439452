"""``prewatt archive adopt``: what a restored database does not know, each reading once."""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from archive_kept import LATER, MIDNIGHT, Archive, FullFolder, read_by_duckdb, rows
from hypothesis import given
from hypothesis import strategies as st

from billing.archive.postgres import PostgresArchive
from billing.archive.sift import Row, sift
from billing.archive.values import Level
from billing.bootstrap import adopt
from prewatt_common.contracts.meter_readings_v1 import Reading
from prewatt_common.db.database import Database

SOME_ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1), st.integers(0, 1)), max_size=6)


@given(missing=SOME_ROWS, kept=SOME_ROWS, since=SOME_ROWS, again=st.booleans())
def test_a_merged_file_is_parted_into_what_is_missing_and_what_is_new(
    missing: list[Row], kept: list[Row], since: list[Row], again: bool
) -> None:
    """Of a file that holds all three; ``again``: what came since has come from Kafka once more."""
    taken = Counter(row[:2] for row in missing + kept)
    fresh = {row[:2] for row in since} - taken.keys()
    held = Counter(kept)
    if again:
        firsts = [next(row for row in since if row[:2] == key) for key in sorted(fresh)]
        taken.update(fresh)
        held.update(firsts)
    new, old = sift(found=Counter(missing + kept + since), held=held, taken=taken)
    assert {row[:2] for row in new} == (set() if again else fresh)
    assert len(new) == len({row[:2] for row in new})
    # To the register, which is what a file's sum says; of two delays either may be taken.
    assert Counter(row[:2] for row in old) == Counter(row[:2] for row in missing)


@asynccontextmanager
async def back_to_the_backup(archive: Archive) -> AsyncGenerator[Archive]:
    """The archive of a copy of the database, made now: what happens to the archive meanwhile is in
    its folder, and the copy knows nothing of it."""
    original = archive.database_url
    copy = f"{original.rpartition('/')[0]}/backup_{uuid4().hex}"
    await archive.billing.database.close()
    base = f"{original.rpartition('/')[0]}/postgres".replace("+asyncpg", "")
    connection = await asyncpg.connect(base)
    names = [each.rpartition("/")[2] for each in (copy, original)]
    await connection.execute("CREATE DATABASE {} TEMPLATE {}".format(*names))
    await connection.close()
    database = Database(url=copy)
    billing = replace(
        archive.billing,
        database=database,
        settings=archive.billing.settings.model_copy(
            update={"database_url": type(archive.billing.settings.database_url)(copy)}
        ),
    )
    yield Archive(billing, archive.root)
    await database.close()


async def adopted(archive: Archive) -> tuple[int | None, list[str]]:
    """By the command line: its exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "prewatt_cli", "archive", "adopt",
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {
            "PREWATT_DATABASE_URL": archive.database_url,
            "PREWATT_ARCHIVE_URL": str(archive.root),
        },
    )  # fmt: skip
    out, _ = await process.communicate()
    return process.returncode, out.decode().splitlines()


def once(readings: Sequence[Reading]) -> Counter[Any]:
    """As the archive has them, none twice."""
    return Counter(rows(readings).keys())


def hours(first: int, end: int) -> list[Reading]:
    """Of four meters, of that day and one of the next; some twice, and one of another value."""
    at = [MIDNIGHT + timedelta(hours=each) for each in (*range(first, end), 24 + first)]
    found = [
        Reading(f"adopt-{meter}", each, 1_000 * meter + each.hour, each + timedelta(seconds=meter))
        for meter in range(4)
        for each in at
    ]
    return [*found, *found[:2], replace_wh(found[0], by=1)]


def replace_wh(reading: Reading, *, by: int) -> Reading:
    return Reading(reading.meter_id, reading.read_at, reading.import_wh + by, LATER)


class Lost:
    """Readings of a database that was backed up and lost, by what became of them."""

    before, waiting, again, gone, appended = (hours(first, first + 3) for first in (0, 3, 6, 9, 12))


async def lose(archive: Archive) -> None:
    """Two parts of a place each, some that wait, then the backup (which the caller makes)."""
    middle = len(Lost.before) // 2
    for some in (Lost.before[:middle], Lost.before[middle:]):
        await archive.take(some)
        await archive.keep(now=MIDNIGHT)
    await archive.take(Lost.waiting)


async def go_on(archive: Archive, *, merged: bool) -> None:
    """After the backup: more is archived, merged, and the parts are removed; then more of it."""
    for some in (Lost.again, Lost.gone):
        await archive.take(some)
        await archive.keep(now=MIDNIGHT)
    if merged:
        await archive.keep(now=LATER)
        await archive.keep(now=LATER + timedelta(hours=2))
    await archive.take(Lost.appended)
    await archive.keep(now=MIDNIGHT)


async def merged_of(archive: Archive, restored: Archive) -> list[str]:
    """Merged files of places of which the restored database names parts."""
    places = {(each["day"], each["partition"]) for each in await restored.files()}
    return [
        each["path"]
        for each in await archive.files()
        if each["level"] == Level.DAY and (each["day"], each["partition"]) in places
    ]


@pytest.mark.stack
@pytest.mark.parametrize(("merged", "begun"), [(False, False), (True, False), (True, True)])
async def test_after_a_restore_each_reading_is_there_once(archive, merged, begun) -> None:
    await lose(archive)
    async with back_to_the_backup(archive) as restored:
        await go_on(archive, merged=merged)
        if begun:
            # The backup is from the middle of a merge.
            await PostgresArchive(restored.billing.database).begin(
                await merged_of(archive, restored)
            )
        # Some come from Kafka again, others are no longer there.
        await restored.take(Lost.again)
        await restored.keep(now=MIDNIGHT)
        code, said = await adopted(restored)
        everything = rows(Lost.before + Lost.waiting + Lost.again) + once(Lost.gone + Lost.appended)
        assert code == 0, said
        new = once(Lost.gone + Lost.appended).total()
        if not begun:
            assert f": {new} readings were nowhere else, " in said[-1]
        assert await restored.check() == (everything.total(), [])
        # The keeper lists what is adopted, merges it, and removes what held it before.
        for after in (0, 2, 26):
            await restored.keep(now=LATER + timedelta(days=2, hours=after))
            assert read_by_duckdb(restored.root) == everything
        assert restored.on_disk() == {each["path"] for each in await restored.files()}
        # Billing rates with them too.
        row = await restored.billing.rows("SELECT DISTINCT meter_id FROM meter_day")
        assert {each["meter_id"] for each in row} == {each[0] for each in everything}
        assert await adopted(restored) == (
            0,
            ["0 files are adopted: 0 readings were nowhere else, 0 stand for missing files again"],
        )  # fmt: skip


@pytest.mark.stack
async def test_without_all_that_is_missing_a_place_stays_as_it_is_and_what_is_new_is_taken(
    archive,
) -> None:
    await lose(archive)
    async with back_to_the_backup(archive) as restored:
        await go_on(archive, merged=True)
        gone = (await merged_of(archive, restored))[0]
        held = (restored.root / gone).read_bytes()
        (restored.root / gone).unlink()
        code, said = await adopted(restored)
        assert code == 1
        day, place, _ = gone.split("/")
        words = f"{day} {place}: missing files held ".replace("=", " ")
        assert any(each.startswith(words) for each in said)
        # Put back, it is the only one that is missing, and nothing is taken twice.
        (restored.root / gone).write_bytes(held)
        code, said = await adopted(restored)
        assert code == 0, said
        everything = rows(Lost.before + Lost.waiting) + once(Lost.again + Lost.gone + Lost.appended)
        assert await restored.check() == (everything.total(), [])


@pytest.mark.stack
async def test_what_is_no_file_of_readings_is_named_and_a_full_disk_adopts_nothing(archive) -> None:
    await lose(archive)
    async with back_to_the_backup(archive) as restored:
        await go_on(archive, merged=False)
        before = restored.on_disk()
        with pytest.raises(OSError, match="No space"):
            await adopt(
                database_url=restored.database_url, folder=FullFolder(restored.root, files=3)
            )
        assert await restored.files("replaced") == []
        stranger = restored.root / "day=2026-11-20" / "partition=0" / "mine.parquet"
        stranger.parent.mkdir(exist_ok=True)
        stranger.write_bytes(b"?")
        code, said = await adopted(restored)
        assert code == 1
        assert before <= restored.on_disk()
        assert any("mine.parquet: no file of readings" in each for each in said)
        stranger.unlink()
        assert (await adopted(restored))[0] == 0
        await restored.keep(now=LATER)
        everything = rows(Lost.before + Lost.waiting) + once(Lost.again + Lost.gone + Lost.appended)
        assert read_by_duckdb(restored.root) == everything
