"""Names in the archive's folder, which readers elsewhere rely on: see the README."""

import re
import zlib
from collections.abc import Iterable
from datetime import date
from uuid import UUID

from billing.archive.values import Place

PARTITIONS = 16
"""Fixed for ever: a meter's readings of all years are in one partition, whatever Kafka's topic is
cut into."""
LIST_NAME = "_files"
"""Underscored: Spark, Trino and Hive pass over such names."""

_PATH = re.compile(r"day=([^/]+)/partition=(\d{1,2})/[^/]+\.parquet", re.ASCII)


def partition_of(meter_id: str) -> int:
    """CRC-32 of the meter's id, modulo `PARTITIONS`.

    >>> partition_of("sim-0000001")
    1
    """
    return partitions_of([meter_id.encode("ascii")])[0]


def partitions_of(meter_ids: Iterable[bytes]) -> list[int]:
    """Of many at once."""
    return [zlib.crc32(each) % PARTITIONS for each in meter_ids]


def path_of(place: Place, file_id: UUID) -> str:
    """A data file's path in the folder. No name is ever used twice.

    >>> path_of(Place(date(2026, 11, 28), 7), UUID(int=5))
    'day=2026-11-28/partition=7/00000000-0000-0000-0000-000000000005.parquet'
    """
    return f"{place_path(place)}/{file_id}.parquet"


def place_path(place: Place) -> str:
    """The folder of a place's files."""
    return f"{day_path(place.day)}/partition={place.partition}"


def place_of(path: str) -> Place | None:
    """Where the readings of a data file belong, by its path; none for a path that we never gave.

    >>> place_of("day=2026-11-28/partition=7/mine.parquet")
    Place(day=datetime.date(2026, 11, 28), partition=7)
    """
    found = _PATH.fullmatch(path)
    try:
        return found and Place(date.fromisoformat(found[1]), int(found[2]))
    except ValueError:
        return None


def day_path(day: date) -> str:
    """A day's folder, as Hive names partitions."""
    return f"day={day.isoformat()}"


def list_path(day: date) -> str:
    """The text file that names a day's files."""
    return f"{day_path(day)}/{LIST_NAME}"
