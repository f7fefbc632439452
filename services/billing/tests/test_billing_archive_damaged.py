"""Files that are not what the manifest says, or that it does not know: named, and never removed."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from archive_kept import LATER, MIDNIGHT, Archive, read_by_duckdb, rows, some_readings

from billing.archive.check_archive import unknown_files
from billing.archive.postgres import PostgresArchive
from billing.archive.postgres_catalogue import PostgresCatalogue
from billing.archive.values import ArchiveDamaged, Totals, UnknownFile
from prewatt_common.contracts.meter_readings_v1 import Reading
from prewatt_common.db.database import driver

pytestmark = pytest.mark.stack


def flip_a_byte(file: Path) -> None:
    """One that only a hash notices."""
    held = bytearray(file.read_bytes())
    held[len(held) // 2] ^= 1
    file.write_bytes(held)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (flip_a_byte, "SHA-256"),
        (Path.unlink, "not there"),
        (lambda file: file.write_bytes(file.read_bytes()[:-1]), "bytes, the manifest has"),
    ],
)
async def test_check_names_the_first_file_that_differs_and_a_merge_refuses_it(
    archive, harm: Callable[[Path], object], said: str
) -> None:
    await archive.take(some_readings(9, days=1, meters=20))
    await archive.keep(now=MIDNIGHT)
    await archive.take(some_readings(10, days=1, meters=20))
    await archive.keep(now=MIDNIGHT)
    paths = [each["path"] for each in await archive.files()]
    harm(archive.root / paths[3])
    harm(archive.root / paths[-1])
    with pytest.raises(ArchiveDamaged, match=said) as found:
        await archive.check()
    assert f"{found.value}".startswith(paths[3])
    live = {each["path"] for each in await archive.files()}
    await archive.keep(now=LATER)
    still = {each["path"] for each in await archive.files()}
    assert {paths[3], paths[-1]} <= still
    assert len(still) < len(live), "the other partitions are merged"


async def test_check_names_readings_that_are_missing_from_the_manifest(archive) -> None:
    await archive.take(some_readings(11))
    await archive.keep()
    gone = (await archive.files())[0]
    (archive.root / gone["path"]).rename(archive.root / "day=2026-11-20" / "mine.parquet")
    async with archive.billing.database.transaction() as connection:
        await (await driver(connection)).execute(
            "DELETE FROM archive_file WHERE path = $1", gone["path"]
        )
    with pytest.raises(ArchiveDamaged, match=f"day {gone['day']} partition {gone['partition']}: "):
        await archive.check()


async def test_a_file_that_nobody_knows_is_named_and_never_removed(archive) -> None:
    """As after the database was restored from a backup: it may hold what is nowhere else."""
    readings = some_readings(12)
    await archive.take(readings)
    await archive.keep()
    stranger = archive.root / "day=2026-11-20" / "partition=0" / f"{uuid4()}.parquet"
    stranger.parent.mkdir(parents=True, exist_ok=True)
    stranger.write_bytes(b"?")
    await archive.keep(now=LATER + timedelta(days=3))
    name = stranger.relative_to(archive.root).as_posix()
    assert await archive.check() == (len(readings), [name])
    assert read_by_duckdb(archive.root) == rows(readings)


async def restore_from_before_a_merge(archive: Archive, *, begun: bool) -> str:
    """The database names two parts that are gone, and the file that they became is there, unknown
    or, where the backup was taken during the merge, begun. Gives the merged file's path."""
    for wh in (1_000, 1_001):
        await archive.take([Reading("m-1", MIDNIGHT, wh, MIDNIGHT)])
        await archive.keep(now=MIDNIGHT)
    backup = await archive.billing.rows("SELECT * FROM archive_file")
    await archive.keep(now=LATER)
    await archive.keep(now=LATER + timedelta(hours=2))
    merged = (await archive.files())[0]["path"]
    assert archive.on_disk() == {merged}
    async with archive.billing.database.transaction() as connection:
        raw = await driver(connection)
        await raw.execute("DELETE FROM archive_file")
        await raw.executemany(
            "INSERT INTO archive_file VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            [tuple(each)[:10] for each in backup],
        )
        await raw.execute("UPDATE archive_day SET listed = false")
    if begun:
        await PostgresArchive(archive.billing.database).begin([merged])
    return merged


@pytest.mark.parametrize("begun", [False, True])
async def test_the_only_copy_of_what_a_restored_database_names_stays_and_is_listed(
    archive, begun: bool
) -> None:
    merged = await restore_from_before_a_merge(archive, begun=begun)
    for hours in (3, 5):
        await archive.keep(now=LATER + timedelta(hours=hours))
    assert archive.on_disk() == {merged}
    assert read_by_duckdb(archive.root).total() == 2
    with pytest.raises(ArchiveDamaged, match="not there"):
        await archive.check()
    if not begun:
        connection = await asyncpg.connect(archive.database_url.replace("+asyncpg", ""))
        found = await unknown_files(catalogue=PostgresCatalogue(connection), folder=archive.folder)
        await connection.close()
        both = Totals(2, 2_001)
        assert found == [UnknownFile(path=merged, totals=both, missing=both)]
