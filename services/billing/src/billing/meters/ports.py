"""What the meters' use cases need of the outside."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from billing.meters.intake import Coverage, Reading
from billing.meters.terms import Account, MeterBinding, TariffBook
from prewatt_metering.monthly.registers import MonthRegister
from prewatt_metering.monthly.tariffs import TariffVersion


@dataclass(frozen=True, slots=True)
class Rederivation:
    """A meter whose readings since an instant must be taken again. ``ticket`` tells apart two
    requests for the same meter."""

    meter_id: str
    since: datetime
    ticket: int


class MeterStore(Protocol):
    """Meter-months and what they are rated by, inside one transaction.

    Whoever takes readings holds the terms shared, whoever changes bindings or tariffs holds them
    alone: else a reading could start to wait just after its binding came looking for it.
    """

    async def hold_terms_shared(self) -> None: ...
    async def hold_terms_alone(self) -> None: ...
    async def tariffs(self) -> TariffBook: ...
    async def coverages_of(self, meter_ids: Collection[str]) -> Mapping[str, Sequence[Coverage]]:
        """By meter, the newest first."""
        ...

    async def merge(self, registers: Sequence[tuple[UUID, MonthRegister]]) -> None:
        """Into the meter-months; at most one register a binding and month."""
        ...

    async def keep_waiting(self, readings: Sequence[tuple[str, Reading]]) -> None: ...
    async def take_waiting(self, meter_ids: Collection[str]) -> Mapping[str, Sequence[Reading]]:
        """Remove and give the waiting readings of the meters."""
        ...

    async def waiting_for_tariffs(self, codes: Collection[str]) -> set[str]:
        """Meters bound at one of the tariffs that have readings waiting."""
        ...

    async def add_tariffs(self, versions: Sequence[TariffVersion]) -> None: ...
    async def add_accounts(self, accounts: Sequence[Account]) -> None: ...
    async def put_bindings(self, bindings: Sequence[MeterBinding]) -> None:
        """Add them, or bring their ends forward."""
        ...

    async def drop_overrun(self, meter_ids: Collection[str]) -> Sequence[tuple[str, datetime]]:
        """Drop the months that took readings from after their binding's end, which was not known
        then. Gives meters with the instant their binding ended."""
        ...

    async def ask_rederivation(self, meters: Sequence[tuple[str, datetime]]) -> None: ...
    async def rederivations(self) -> Sequence[Rederivation]: ...
    async def settle_rederivations(self, done: Sequence[Rederivation]) -> None: ...


class PastReadings(Protocol):
    """The readings topic, read again."""

    def since(
        self, meters: Mapping[str, datetime]
    ) -> AsyncIterator[Mapping[str, Sequence[Reading]]]:
        """All readings of the meters that reached Kafka since the instants, in portions, some
        of them empty."""
        ...


OpenMeters = Callable[[], AbstractAsyncContextManager[MeterStore]]
