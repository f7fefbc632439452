"""What work orders need."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from prepay_ledger.events import Publishes
from prepay_ledger.work_orders.values import Closing, NewWorkOrder, WorkOrder, WorkOrderKind


class WorkOrderStore(Protocol):
    """Work orders."""

    async def open(self, orders: Sequence[NewWorkOrder], *, at: datetime) -> Sequence[WorkOrder]:
        """Gives those that were opened. Not where one of the meter and kind is open, which is known
        for longer then, or was closed since what the new one rests on was known."""
        ...

    async def close_all(
        self,
        kinds: Collection[WorkOrderKind],
        closing: Closing,
        *,
        meter_ids: Collection[str] = (),
        account_ids: Collection[UUID] = (),
        known: Mapping[UUID, datetime],
    ) -> Sequence[WorkOrder]:
        """Closes what is open of these kinds and of these meters or accounts, and gives it; of
        accounts with an instant only what is known up to before that."""
        ...

    async def find(self, order_id: UUID) -> WorkOrder | None:
        """The order as it is now, without any lock."""
        ...

    async def lock(self, order_id: UUID) -> WorkOrder | None:
        """The order, its row locked until the transaction ends."""
        ...

    async def close(self, order_id: UUID, closing: Closing) -> None:
        """The caller has it locked."""
        ...


class HasWorkOrders(Publishes, Protocol):
    """A transaction in which work orders are opened and closed."""

    work_orders: WorkOrderStore


UnitT = TypeVar("UnitT", bound=HasWorkOrders)
UnitT_contra = TypeVar("UnitT_contra", bound=HasWorkOrders, contravariant=True)


class Close(Protocol[UnitT_contra]):
    """Closes an order, with what follows from that, in the same transaction."""

    async def __call__(
        self, *, unit: UnitT_contra, order_id: UUID, closing: Closing
    ) -> WorkOrder: ...
