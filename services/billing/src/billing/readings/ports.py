"""What taking readings needs of the outside."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Protocol

from billing.readings.packed import PackedDay


class ReadingStore(Protocol):
    """Readings, inside one transaction."""

    async def append(self, days: Sequence[PackedDay]) -> None:
        """To what is there of the meters and days; each is there once, in order."""
        ...

    async def kept(self, rows: Collection[tuple[str, date]]) -> Mapping[tuple[str, date], bytes]:
        """What is there of these meters and days, packed."""
        ...
