"""What forecasts need."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date
from typing import Protocol
from uuid import UUID

from prepay_ledger.balances.ports import HasBalances
from prepay_ledger.charging.ports import ParkingUnit
from prepay_ledger.forecasts.values import Kept, UnderWay, Use


class ForecastStore(Protocol):
    """What forecasts rest on, how far a day's run came, and what is kept of it."""

    async def used(
        self, account_ids: Collection[UUID], *, first: date, hours_first: date
    ) -> Mapping[UUID, Use]:
        """Of each account: use from the local day ``first`` on, readings that came from the
        posting day ``hours_first`` on."""
        ...

    async def begin(self, day: date) -> UnderWay | None:
        """The run that is under way, or that of ``day`` if that is due, held until the transaction
        ends; none where nothing is due, or another replica has it."""
        ...

    async def run_day(self) -> date | None:
        """The last day whose run is done; none before the first."""
        ...

    async def portion(self, *, after: UUID | None, limit: int) -> Sequence[UUID]:
        """Accounts in the order of their ids."""
        ...

    async def keep(self, kept: Kept) -> None:
        """In place of what was forecast of these accounts before."""
        ...

    async def go_on(self, after: UUID | None) -> None:
        """The run came to that account; none: it is done."""
        ...


class Unit(ParkingUnit, HasBalances, Protocol):
    """A transaction in which something is forecast."""

    forecasts: ForecastStore


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
