"""``python -m billing archive ls|check|export|adopt``, which ``prewatt archive`` runs: past the
service, from the database and the files themselves."""

import argparse
import asyncio
import os
import sys
from collections.abc import Coroutine, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol

import asyncpg
import pyarrow as pa
from sqlalchemy.exc import SQLAlchemyError

from billing.archive.check_archive import check_archive, unknown_files
from billing.archive.export_files import export_to
from billing.archive.export_readings import export_readings
from billing.archive.folders import folder_at
from billing.archive.ports import Catalogue, Folder
from billing.archive.postgres_catalogue import PostgresCatalogue
from billing.archive.values import NOTHING, Adopted, ArchiveDamaged, UnknownFile
from billing.settings import ARCHIVE_URL
from prewatt_common.db.database import ChangedMeanwhile

_FAULTS = (
    OSError, TimeoutError, ValueError, pa.ArrowException, asyncpg.PostgresError,
    asyncpg.InterfaceError, SQLAlchemyError, ChangedMeanwhile,
)  # fmt: skip


class Adopt(Protocol):
    """Takes in the files of ``folder`` that the manifest in that database does not know."""

    def __call__(
        self, *, database_url: str, folder: Folder
    ) -> Coroutine[None, None, Sequence[Adopted]]: ...


def main(arguments: Sequence[str], *, adopt: Adopt) -> int:
    """The exit code: 0 where all is well, 1 where a file is not what it should be, 2 where that
    cannot be told or what was asked makes no sense."""
    asked = _parser().parse_args(arguments)
    if not asked.database_url:
        print("archive: billing's database is needed: --database-url", file=sys.stderr)  # noqa: T201
        return 2
    try:
        return asyncio.run(_run(asked, adopt))
    except _FAULTS as error:
        line = f"{error}".partition("\n")[0]
        print(f"archive: {type(error).__name__}: {line}", file=sys.stderr)  # noqa: T201
        return 2


async def _run(asked: argparse.Namespace, adopt: Adopt) -> int:
    folder = folder_at(asked.archive)
    _, _, place = asked.database_url.rpartition("://")
    url = f"postgresql://{place}"
    connection = await asyncpg.connect(url)
    try:
        catalogue = PostgresCatalogue(connection)
        match asked.what:
            case "ls":
                return await _ls(catalogue, asked)
            case "check":
                return await _check(catalogue, folder, asked)
            case "adopt":
                adopted = await adopt(database_url=f"postgresql+asyncpg://{place}", folder=folder)
                return await _adopted(catalogue, folder, adopted)
            case _:
                return await _export(catalogue, folder, asked)
    finally:
        await connection.close()


async def _ls(catalogue: Catalogue, asked: argparse.Namespace) -> int:
    files, size_bytes, found = 0, 0, NOTHING
    for day in await catalogue.days(first=asked.first, end=asked.end):
        archived = await catalogue.day(day)
        sums = sum((each.totals for each in archived.files), NOTHING)
        day_bytes = sum(each.size_bytes for each in archived.files)
        _say(f"{day}  {len(archived.files)} files  {sums.readings} readings  {day_bytes} bytes")
        if asked.files:
            for each in archived.files:
                _say(
                    f"  {each.path}  {each.level.name.lower()}  {each.totals.readings} readings"
                    f"  {each.size_bytes} bytes"
                )
        files, size_bytes, found = files + len(archived.files), size_bytes + day_bytes, found + sums
    _say(
        f"{files} files with {found.readings} readings in {size_bytes} bytes; "
        f"{await catalogue.waiting()} readings wait to be written"
    )
    return 0


async def _check(catalogue: Catalogue, folder: Folder, asked: argparse.Namespace) -> int:
    damaged = False
    try:
        found = await check_archive(
            catalogue=catalogue, folder=folder, first=asked.first, end=asked.end
        )
    except ArchiveDamaged as error:
        damaged = True
        _say(f"{error}")
    else:
        _say(f"{found.readings} readings are what was archived, {found.import_wh_sum} Wh in sum")
    unknown = await unknown_files(catalogue=catalogue, folder=folder)
    for each in unknown:
        _say(_about(each))
    return 1 if damaged or unknown else 0


