"""The archive on real Kafka and PostgreSQL, in a folder and in a bucket; DuckDB reads it back."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, BinaryIO
from uuid import uuid4

import asyncpg
import duckdb
import pytest
from moto.server import ThreadedMotoServer
from pyarrow import fs

from billing.archive.check_archive import check_archive, unknown_files
from billing.archive.folders import folder_at
from billing.archive.keep_archive import KeepArchive
from billing.archive.layout import path_of
from billing.archive.local_folder import LocalFolder
from billing.archive.merge_files import merge_files
from billing.archive.postgres import PostgresArchive
from billing.archive.postgres_catalogue import PostgresCatalogue
from billing.archive.values import ArchiveDamaged, Level, Limits, Place, Totals, UnknownFile
from prewatt_common.contracts.meter_readings_v1 import Reading
from prewatt_common.db.database import driver

pytestmark = pytest.mark.stack

MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
LATER = MIDNIGHT + timedelta(days=9)
AT_ONCE = Limits(readings=200_000, size_bytes=1, seconds=0)
_KILLED = -9


def some_readings(seed: int, *, meters: int = 40, days: int = 3) -> list[Reading]:
    """Of ``days`` from `MIDNIGHT` on, of its own meters; some late, twice, or of another value."""
    chance = Random(seed)
    names = [f"a-{uuid4().hex[:10]}" for _ in range(meters)]
    found = [
        Reading(
            meter_id=name,
            read_at=MIDNIGHT + timedelta(hours=6 * step, microseconds=chance.choice((0, 1))),
            import_wh=1_000 * step + chance.randrange(1_000),
            received_at=MIDNIGHT + timedelta(hours=6 * step, seconds=chance.randrange(-3, 900)),
        )
        for step in range(4 * days)
        for name in names
    ]
    found += chance.sample(found, meters)
    found += [
        Reading(each.meter_id, each.read_at, each.import_wh + 1, LATER)
        for each in chance.sample(found, meters)
    ]
    return found


def rows(readings: Sequence[Reading]) -> Counter[tuple[str, datetime, int, int]]:
    """As the archive has them."""
    second = timedelta(seconds=1)
    return Counter(
        (each.meter_id, each.read_at, each.import_wh, (each.received_at - each.read_at) // second)
        for each in readings
    )


def read_by_duckdb(folder: Path) -> Counter[tuple[str, datetime, int, int]]:
    """What whoever has no database finds: each day's list, and the files that it names."""
    paths = [
        str(folder / line.split("\t")[0])
        for found in sorted(folder.glob("day=*/_files"))
        for line in found.read_text().splitlines()
    ]
    if not paths:
        return Counter()
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        columns = "meter_id, epoch_us(read_at), import_wh, received_after_s"
        found = connection.execute(f"SELECT {columns} FROM read_parquet(?)", [paths]).fetchall()
        types = connection.execute(
            "SELECT column_name, column_type FROM"
            " (DESCRIBE SELECT * FROM read_parquet(?, hive_partitioning = true))",
            [paths],
        ).fetchall()
    assert dict(types) == {
        "meter_id": "VARCHAR",
        "read_at": "TIMESTAMP WITH TIME ZONE",
        "import_wh": "BIGINT",
        "received_after_s": "BIGINT",
        "day": "DATE",
        "partition": "BIGINT",
    }
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return Counter(
        (meter, epoch + timedelta(microseconds=at_us), wh, after)
        for meter, at_us, wh, after in found
    )


