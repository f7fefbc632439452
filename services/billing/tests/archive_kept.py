"""An archive to test: readings for it, its keeper, and what others find in it."""

from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, BinaryIO
from uuid import uuid4

import asyncpg
import duckdb

from billing.archive.check_archive import check_archive, unknown_files
from billing.archive.keep_archive import KeepArchive
from billing.archive.postgres import PostgresArchive
from billing.archive.postgres_catalogue import PostgresCatalogue
from billing.archive.values import Limits
from prewatt_common.contracts.meter_readings_v1 import Reading
from prewatt_common.local_folder import LocalFolder

MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
LATER = MIDNIGHT + timedelta(days=9)
AT_ONCE = Limits(readings=200_000, size_bytes=1, seconds=0)


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