async def _adopted(catalogue: Catalogue, folder: Folder, adopted: Sequence[Adopted]) -> int:
    left = [each for each in adopted if each.left]
    for each in left:
        _say(f"{each.left}: its files stay as they are")
    unknown = await unknown_files(catalogue=catalogue, folder=folder)
    for each in unknown:
        _say(_about(each))
    returned = sum((each.returned for each in adopted), NOTHING)
    _say(
        f"{sum(each.files for each in adopted)} files are adopted: "
        f"{sum(each.taken for each in adopted)} readings were nowhere else, "
        f"{returned.readings} stand for missing files again"
    )
    return 1 if left or unknown else 0


def _about(unknown: UnknownFile) -> str:
    holds = (
        "no readings that can be read"
        if unknown.totals is None
        else f"{unknown.totals.readings} readings of {unknown.totals.import_wh_sum} Wh in sum"
    )
    said = f"{unknown.path}: there, and not in the manifest; it holds {holds}"
    if unknown.totals is None or not unknown.missing.readings:
        return said
    if unknown.totals == unknown.missing:
        return f"{said}, which is what the missing files of its place held: KEEP IT"
    return (
        f"{said}, and the missing files of its place held {unknown.missing.readings} of "
        f"{unknown.missing.import_wh_sum}: KEEP IT"
    )


async def _export(catalogue: Catalogue, folder: Folder, asked: argparse.Namespace) -> int:
    if asked.begin >= asked.before:
        message = f"from {asked.begin.isoformat()} to {asked.before.isoformat()} is no range"
        raise ValueError(message)
    readings = await export_to(
        asked.out,
        export_readings(
            catalogue=catalogue,
            folder=folder,
            begin=asked.begin,
            end=asked.before,
            meter_ids=asked.meter,
        ),
    )
    waiting = await catalogue.waiting()
    _say(
        f"{readings} readings to {asked.out}"
        + (f"; {waiting} that came last, of any time, are not archived yet" if waiting else "")
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="archive",
        description="Billing's archive of readings: Parquet files and their manifest.",
    )
    parser.add_argument(
        "--database-url",
        default=os.environ.get("PREWATT_DATABASE_URL"),
        help="billing's database; reading is enough (PREWATT_DATABASE_URL)",
    )
    parser.add_argument(
        "--archive",
        default=os.environ.get("PREWATT_ARCHIVE_URL", ARCHIVE_URL),
        help="its folder, or s3://BUCKET/PREFIX (PREWATT_ARCHIVE_URL)",
    )
    commands = parser.add_subparsers(dest="what", required=True)
    for name, about in (
        ("ls", "List days with their files, readings and bytes."),
        ("check", "Verify every file against the manifest and name the first that differs."),
    ):
        command = commands.add_parser(name, help=about, description=about)
        command.add_argument("--first", type=date.fromisoformat, help="the first UTC day")
        command.add_argument("--end", type=date.fromisoformat, help="the UTC day after the last")
        if name == "ls":
            command.add_argument("--files", action="store_true", help="each file too")
    about = (
        "Take in files that the manifest does not know, as after the database was restored from a"
        " backup: each reading once. This one writes to the database."
    )
    commands.add_parser("adopt", help=about, description=about)
    about = "Write the readings of a range, as they came, to a CSV or Parquet file."
    export = commands.add_parser("export", help=about, description=about)
    export.add_argument("out", type=Path, help="FILE.csv or FILE.parquet")
    export.add_argument(
        "--from", dest="begin", type=_instant, required=True, help="a UTC day, or an instant"
    )
    export.add_argument("--to", dest="before", type=_instant, required=True, help="before this one")
    export.add_argument("--meter", action="append", default=[], help="only these; may be repeated")
    return parser


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _say(line: str) -> None:
    print(line)  # noqa: T201
