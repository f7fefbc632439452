"""Use case: is the archive what its manifest says, and is the manifest what was taken in?"""

from datetime import date

import pyarrow as pa

from billing.archive.columns import totals
from billing.archive.layout import place_of
from billing.archive.merge_files import verify
from billing.archive.parquet import read_file, rows_of
from billing.archive.ports import Catalogue, Folder
from billing.archive.values import (
    NOTHING,
    ArchiveDamaged,
    ArchivedDay,
    ArchiveFile,
    Place,
    Totals,
    UnknownFile,
)


async def check_archive(
    *, catalogue: Catalogue, folder: Folder, first: date | None = None, end: date | None = None
) -> Totals:
    """What all readings of [``first``, ``end``) come to. Raises OSError, and `ArchiveDamaged`: by
    the first file that differs, in the order of days and paths, or the first place."""
    found = NOTHING
    for day in await catalogue.days(first=first, end=end):
        archived = await catalogue.day(day)
        for file in archived.files:
            await _check_file(catalogue, folder, file)
        for place, meant in archived.meant.items():
            held = held_in(archived, place)
            if held != meant:
                message = (
                    f"day {day} partition {place.partition}: its files hold {held.readings} "
                    f"readings of {held.import_wh_sum} Wh in sum, and {meant.readings} of "
                    f"{meant.import_wh_sum} were archived"
                )
                raise ArchiveDamaged(message, place=place)
            found += held
    return found


def held_in(archived: ArchivedDay, place: Place) -> Totals:
    """What the live files of a place hold, as the manifest has it."""
    return sum((file.totals for file in archived.files if file.place == place), NOTHING)


async def unknown_files(*, catalogue: Catalogue, folder: Folder) -> list[UnknownFile]:
    """Files that hold readings and that the manifest does not know: whoever put them there may need
    them. After the database was restored from a backup from before a merge, one holds what missing
    files held, and is the only copy. Raises OSError."""
    paths = list(folder.paths())
    known = await catalogue.known(paths)
    # What was removed since it was listed is not there any more.
    return [
        UnknownFile(
            path=path,
            totals=_totals_of(folder, path),
            missing=await _missing_beside(catalogue, folder, path),
        )
        for path in paths
        if path not in known and folder.exists(path)
    ]


def _totals_of(folder: Folder, path: str) -> Totals | None:
    try:
        return sum((totals(table) for table in read_file(folder, path)), NOTHING)
    except (pa.ArrowException, ValueError, KeyError):
        return None


async def _missing_beside(catalogue: Catalogue, folder: Folder, path: str) -> Totals:
    place = place_of(path)
    if place is None:
        return NOTHING
    live = (await catalogue.day(place.day)).files
    return sum(
        (each.totals for each in live if each.place == place and not folder.exists(each.path)),
        NOTHING,
    )


async def _check_file(catalogue: Catalogue, folder: Folder, file: ArchiveFile) -> None:
    try:
        verify(folder, file)
        rows = rows_of(folder, file.path)
    except (ArchiveDamaged, FileNotFoundError):
        now = await catalogue.day(file.place.day)
        if all(each.path != file.path for each in now.files):
            return  # Merged since, and removed: what it held is checked as part of another.
        raise
    if rows != file.totals.readings:
        message = f"{file.path}: {rows} readings, the manifest has {file.totals.readings}"
        raise ArchiveDamaged(message, place=file.place)
