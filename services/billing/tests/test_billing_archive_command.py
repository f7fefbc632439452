"""``prewatt archive``: days and files listed, every file checked, a range exported."""

import asyncio
import csv
import os
import sys
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from billing.archive.keep_archive import KeepArchive
from billing.archive.postgres import PostgresArchive
from billing.archive.values import Limits
from prewatt_common.contracts.meter_readings_v1 import Reading
from prewatt_common.local_folder import LocalFolder

pytestmark = pytest.mark.stack

MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
METERS = ("m-1", "m-2", "m-3")
READINGS = [
    Reading(name, MIDNIGHT + timedelta(hours=hour), 100 * hour, MIDNIGHT + timedelta(hours=hour))
    for name in METERS
    for hour in range(48)
]


class Command:
    """The command line on a database and a folder of its own."""

    def __init__(self, database_url: str, root: Path) -> None:
        self.root = root
        self._env = os.environ | {
            "PREWATT_DATABASE_URL": database_url,
            "PREWATT_ARCHIVE_URL": str(root),
        }

    async def __call__(self, *arguments: str) -> tuple[int | None, str, str]:
        """Exit code, standard output and error."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "prewatt_cli", "archive", *arguments,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=self._env,
        )  # fmt: skip
        out, error = await process.communicate()
        return process.returncode, out.decode(), error.decode()


@pytest.fixture
async def command(billing, tmp_path) -> AsyncGenerator[Command]:
    """Two days of three meters in files, and one reading that waits."""
    root = tmp_path / "archive"
    await billing.take_batch(READINGS)
    keeper = KeepArchive(
        store=PostgresArchive(billing.database),
        folder=LocalFolder(root),
        limits=Limits(readings=1_000, size_bytes=1, seconds=0),
        readers_hold=timedelta(0),
        clock=lambda: MIDNIGHT,
    )
    while await keeper.once() is not None:
        pass
    await billing.take_batch(READINGS[:1])
    yield Command(billing.settings.database_url.get_secret_value(), root)


async def test_ls_lists_days_and_files(command) -> None:
    code, out, _ = await command("ls")
    assert code == 0
    first, second, sums = out.splitlines()
    assert first.startswith("2026-11-20  3 files  72 readings  ")
    assert second.startswith("2026-11-21  3 files  72 readings  ")
    assert sums.startswith("6 files with 144 readings in ")
    assert sums.endswith("; 1 readings wait to be written")
    code, out, _ = await command("ls", "--files", "--first", "2026-11-21", "--end", "2026-11-22")
    assert code == 0
    assert len(out.splitlines()) == 1 + 3 + 1
    assert all((command.root / line.split()[0]).exists() for line in out.splitlines()[1:4])


async def test_check_says_that_all_is_well_or_names_the_first_that_differs(command) -> None:
    code, out, _ = await command("check")
    assert (code, out) == (
        0, f"144 readings are what was archived, {sum(r.import_wh for r in READINGS)} Wh in sum\n"
    )  # fmt: skip
    path = next(iter(sorted(command.root.rglob("*.parquet"))))
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    code, out, _ = await command("check")
    assert code == 1
    assert out.startswith(f"{path.relative_to(command.root)}: SHA-256 ")


async def test_check_says_which_file_is_the_only_copy_of_missing_ones(command) -> None:
    path = next(iter(sorted(command.root.rglob("*.parquet"))))
    path.rename(path.with_name("merged.parquet"))
    code, out, _ = await command("check")
    assert code == 1
    missing, unknown = out.splitlines()
    assert missing.startswith(f"{path.relative_to(command.root)}: not there; ")
    assert "merged.parquet: there, and not in the manifest; it holds 24 readings of " in unknown
    assert unknown.endswith(", which is what the missing files of its place held: KEEP IT")


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
async def test_export_writes_a_range_as_it_came(command, tmp_path, suffix: str) -> None:
    out = tmp_path / f"out{suffix}"
    code, said, _ = await command(
        "export", str(out), "--from", "2026-11-20T12:00+01:00", "--to", "2026-11-21",
        "--meter", "m-1", "--meter", "m-3",
    )  # fmt: skip
    wanted = sorted(
        (each.meter_id, each.read_at, each.import_wh, 0)
        for each in READINGS
        if each.meter_id != "m-2" and 11 <= (each.read_at - MIDNIGHT) / timedelta(hours=1) < 24
    )
    assert code == 0
    assert said.startswith(f"{len(wanted)} readings to {out}; 1 that came last")
    if suffix == ".csv":
        with out.open() as lines:
            found = [
                (row["meter_id"], datetime.fromisoformat(row["read_at"]), int(row["import_wh"]),
                 int(row["received_after_s"]))
                for row in csv.DictReader(lines)
            ]  # fmt: skip
    else:
        found = [tuple(row.values()) for row in pq.read_table(out).to_pylist()]
    assert sorted(found) == wanted


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("export", "x.csv", "--from", "2026-11-21", "--to", "2026-11-20"), "is no range"),
        (("export", "x.doc", "--from", "2026-11-20", "--to", "2026-11-21"), "must end in"),
        (("export", "x.csv", "--from", "soon", "--to", "2026-11-21"), "invalid"),
        (("--archive", "ftp://x", "ls"), "BUCKET/PREFIX"),
        (("--database-url", "postgresql://nobody@127.0.0.1:1/x", "ls"), "archive: "),
        (("adopt", "day=2026-11-20"), "unrecognized arguments"),
        (("--archive", "s3://", "adopt"), "BUCKET/PREFIX"),
        (("--database-url", "postgresql://nobody@127.0.0.1:1/x", "adopt"), "archive: "),
        (("burn",), "invalid choice"),
    ],
)
async def test_what_makes_no_sense_ends_with_code_2(command, arguments, said) -> None:
    code, _, error = await command(*arguments)
    assert code == 2
    assert said in error.splitlines()[-1]
