"""What the daily look needs."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date
from typing import Protocol

from prepay_ledger.charging.ports import ParkingStore
from prepay_ledger.looks.look import RecentMeter, UnderWay
from prepay_ledger.relays.ports import HasRelays
from prepay_ledger.tariffs.ports import HasTariffs
from prepay_ledger.work_orders.ports import HasWorkOrders
from prewatt_metering.vee.findings import Finding


class LookStore(Protocol):
    """What the daily look at meters rests on, how far it came, and what it found."""

    async def begin(self, day: date) -> UnderWay | None:
        """The look that is under way, or that of ``day`` if that is due, held until the transaction
        ends; none where nothing is due, or another replica has it."""
        ...

    async def looked_at(self) -> date | None:
        """The last day whose look is done; none before the first."""
        ...

    async def meter_ids(self, *, after: str, limit: int) -> Sequence[str]:
        """In the order of their ids."""
        ...

    async def take_due(self, meter_ids: Sequence[str]) -> Collection[str]:
        """Those that were derived anew since they were looked at. To be called before anything is
        read of them: what changes after it is due again."""
        ...

    async def unsettled(
        self, meter_ids: Sequence[str], *, ended_us: int, over_us: int
    ) -> Collection[str]:
        """Those with a finding that ends after ``ended_us``, so it may go on, or by ``over_us``, so
        it is told no longer."""
        ...

    async def recent(
        self, meter_ids: Sequence[str], *, first: date, use_first: date
    ) -> Sequence[RecentMeter]:
        """With readings of posting days from ``first`` on, use of days from ``use_first`` on."""
        ...

    async def save(
        self,
        findings: Mapping[str, Sequence[Finding]],
        *,
        due_again: Collection[str],
        after: str | None,
    ) -> None:
        """What was found of each meter now, which are to be looked at next time in any case, and
        where the look goes on; none: it is done."""
        ...


class Unit(HasTariffs, HasRelays, HasWorkOrders, Protocol):
    """A transaction in which meters are looked at."""

    looks: LookStore
    parking: ParkingStore


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
