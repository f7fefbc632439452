"""What deriving use and charges again needs."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date
from typing import Protocol
from uuid import UUID

from prepay_ledger.charging.charge_agreement import PeriodState
from prepay_ledger.charging.check_charges import Entered, KeptSums
from prepay_ledger.charging.meters import Agreement, MeterHistory, MeterRow
from prepay_ledger.charging.unentered import PeriodKey
from prepay_ledger.tariffs.book import Tariffs


class AuditStore(Protocol):
    """What use and charges are checked by; nothing is written."""

    def snapshot(self) -> AbstractAsyncContextManager[None]:
        """Within it, all that is read is of one state of the database."""
        ...

    async def tariffs(self) -> Tariffs:
        """Every tariff. Raises ValueError for a document that is none."""
        ...

    async def meter_ids(self, *, after: str, limit: int) -> Sequence[str]:
        """Meters with a state, readings or use, in the order of their ids."""
        ...

    async def meters(self, meter_ids: Sequence[str]) -> Mapping[str, MeterRow]: ...
    async def histories(self, meter_ids: Sequence[str]) -> Mapping[str, MeterHistory]:
        """All that is known. Raises `ReadingsHaveLeft`, and ValueError for what is unreadable."""
        ...

    async def left_behind(self) -> str | None:
        """Readings that lie with their meter though their posting day is closed, in words."""
        ...

    async def account_ids(self, *, after: UUID, limit: int) -> Sequence[UUID]:
        """In their order."""
        ...

    async def meters_of(self, account_ids: Collection[UUID]) -> Sequence[str]:
        """Every meter that serves or served the accounts."""
        ...

    async def agreements_of(self, account_ids: Collection[UUID]) -> Sequence[Agreement]: ...
    async def periods(self, agreement_ids: Collection[UUID]) -> Sequence[PeriodState | str]:
        """Every stored period; in words where it cannot be read."""
        ...

    async def stray_period(self) -> str | None:
        """A period of no agreement of its account, in words."""
        ...

    def use(self, agreement_ids: Collection[UUID]) -> AsyncIterator[tuple[UUID, date, str, int]]:
        """Agreement, local day, slot and Wh of each kept day of use, some at a time."""
        ...

    async def sums(self, agreement_ids: Collection[UUID]) -> Mapping[PeriodKey, KeptSums]:
        """The sums that are kept of each of their periods."""
        ...

    async def entries(
        self, account_ids: Collection[UUID]
    ) -> Mapping[tuple[UUID, date | None], Entered]:
        """What the accounts' entries come to by agreement and period, estimates apart."""
        ...

    async def estimates(
        self, account_ids: Collection[UUID]
    ) -> Sequence[tuple[UUID, date, Entered, Entered]]:
        """Agreement and period, what is kept as estimated of it, and what entries say of that."""
        ...
