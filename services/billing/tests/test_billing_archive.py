"""The archive on real Kafka and PostgreSQL, in a folder and in a bucket; DuckDB reads it back."""

from collections import Counter
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import pytest
from archive_kept import LATER, MIDNIGHT, read_by_duckdb, rows, some_readings
from moto.server import ThreadedMotoServer
from pyarrow import fs

from billing.archive.folders import folder_at
from billing.archive.merge_files import merge_files
from billing.archive.postgres import PostgresArchive
from billing.archive.values import Level, Limits

pytestmark = pytest.mark.stack


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
