"""What leaves, after how long, and what is kept of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from prepay_ledger.seals.values import READINGS

MONTHS = 25
"""Readings stay so many whole months by default: a correction may reach back two years, and a
complaint somewhat longer."""
MONTHS_MIN = 24
"""The fewest: no correction that a policy allows (``limitation_months``) should need an export."""

ROWS_A_CHUNK = 256
"""Rows that are packed together, and read together to find one of them. A power of two, so that a
chunk's leaves are a whole subtree of the seal's tree."""

Packed: TypeAlias = tuple[date, bytes]
"""The posting day, and the meter's readings of it, packed as in ``meter_day``."""

PackedRows: TypeAlias = Mapping[str, Sequence[Packed]]
"""By meter."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of an export: the first one's meter, where it begins in the file (bytes), and the
    root of the tree over its leaves."""

    first_meter: str
    begin: int
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What a file of exported rows was found to hold. ``root``: of the tree over all leaves, as the
    seal of the day has it; ``sha256`` and ``size`` (bytes) are the file's."""

    rows: int
    root: bytes
    chunks: Sequence[Chunk]
    sha256: bytes
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftDay:
    """A posting day whose readings have left: the export, and the folder that it was written to."""

    day: date
    folder: str
    export: Export

    @property
    def path(self) -> str:
        """The export's, within the folder."""
        return path_of(self.day)


@dataclass(frozen=True, slots=True)
class Kept:
    """How many posting days have left, and the oldest sealed one that has not (none: there is no
    such)."""

    left: int
    oldest: date | None


def path_of(day: date) -> str:
    """Where a day's export is within its folder: one name for ever, so that whoever writes it again
    finds what is there.

    >>> path_of(date(2024, 10, 31))
    'meter_day/2024/2024-10-31.jsonl.gz'
    """
    return f"{READINGS}/{day.year}/{day}.jsonl.gz"
