"""What taking readings needs of the outside."""

from collections.abc import Sequence
from typing import Protocol

from billing.readings.packed import PackedDay


class ReadingStore(Protocol):
    """Readings, inside one transaction."""

    async def append(self, days: Sequence[PackedDay]) -> None:
        """To what is there of the meters and days; each is there once, in order."""
        ...
