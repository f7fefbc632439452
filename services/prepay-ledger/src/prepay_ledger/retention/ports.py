"""What taking days out needs."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import BinaryIO, Protocol

from prepay_ledger.retention.values import LeftDay
from prepay_ledger.seals.values import TableSeal


class RetentionStore(Protocol):
    """The days whose readings are in the database, as their owner sees them."""

    async def open_day(self) -> date: ...

    async def due(self, *, before: date, limit: int) -> Sequence[date]:
        """Sealed days before ``before`` whose readings have not left, the oldest first."""
        ...

    async def sealed(self, day: date) -> TableSeal:
        """What the day's seal says of its readings. Raises ValueError where it is no seal."""
        ...

    def texts(self, day: date) -> AsyncIterator[bytes]:
        """The canonical text of each of the day's rows, in the order of the seal."""
        ...

    async def clear_bodies(self, *, before: date, limit: int) -> int:
        """Bodies and headers are gone of so many payment events of days before ``before`` at most,
        the oldest first, that nobody has to look at, and that nobody has changed since. Gives of
        how many."""
        ...

    async def take_out(self, left: LeftDay) -> None:
        """In one transaction: the day is kept as one that has left, and its rows are gone. Raises
        `ChangedMeanwhile` where there are others than ``left`` says."""
        ...


class ExportFolder(Protocol):
    """Where exports are. Raises OSError."""

    def create(self, path: str) -> AbstractContextManager[BinaryIO]:
        """A new file, there whole and for good once the block has ended well, else not at all."""
        ...

    def open(self, path: str) -> BinaryIO:
        """To be read from any place. Raises FileNotFoundError."""
        ...

    def make_durable(self, path: str) -> None:
        """One that is there will be after a power cut too, whoever wrote it."""
        ...

    def exists(self, path: str) -> bool:
        """Whether it is there, whole."""
        ...