class Archive:
    """One in a folder, and its keeper."""

    def __init__(self, billing: Any, root: Path) -> None:
        self.billing = billing
        self.root = root
        self.folder = LocalFolder(root)
        self.database_url: str = billing.settings.database_url.get_secret_value()

    async def keep(
        self, *, now: datetime = LATER, folder: Any = None, limits: Limits = AT_ONCE
    ) -> None:
        """Turns until nothing is left to do."""
        keeper = KeepArchive(
            store=PostgresArchive(self.billing.database),
            folder=folder or self.folder,
            limits=limits,
            readers_hold=timedelta(hours=1),
            clock=lambda: now,
        )
        while await keeper.once() is not None:
            pass

    async def take(self, readings: Sequence[Reading]) -> None:
        """As if they came in one batch."""
        await self.billing.take_batch(readings)

    async def waiting(self) -> int:
        """Readings in no file."""
        return (await self.billing.rows("SELECT sum(readings) FROM archive_pending"))[0][0] or 0

    async def files(self, state: str = "live") -> list[Any]:
        """Of the manifest."""
        return await self.billing.rows(
            "SELECT * FROM archive_file WHERE state = $1 ORDER BY path", state
        )

    async def check(self, folder: Any = None) -> tuple[int, list[str]]:
        """Readings that are what they should be, and files that nobody knows."""
        connection = await asyncpg.connect(self.database_url.replace("+asyncpg", ""))
        try:
            catalogue = PostgresCatalogue(connection)
            found = await check_archive(catalogue=catalogue, folder=folder or self.folder)
            unknown = await unknown_files(catalogue=catalogue, folder=folder or self.folder)
        finally:
            await connection.close()
        return found.readings, [each.path for each in unknown]

    def on_disk(self) -> set[str]:
        """Every file there is, whole or not, but for lists."""
        return {
            each.relative_to(self.root).as_posix()
            for each in self.root.rglob("*")
            if each.is_file() and each.name != "_files"
        }


@pytest.fixture
def archive(billing, tmp_path) -> Archive:
    """Empty."""
    return Archive(billing, tmp_path / "archive")


async def test_what_comes_through_kafka_is_read_back_by_duckdb(archive, billing) -> None:
    readings = some_readings(1)
    meters = {each.meter_id for each in readings}
    async with billing.consuming("readings"):
        for start in range(0, len(readings), 100):
            await billing.publish(readings[start : start + 100])
            # Every few batches of a day in use become files, none of them merged yet.
            await archive.keep(now=MIDNIGHT)

        async def all_there() -> bool:
            await archive.keep(now=MIDNIGHT)
            return ours(read_by_duckdb(archive.root)).total() >= len(readings)

        def ours(found: Counter[Any]) -> Counter[Any]:
            return Counter({row: count for row, count in found.items() if row[0] in meters})

        await billing.until(all_there)
    assert ours(read_by_duckdb(archive.root)) == rows(readings)
    before = len(await archive.files())
    await archive.keep(now=LATER)
    assert ours(read_by_duckdb(archive.root)) == rows(readings)
    assert len(await archive.files()) < before
    assert (await archive.check())[1] == []


async def test_readings_are_gathered_until_one_has_waited_long_enough(archive) -> None:
    limits = Limits(readings=100_000, size_bytes=1 << 20, seconds=300)
    await archive.take(some_readings(2))
    taken_at = (await archive.billing.rows("SELECT min(taken_at) FROM archive_pending"))[0][0]
    await archive.keep(now=taken_at + timedelta(seconds=299), limits=limits)
    assert await archive.files() == []
    await archive.keep(now=taken_at + timedelta(seconds=300), limits=limits)
    assert await archive.waiting() == 0
    assert await archive.files()


async def test_a_lot_that_waits_is_written_in_bounded_portions(archive) -> None:
    some = [some_readings(seed, meters=3) for seed in range(6)]
    for batch in some:
        await archive.take(batch)
    await archive.keep(limits=Limits(readings=len(some[0]) + 1, size_bytes=1, seconds=0))
    assert read_by_duckdb(archive.root) == sum(map(rows, some), Counter())


async def test_a_day_that_is_over_is_one_file_a_partition_and_readers_keep_what_they_hold(
    archive,
) -> None:
    first, second = some_readings(3), some_readings(4)
    await archive.take(first)
    await archive.keep(now=MIDNIGHT)
    await archive.take(second)
    await archive.keep(now=MIDNIGHT)
    held = archive.on_disk()
    await archive.keep(now=LATER)
    live = await archive.files()
    assert Level.DAY in {each["level"] for each in live}
    assert len(live) == len({(each["day"], each["partition"]) for each in live})
    assert held <= archive.on_disk()
    assert read_by_duckdb(archive.root) == rows(first) + rows(second)
    await archive.keep(now=LATER + timedelta(hours=2))
    assert archive.on_disk() == {each["path"] for each in live}
    assert await archive.check() == (len(first) + len(second), [])


