"""What the use cases need of the outside."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from billing.domain.intake import Coverage, Reading
from billing.domain.reconciliation import History, Pair
from billing.domain.terms import Account, MeterBinding, TariffBook
from prewatt_common.contracts.ledger_charges_v1 import PostedCharge
from prewatt_metering.monthly.months import BillingMonth
from prewatt_metering.monthly.registers import MonthRegister
from prewatt_metering.monthly.tariffs import TariffVersion


@dataclass(frozen=True, slots=True)
class Rederivation:
    """A meter whose readings since an instant must be taken again. ``ticket`` tells apart two
    requests for the same meter."""

    meter_id: str
    since: datetime
    ticket: int


@dataclass(frozen=True, slots=True)
class Portion:
    """Some bindings' months. ``last`` is where the next portion begins; none after the end."""

    pairs: Sequence[Pair]
    last: UUID | None


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

    async def put_posted(self, charges: Sequence[PostedCharge]) -> None:
        """The ledger's totals; at most one a binding and month, the highest version holds."""
        ...

    async def ask_rederivation(self, meters: Sequence[tuple[str, datetime]]) -> None: ...
    async def rederivations(self) -> Sequence[Rederivation]: ...
    async def settle_rederivations(self, done: Sequence[Rederivation]) -> None: ...


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


class PastReadings(Protocol):
    """The readings topic, read again."""

    def since(
        self, meters: Mapping[str, datetime]
    ) -> AsyncIterator[Mapping[str, Sequence[Reading]]]:
        """All readings of the meters that reached Kafka since the instants, in portions, some
        of them empty."""
        ...
