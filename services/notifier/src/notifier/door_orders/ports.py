"""What door orders need of the outside."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from notifier.door_orders.values import (
    DoorOrderView,
    Ending,
    NewOrder,
    Occurrence,
    Standing,
    Waiting,
)
from prewatt_common.kafka.messages import Message


class DoorOrderStore(Protocol):
    """Orders and what they rest on, inside one transaction."""

    async def unreached(
        self, *, after: UUID | None, limit: int, tried_before: datetime, now: datetime
    ) -> Sequence[Occurrence]:
        """Those without an order of which a try reached nobody and ended by ``tried_before``, and
        that have time left: by cause, later than ``after``. Nothing is locked."""
        ...

    async def open_orders(self, *, after: UUID | None, limit: int) -> Sequence[Occurrence]:
        """Those with an open order: by cause, later than ``after``. Nothing is locked."""
        ...

    async def hold_account(self, account_id: UUID) -> None:
        """Locked until the transaction ends: no event overtakes a notice of its meanwhile, and
        nobody brings one."""
        ...

    async def standings(self, occurrences: Collection[Occurrence]) -> Sequence[Standing]:
        """As they stand now: for as long as their accounts are held, no longer otherwise."""
        ...

    async def add(self, order: NewOrder) -> None: ...
    async def end(self, ending: Ending) -> bool:
        """Whether the order was open until now."""
        ...

    async def waiting(self) -> Waiting: ...
    async def publish(self, message: Message) -> None: ...


OpenDoorOrders = Callable[[], AbstractAsyncContextManager[DoorOrderStore]]


class DoorOrderRecords(Protocol):
    """Orders as they stand, for people to look at."""

    async def page(
        self, *, account_id: UUID | None, open_: bool | None, before: UUID | None, limit: int
    ) -> Sequence[DoorOrderView]:
        """Newest first, older than ``before``."""
        ...

    async def notice_of(self, order_id: UUID) -> UUID | None:
        """Whose words are to be brought; none where there is no such order."""
        ...