async def test_a_file_stays_for_an_hour_after_it_left_the_list_however_late_that_was(
    archive,
) -> None:
    for seed in (15, 16):
        await archive.take(some_readings(seed, days=1))
        await archive.keep(now=MIDNIGHT)
    store = PostgresArchive(archive.billing.database)
    async with store.turn() as manifest:
        assert manifest is not None
        # All of a turn but its end: the process dies before it lists.
        for place in await manifest.places_of_many():
            assert await merge_files(
                manifest=manifest, store=store, folder=archive.folder, passed_over=(), now=LATER
            ), place
    parts = {each["path"] for each in await archive.files("replaced")}
    assert parts
    listed = LATER + timedelta(hours=5)
    await archive.keep(now=listed)
    await archive.keep(now=listed + timedelta(minutes=59))
    assert parts <= archive.on_disk()
    await archive.keep(now=listed + timedelta(minutes=61))
    assert not parts & archive.on_disk()


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


async def test_late_readings_join_their_day(archive) -> None:
    first, late = some_readings(5, days=1), some_readings(6, days=1, meters=2)
    await archive.take(first)
    await archive.take(first[:5])
    await archive.keep()
    await archive.take(late)
    await archive.keep()
    assert read_by_duckdb(archive.root) == rows(first) + rows(first[:5]) + rows(late)
    await archive.keep(now=LATER + timedelta(days=2))
    live = await archive.files()
    assert len(live) == len({(each["day"], each["partition"]) for each in live})
    assert read_by_duckdb(archive.root) == rows(first) + rows(first[:5]) + rows(late)


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


POINTS = (
    "abandon after", "begin before", "begin after", "file opened", "file written", "file renamed",
    "put after", "archived after", "commit before", "commit after", "replace after", "list opened",
    "list written", "list renamed", "listed after", "remove before", "remove after", "forget after",
)  # fmt: skip


@pytest.mark.timeout(600)
async def test_killed_at_any_point_each_reading_is_there_once(archive) -> None:
    """SIGKILL after each call of the keeper's ports that changes anything, at each stage of a file,
    and before and after a commit."""
    expected: Counter[Any] = Counter()
    for number, point in enumerate(POINTS):
        # Two days on, so that what came late is due to be merged too.
        now = LATER + timedelta(days=2 * number)
        expected += await work_for_all_points(archive, number)
        assert await exit_code(archive, point, now=now) == _KILLED, point
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


class FullFolder(LocalFolder):
    """Has room for so many files, and not for half of the next."""

    def __init__(self, root: Path, *, files: int) -> None:
        super().__init__(root)
        self.files = files

    @contextmanager
    def create(self, path: str) -> Generator[BinaryIO]:
        with super().create(path) as sink:
            yield sink
            self.files -= 1
            if self.files < 0:
                raise OSError(28, "No space left on device")


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


@pytest.fixture
async def bucket(monkeypatch) -> AsyncGenerator[tuple[str, fs.S3FileSystem]]:
    """The address of a folder in an S3 server's bucket, and a client to look into it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = fs.S3FileSystem(
        endpoint_override=f"{host}:{port}", scheme="http", region="us-east-1",
        allow_bucket_creation=True,
    )  # fmt: skip
    client.create_dir("prewatt")
    yield f"s3://prewatt/archive?endpoint=http://{host}:{port}&region=us-east-1", client
    server.stop()


async def test_a_bucket_does_as_well_as_a_folder(archive, bucket, tmp_path) -> None:
    url, client = bucket
    folder = folder_at(url)
    first, second = some_readings(13, days=1, meters=10), some_readings(14, days=1, meters=10)
    await archive.take(first)
    await archive.keep(folder=folder, now=MIDNIGHT)
    await archive.take(second)
    await archive.keep(folder=folder, now=LATER)
    await archive.keep(folder=folder, now=LATER + timedelta(hours=2))
    assert await archive.check(folder) == (len(first) + len(second), [])
    live = {each["path"] for each in await archive.files()}
    assert set(folder.paths()) == live
    fs.copy_files("prewatt/archive", str(tmp_path / "copy"), source_filesystem=client)
    assert read_by_duckdb(tmp_path / "copy") == rows(first) + rows(second)
    with pytest.raises(FileNotFoundError):
        folder.open("day=2026-11-20/_nothing")
    folder.remove("day=2026-11-20/_nothing")


@pytest.mark.parametrize("url", ["s3://", "ftp://host/archive", "s3://bucket?sse=yes"])
def test_a_url_that_names_no_folder_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="s3://BUCKET/PREFIX"):
        folder_at(url)
