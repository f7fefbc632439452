"""What reconnections need."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import NamedTuple, Protocol, TypeAlias, TypeVar
from uuid import UUID

from prepay_ledger.journal.ports import HasJournals
from prepay_ledger.reconnections.values import Reconnection, Register
from prepay_ledger.work_orders.ports import HasWorkOrders


class Watched(NamedTuple):
    """A reconnection that is to be looked at, with the meter's last reading (none: no newer one
    than was looked at)."""

    reconnection: Reconnection
    last: Register | None


class Held(NamedTuple):
    """An account whose row is locked; its balance in micro-units."""

    currency: str
    balance_micro: int


class ReconnectionStore(Protocol):
    """Reconnections."""

    async def add(self, some: Sequence[Reconnection]) -> Sequence[UUID]:
        """Gives those that are new: of a meter with an open one nothing is added."""
        ...

    async def lock(self, meter_ids: Collection[str]) -> Sequence[Reconnection]:
        """The open ones of these meters, their rows locked until the transaction ends."""
        ...

    async def save(self, some: Sequence[Reconnection]) -> None:
        """As they stand now; the caller has them locked."""
        ...

    async def elsewhere(self, account_ids: Collection[UUID], *, now: datetime) -> Sequence[str]:
        """The meters of the accounts' open ones that do not serve them any more."""
        ...

    async def accounts_to_look_at(self, *, now: datetime, limit: int) -> Sequence[UUID]:
        """Of `to_look_at`, without any lock."""
        ...

    async def to_look_at(
        self, account_ids: Collection[UUID], *, now: datetime
    ) -> Sequence[Watched]:
        """The accounts' open ones whose meter has a newer reading, whose time is not in the metrics
        yet, or that wait for nothing more; locked, without those that somebody else holds."""
        ...

    async def late_accounts(self, *, now: datetime, limit: int) -> Sequence[UUID]:
        """Of `late`, without any lock."""
        ...

    async def late(self, account_ids: Collection[UUID], *, now: datetime) -> Sequence[Reconnection]:
        """The accounts' open ones whose deadline is over and that nobody has said to be late;
        locked, without those that somebody else holds."""
        ...

    async def hold_accounts(self, account_ids: Collection[UUID]) -> Mapping[UUID, Held]:
        """Their rows are locked in the order of their ids, and before those
        of reconnections, as whoever decides supply does."""
        ...


class HasReconnections(HasWorkOrders, Protocol):
    """A transaction in which relays are closed again."""

    reconnections: ReconnectionStore


class Unit(HasReconnections, HasJournals, Protocol):
    """A transaction in which reconnections are followed."""


UnitT = TypeVar("UnitT", bound=Unit)
UnitT_contra = TypeVar("UnitT_contra", bound=Unit, contravariant=True)
OpenUnit: TypeAlias = Callable[[], AbstractAsyncContextManager[UnitT]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""


class Review(Protocol[UnitT_contra]):
    """Decides the supply of accounts whose money has moved, in the same transaction."""

    async def __call__(
        self, unit: UnitT_contra, account_ids: Sequence[UUID], *, now: datetime, caused_at: datetime
    ) -> None: ...


SawLoad: TypeAlias = Callable[[UnitT, Sequence[Reconnection], datetime], Awaitable[None]]
"""Told of reconnections whose load was seen, in the same transaction: their relays are closed,
whatever else is known of them. Their accounts are locked."""
