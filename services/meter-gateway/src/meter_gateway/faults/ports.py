"""What this module needs of the outside."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from meter_gateway.faults.refusals import Fault, ListedRefusal, Reason, Refusals


class FaultStore(Protocol):
    """Refusals by meter and reason."""

    async def write(
        self,
        refusals: Mapping[tuple[str, Reason], Refusals],
        good_at: Mapping[str, datetime],
        *,
        forget_before: datetime,
    ) -> None:
        """Add to what is there; a good message at an instant ends the faults before it."""
        ...

    async def faulty(self, *, since: datetime, limit: int) -> Sequence[tuple[str, Reason]]:
        """Meters that were refused after their last good message, the newest first."""
        ...


class FaultQueries(Protocol):
    """For those who look."""

    async def page(
        self, *, since: datetime, fault: Fault | None, after: str | None, limit: int
    ) -> Sequence[ListedRefusal]:
        """Refusals of the ``limit`` faulty meters after one, in the order of their ids."""
        ...
