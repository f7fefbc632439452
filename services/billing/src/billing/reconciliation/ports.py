"""What the comparison needs of the outside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from billing.meters.terms import MeterBinding, TariffBook
from billing.reconciliation.compare import History, Pair
from prewatt_metering.monthly.months import BillingMonth


@dataclass(frozen=True, slots=True)
class Portion:
    """Some bindings' months. ``last`` is where the next portion begins; none after the end."""

    pairs: Sequence[Pair]
    last: UUID | None


class ComparisonStore(Protocol):
    """Both sides of meter-months, each call its own snapshot."""

    async def tariffs(self) -> TariffBook: ...
    async def pairs(self, *, month: BillingMonth, after: UUID | None, limit: int) -> Portion:
        """The bindings after ``after``, about ``limit`` of them, in order of id; also such as
        have nothing in the month."""
        ...

    async def histories(self, binding_ids: Sequence[UUID]) -> Mapping[UUID, History]: ...
    async def bindings_of_meter(self, meter_id: str) -> Sequence[MeterBinding]: ...
    async def waiting_readings(self) -> int: ...
