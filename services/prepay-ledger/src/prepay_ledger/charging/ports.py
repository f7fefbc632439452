"""What charging needs."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from prepay_ledger.charging.charge_months import BindingState, Charged, PostedMonth, Reading
from prepay_ledger.journal.ports import HasJournals
from prepay_ledger.supply import ports as supply
from prepay_ledger.tariffs.ports import HasTariffs


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
        """Remove and give the kept readings that a binding of the meters covers by now."""
        ...


class HasCharging(Protocol):
    """A transaction that knows what is charged."""

    charging: ChargingStore


class Unit(HasCharging, HasTariffs, HasJournals, supply.Unit, Protocol):
    """A transaction in which readings are charged and supply is decided after them."""
