"""Things that move."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Things that have moved, by the way in which their agreements are found; each may be there any
    number of times. A tariff's name is its code."""

    meters: Collection[str] = ()
    accounts: Collection[UUID] = ()
    agreements: Collection[UUID] = ()
    tariffs: Collection[str] = ()

    def __len__(self) -> int:
        return sum(map(len, (self.meters, self.accounts, self.agreements, self.tariffs)))
