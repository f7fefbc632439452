"""What the archive consists of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum
from typing import NamedTuple


class Place(NamedTuple):
    """Where readings lie: the UTC day of their instants, and the partition of their meters."""

    day: date
    partition: int


class Level(IntEnum):
    """How often a file's readings have been written."""

    APPENDED = 0
    """As they came: of some minutes."""
    GATHERED = 1
    """Appended files of a day that goes on, in one."""
    DAY = 2
    """All that a place held once its day was over, or later when some came late."""


class Totals(NamedTuple):
    """What readings come to: their number, and the sum of their registers in Wh."""

    readings: int
    import_wh_sum: int

    def __add__(self, other: object) -> "Totals":
        if not isinstance(other, Totals):
            return NotImplemented
        return Totals(self.readings + other.readings, self.import_wh_sum + other.import_wh_sum)


NOTHING = Totals(0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveFile:
    """A file of the manifest. ``path`` is relative to the archive's folder; ``live_since`` is when
    its readings began to be found in it."""

    path: str
    place: Place
    level: Level
    totals: Totals
    size_bytes: int
    sha256: bytes
    live_since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedDay:
    """What a UTC day comes to. ``meant`` is by partition what was ever put there, counted as it was
    written; ``files`` are the live ones, by path."""

    day: date
    files: Sequence[ArchiveFile]
    meant: Mapping[Place, Totals]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownFile:
    """A file that is there, and that the manifest does not have. ``totals`` is none where it is no
    file of readings; ``missing`` is what those live files of its place held that are not there."""

    path: str
    totals: Totals | None
    missing: Totals


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """What became of a place's files that the manifest did not know. ``taken``: readings that were
    nowhere else. ``returned``: what stands for missing files again. ``left``: why the files stay
    as they are, nothing where they do not."""

    place: Place
    files: int
    taken: int
    returned: Totals
    left: str


class Block(NamedTuple):
    """A batch of readings that waits in the database to be written to files."""

    id: int
    readings: int
    packed: bytes
    """As `billing.archive.columns.packed` gives it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How much waits in the database, and since when the oldest of it; none where nothing does."""

    readings: int
    size_bytes: int
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is gathered before files are written: whichever is reached first."""

    readings: int
    size_bytes: int
    seconds: float

    def reached(self, waiting: Waiting, *, now: datetime) -> bool:
        """Whether what waits is to be written."""
        return waiting.since is not None and (
            waiting.readings >= self.readings
            or waiting.size_bytes >= self.size_bytes
            or (now - waiting.since).total_seconds() >= self.seconds
        )


class ArchiveDamaged(Exception):
    """Files of a place do not hold what the manifest says; the message names the first."""

    def __init__(self, message: str, *, place: Place) -> None:
        super().__init__(message)
        self.place = place
