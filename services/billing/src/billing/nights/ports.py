"""What a night needs of the database."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

import pyarrow as pa

from billing.nights.use_of_meters import Files
from billing.nights.values import Night, Planned, Tally
from billing.reconciliation.compare import Comparison
from billing.reconciliation.ports import DueWork, Metered


class State(Protocol):
    """One state of the database: all readings are in a file that it names, or wait in it."""

    async def load(self, agreement_ids: Sequence[UUID]) -> Sequence[Metered]:
        """In the order of ``agreement_ids``."""
        ...

    async def standing(
        self, agreement_ids: Sequence[UUID]
    ) -> Mapping[UUID, Mapping[date, Comparison]]:
        """How their periods stand, by their first days."""
        ...

    async def files(self, partitions: Collection[int]) -> Files: ...
    async def waiting(self, places: Mapping[str, int]) -> pa.Table:
        """What is in no file yet of some meters, which go by their places."""
        ...


class Turn(DueWork, Protocol):
    """A transaction of the one process that works at a night."""

    async def newest(self, *, limit: int) -> Sequence[Night]:
        """The nights that began last, the last one first. All but it are finished."""
        ...

    async def begin(self, day: date, *, now: datetime) -> None:
        """A new night: every agreement that either side knows is to be looked at."""
        ...

    async def next_planned(self, *, limit: int) -> Sequence[Planned]:
        """Agreements that this night has not looked at, by partition and meter."""
        ...

    async def hold(self, agreement_id: UUID, *, now: datetime) -> None:
        """It is due, and nobody else compares it until the transaction ends."""
        ...

    async def looked_at(self, agreement_ids: Sequence[UUID], tally: Tally) -> None: ...
    async def finish(self, *, now: datetime) -> None: ...


OpenTurn = Callable[[], AbstractAsyncContextManager[Turn | None]]
"""None where another process is at it."""
OpenState = Callable[[], AbstractAsyncContextManager[State]]
