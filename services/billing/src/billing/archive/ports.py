"""What the archive needs of the outside: its rows in the database, and a folder for its files."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from datetime import date, datetime
from typing import BinaryIO, Protocol

from billing.archive.values import ArchivedDay, ArchiveFile, Block, Place, Waiting
from prewatt_common.contracts.meter_readings_v1 import Reading


class Folder(Protocol):
    """Where the files are. Paths are relative and have slashes. Raises OSError, which passes or is
    for a person to mend; nothing that is there changes meanwhile."""

    def create(self, path: str) -> AbstractContextManager[BinaryIO]:
        """A new file, there whole and for good once the block has ended well, else not at all.
        One that is there under that name is replaced in one step."""
        ...

    def open(self, path: str) -> BinaryIO:
        """To be read from any place. Raises FileNotFoundError."""
        ...

    def remove(self, path: str) -> None:
        """Away with it, and with what is left of writing it, whether it is there or not."""
        ...

    def exists(self, path: str) -> bool:
        """Whether it is there, whole."""
        ...

    def paths(self, under: str = "") -> Iterable[str]:
        """All files that hold readings, in that folder of it and below."""
        ...


class PendingStore(Protocol):
    """Inside the transaction that takes readings in."""

    async def append(self, *, readings: int, packed: bytes) -> None:
        """One batch, behind what waits."""
        ...


class Manifest(Protocol):
    """Inside one transaction of the keeper: while it is open, nobody else writes to the folder."""

    async def waiting(self) -> Waiting: ...

    async def pending(self, *, readings_max: int) -> Sequence[Block]:
        """The oldest blocks, at least one where there is any, and more up to ``readings_max``."""
        ...

    async def archived(self, ids: Sequence[int]) -> None:
        """Away with the blocks ``ids``: their readings are in files. Raises `ChangedMeanwhile`
        where one is gone already."""
        ...

    async def put(self, files: Collection[ArchiveFile], *, appended: bool) -> None:
        """They are live from now on. ``appended``: what they hold is new to the archive."""
        ...

    async def replace(self, files: Collection[ArchiveFile], *, at: datetime) -> None:
        """Live until now; what they held is in another file. Raises `ChangedMeanwhile` where one
        is not live any more."""
        ...

    async def places_of_many(self) -> Sequence[Place]:
        """Places with more than one live file."""
        ...

    async def live(self, place: Place) -> Sequence[ArchiveFile]:
        """Its live files, the oldest first."""
        ...

    async def unlisted_days(self) -> Sequence[date]:
        """Days whose list is older than their files."""
        ...

    async def live_of_day(self, day: date) -> Sequence[ArchiveFile]:
        """By path."""
        ...

    async def listed(self, day: date, *, at: datetime) -> None:
        """Its list is up to date: since ``at``, what was replaced is in none."""
        ...

    async def begun(self) -> Sequence[str]:
        """Paths that were begun and came to nothing: this transaction is open, so nobody who could
        still put them into the manifest is at them."""
        ...

    async def abandon(self, paths: Collection[str], *, at: datetime) -> None:
        """What was begun there is to be removed, and may yet be written once more. Raises
        `ChangedMeanwhile` where one is not begun any more."""
        ...

    async def abandoned(self, *, before: datetime) -> Sequence[str]:
        """Paths that were abandoned before that instant."""
        ...

    async def replaced(self, *, before: datetime) -> Sequence[str]:
        """Paths of files that have been in no list since before that instant."""
        ...

    async def states(self, paths: Collection[str]) -> Mapping[str, str]:
        """Of those of ``paths`` that are known."""
        ...

    async def set_aside(self, files: Collection[ArchiveFile]) -> None:
        """What they hold is in live files: they are as if they had been replaced, and their days'
        lists are to be written. Raises `ChangedMeanwhile` where one is live."""
        ...

    async def forget(self, paths: Collection[str]) -> None:
        """Nobody needs their files. Raises `ChangedMeanwhile` where one is live or gone."""
        ...


class ArchiveStore(Protocol):
    """Opens the keeper's transactions."""

    def turn(self) -> AbstractAsyncContextManager[Manifest | None]:
        """None where another process is at it."""
        ...

    async def begin(self, paths: Collection[str]) -> None:
        """In a transaction of its own: from now on it is known that they may be there."""
        ...


class Intake(Protocol):
    """Where readings come in, inside the keeper's transaction."""

    async def hold(self) -> None:
        """No batch from Kafka is taken until the transaction ends."""
        ...

    async def known(self, rows: Collection[tuple[str, date]]) -> Counter[tuple[str, int, int]]:
        """The readings that were taken in of these meters and UTC days, and how often: meter,
        instant (microseconds since 1970), register."""
        ...

    async def take(self, readings: Sequence[Reading]) -> None:
        """As if they had come now: they wait to be written, and count for charges."""
        ...


class Adopting(Protocol):
    """A keeper's transaction that takes readings in too; none where another process is at it."""

    def __call__(self) -> AbstractAsyncContextManager[tuple[Manifest, Intake] | None]: ...


class Catalogue(Protocol):
    """Each call sees one state of the manifest. Files that it names stay for as long as readers are
    given (`remove_files`)."""

    async def days(self, *, first: date | None, end: date | None) -> Sequence[date]:
        """Those that hold readings, in order, of [``first``, ``end``)."""
        ...

    async def day(self, day: date) -> ArchivedDay: ...

    async def known(self, paths: Collection[str]) -> Collection[str]:
        """Those of ``paths`` that the manifest has, live or not."""
        ...

    async def waiting(self) -> int:
        """Readings that are in no file yet."""
        ...
