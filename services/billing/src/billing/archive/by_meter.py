"""Files of one place, known or not, a meter at a time."""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import TypeAlias

import pyarrow as pa

from billing.archive.columns import IMPORT_WH, METER_ID, READ_AT, RECEIVED_AFTER_S, in_place, totals
from billing.archive.parquet import hash_file, read_file
from billing.archive.ports import Folder
from billing.archive.sift import Row
from billing.archive.values import NOTHING, ArchiveDamaged, ArchiveFile, Level, Place

_OfMeter: TypeAlias = tuple[str, bool, Counter[Row]]


def inspect(folder: Folder, path: str, place: Place, *, at: datetime) -> ArchiveFile:
    """A file that is there, as the manifest would have it. Raises OSError, and `ArchiveDamaged`
    where it is no file of readings of ``place``, sorted by meter."""
    found, last = NOTHING, ""
    try:
        for table in read_file(folder, path):
            found += totals(table)
            names = table[METER_ID].to_pylist()
            if not in_place(table, place) or [last, *names] != sorted([last, *names]):
                message = f"{path}: holds readings of another day or partition, or not in order"
                raise ArchiveDamaged(message, place=place)
            last = names[-1]
    except (pa.ArrowException, ValueError, KeyError):
        message = f"{path}: no file of readings"
        raise ArchiveDamaged(message, place=place) from None
    size_bytes, sha256 = hash_file(folder, path)
    return ArchiveFile(
        path=path,
        place=place,
        level=Level.APPENDED,
        totals=found,
        size_bytes=size_bytes,
        sha256=sha256,
        live_since=at,
    )


def by_meter(
    folder: Folder, *, unknown: Sequence[str], known: Sequence[str]
) -> Iterator[tuple[str, Counter[Row], Counter[Row]]]:
    """Of each meter what the ``unknown`` files hold, and what the ``known`` ones do. A merged file
    and its parts may be among the unknown: each reading as often as it is in the one that has it
    most often. Raises OSError."""
    streams = [_meters_of(folder, path, False) for path in unknown]
    streams += [_meters_of(folder, path, True) for path in known]
    for meter_id, some in groupby(heapq.merge(*streams, key=itemgetter(0)), itemgetter(0)):
        found, held = Counter[Row](), Counter[Row]()
        for _, is_known, rows in some:
            if is_known:
                held += rows
            else:
                found |= rows
        yield meter_id, found, held


def _meters_of(folder: Folder, path: str, is_known: bool) -> Iterator[_OfMeter]:
    for meter_id, some in groupby(_rows_of(read_file(folder, path)), itemgetter(0)):
        yield meter_id, is_known, Counter(row for _, row in some)


def _rows_of(tables: Iterable[pa.Table]) -> Iterator[tuple[str, Row]]:
    for table in tables:
        values = (
            table[name].cast(pa.int64()).to_pylist()
            for name in (READ_AT, IMPORT_WH, RECEIVED_AFTER_S)
        )
        yield from zip(table[METER_ID].to_pylist(), zip(*values, strict=True), strict=True)
