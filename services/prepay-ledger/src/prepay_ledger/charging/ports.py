"""What charging needs."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from prepay_ledger.charging.charge_months import BindingState, Charged, PostedMonth, Reading
from prepay_ledger.charging.values import ParkedMeter, ReleaseStep
from prepay_ledger.journal.ports import HasJournals
from prepay_ledger.supply import ports as supply
from prepay_ledger.tariffs.ports import HasTariffs
from prewatt_common.contracts.meter_readings_v1 import Reading as ReadingEvent


class ChargingStore(Protocol):
    """Bindings, their months, and readings that have no binding."""

    async def begin_batch(self) -> None:
        """To be called before a batch of readings looks for bindings."""
        ...

    async def wait_for_batches(self) -> None:
        """Until every batch under way has committed; the next ones wait for our commit. So no
        reading is put aside for want of a binding that is being made."""
        ...

    async def bindings_of(self, meter_ids: Sequence[str]) -> Sequence[BindingState]: ...
    async def closed_months(
        self, binding_ids: Sequence[UUID]
    ) -> Mapping[UUID, Sequence[PostedMonth]]: ...
    async def epoch(self) -> int:
        """What versions begin with, as others are told of them."""
        ...

    async def save(self, charged: Sequence[Charged]) -> None: ...
    async def keep_unbound(self, readings: Sequence[tuple[str, Reading]]) -> None: ...
    async def take_unbound(self, meter_ids: Sequence[str]) -> dict[str, list[Reading]]:
        """Remove and give the kept readings that a binding of the meters covers by now; none of a
        meter that is parked."""
        ...


class ParkingStore(Protocol):
    """Meters whose readings raised, and the readings that wait with them."""

    async def parked(self) -> Collection[str]:
        """The meters that are parked, a few at most."""
        ...

    async def park(self, meter: ParkedMeter, *, at_most: int) -> bool:
        """Park the meter; False where ``at_most`` others are parked. Whoever else parks one waits
        for our commit."""
        ...

    async def set_aside(self, readings: Sequence[ReadingEvent]) -> None:
        """Keep readings of parked meters; repeats are kept once."""
        ...

    async def serves(self, meter_id: str, *, now: datetime) -> Sequence[UUID]:
        """The account that the meter serves now, if any."""
        ...

    async def lock(self, meter_id: str) -> ParkedMeter | None: ...
    async def take(self, meter_id: str) -> Sequence[Reading]:
        """Remove the parked meter, and remove and give its readings."""
        ...

    async def add_step(self, step: ReleaseStep) -> None: ...


class HasCharging(Protocol):
    """A transaction that knows what is charged."""

    charging: ChargingStore


class Unit(HasCharging, HasTariffs, HasJournals, supply.Unit, Protocol):
    """A transaction in which readings are charged and supply is decided after them."""

    parking: ParkingStore


class ParkingUnit(Unit, Protocol):
    """A transaction in which a meter is parked or released."""

    def savepoint(self) -> AbstractAsyncContextManager[None]:
        """A part of the transaction that is undone by itself where it raises."""
        ...


OpenParkingUnit = Callable[[], AbstractAsyncContextManager[ParkingUnit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
