"""What charging needs."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from prepay_ledger.charging.charge_agreement import Charged, PeriodState
from prepay_ledger.charging.estimated import EstimatedPeriod
from prepay_ledger.charging.meters import Agreement, MeterChange, MeterHistory, MeterRow
from prepay_ledger.charging.ordinary import Followed
from prepay_ledger.charging.standing import Standing
from prepay_ledger.charging.unentered import PeriodKey, Unentered
from prepay_ledger.charging.values import ParkedMeter, ReleaseStep, SeenFinding
from prepay_ledger.debts.ports import SplittingUnit
from prepay_ledger.supply import ports as supply
from prewatt_common.contracts.meter_readings_v1 import Reading as ReadingEvent
from prewatt_metering.registers.readings import Reading


class ChargingStore(Protocol):
    """Where meters and charges stand."""

    async def begin_batch(self) -> None:
        """To be called before a batch of readings looks for parked meters."""
        ...

    async def wait_for_batches(self) -> None:
        """Until every batch under way has committed; the next ones wait for our commit. So no
        reading is set aside for a meter that is being released."""
        ...

    async def posting_day(self) -> date:
        """The open posting day; it stays open until the transaction ends."""
        ...

    async def hold_accounts(self, account_ids: Collection[UUID]) -> None:
        """Whoever else decides about these accounts' meters or agreements waits for our commit. To
        be called before anything else."""
        ...

    async def hold(self, meter_ids: Collection[str]) -> Collection[str]:
        """Lock the meters' rows until the transaction ends; one that is not there is made: gives
        those, which nobody can have read. To be called before anything is read that their charges
        rest on, and before any account is locked."""
        ...

    async def outdate(self, meter_ids: Collection[str]) -> None:
        """What anybody has read of the meters, which are held, is out of date: what their charges
        rest on changes."""
        ...

    async def standings(self, meter_ids: Sequence[str]) -> Sequence[Standing]:
        """Of the meters with an open day, with each open period of their agreement."""
        ...

    async def save_followed_meters(self, followed: Sequence[Followed], *, day: date) -> None:
        """Raises `ChangedMeanwhile` where one is not as it was read."""
        ...

    async def save_followed_periods(self, followed: Sequence[Followed], *, day: date) -> None:
        """Likewise."""
        ...

    async def meters(self, meter_ids: Sequence[str]) -> Mapping[str, MeterRow]:
        """The rows of those that have one."""
        ...

    async def histories(self, rows: Sequence[MeterRow]) -> Mapping[str, MeterHistory]:
        """What is known of the meters, by id, with the readings that are in the database."""
        ...

    async def read_left(self, meter_id: str) -> None:
        """Read, before anybody is kept waiting, what has left of the meter's readings: `whole`
        reads only what has left since. Raises `ReadingsHaveLeft`."""
        ...

    async def whole(self, histories: Sequence[MeterHistory]) -> Mapping[str, MeterHistory]:
        """The same with those that have left too. Raises `ReadingsHaveLeft`."""
        ...

    async def save_meters(self, changes: Sequence[MeterChange], *, day: date) -> None:
        """Raises `ChangedMeanwhile` where a row is not as it was read."""
        ...

    async def turn_some(self, day: date, *, after: str, limit: int) -> str | None:
        """Readings that came on ``day``, which was left, become rows of their own: of so many
        meters with an id above ``after``, without those that another transaction has in hand.
        Gives the last id; none where there was none."""
        ...

    async def is_turned(self, day: date) -> bool:
        """Whether no reading of the day lies in its meter's row any more."""
        ...

    async def hold_periods(self, account_ids: Collection[UUID]) -> None:
        """Lock the accounts' periods until the transaction ends; after `hold`, as batches do. So
        who decides is never told that somebody else was quicker."""
        ...

    async def hold_open_periods(self, agreement_ids: Collection[UUID]) -> Mapping[PeriodKey, int]:
        """Lock the agreements' periods that are not closed until the transaction ends: before they
        are read, and for who changes them in several steps. Gives their versions."""
        ...

    async def meters_of(self, account_ids: Collection[UUID]) -> Sequence[str]:
        """Every meter that serves or served the accounts."""
        ...

    async def agreements(self, agreement_ids: Collection[UUID]) -> Mapping[UUID, Agreement]: ...
    async def agreements_of(self, account_ids: Collection[UUID]) -> Sequence[Agreement]: ...
    async def due_agreements(
        self, *, tariff_code: str, today: date, after: UUID | None, limit: int
    ) -> Sequence[Agreement]:
        """Agreements that time has reached, in the order of their ids."""
        ...

    async def periods(
        self, agreement_ids: Collection[UUID], days: Iterable[tuple[UUID, date]]
    ) -> Mapping[UUID, Mapping[date, PeriodState]]:
        """The stored periods that are not closed, the latest, closed or not, and those that begin
        on one of ``days``."""
        ...

    async def all_periods(
        self, agreement_ids: Collection[UUID]
    ) -> Mapping[UUID, Mapping[date, PeriodState]]:
        """Every stored period."""
        ...

    async def save_periods(self, charged: Sequence[Charged], *, day: date) -> None:
        """As of the posting day. Raises `ChangedMeanwhile` where one is not as it was read."""
        ...

    async def begin_periods(
        self,
        states: Sequence[PeriodState],
        agreements: Sequence[tuple[UUID, UUID]],
        *,
        day: date,
    ) -> None:
        """Of each of the agreements, which are new, the same periods but for the ids: those of
        agreement and account. As of the posting day."""
        ...

    async def left_of(
        self, day: date, *, is_moved: bool, after: PeriodKey | None, limit: int
    ) -> Sequence[Unentered]:
        """Periods that the posting day ``day``, which is over, has left to enter, locked, in the
        order of their keys; ``is_moved``: those that were charged since."""
        ...

    async def is_entered(self, day: date) -> bool:
        """Whether all that was charged in the posting day ``day``, which is over, is in entries."""
        ...

    async def open_of(self, account_ids: Collection[UUID]) -> Sequence[Unentered]:
        """The accounts' periods that were charged in the open posting day and not entered,
        locked."""
        ...

    async def mark_entered(self, some: Sequence[Unentered]) -> None:
        """Their entries are written."""
        ...

    async def pending_accounts(self, meter_ids: Sequence[str]) -> Sequence[UUID]:
        """Accounts that the meters serve and whose cut is held."""
        ...

    async def see_finding(self, seen: SeenFinding) -> bool:
        """Keep that somebody has looked; False where nothing like it is found of the meter now."""
        ...

    async def epoch(self) -> int:
        """What versions begin with, as others are told of them."""
        ...


class EstimatedStore(Protocol):
    """What is estimated."""

    async def of(self, agreement_ids: Collection[UUID]) -> Sequence[EstimatedPeriod]:
        """All that is or was, locked until the transaction ends."""
        ...

    async def save(self, some: Sequence[EstimatedPeriod]) -> None:
        """Raises `ChangedMeanwhile` where one is not as it was read."""
        ...


class ParkingStore(Protocol):
    """Meters whose readings raised, and the readings that wait with them."""

    async def parked(self) -> Collection[str]:
        """The meters that are parked: a few, and those that wait for exports."""
        ...

    async def park(self, meter: ParkedMeter, *, at_most: int) -> bool:
        """Park the meter; False where ``at_most`` others are parked. Whoever else parks one waits
        for our commit."""
        ...

    async def wait_for_exports(self, meters: Sequence[ParkedMeter]) -> None:
        """Park them, however many, until a job takes them up."""
        ...

    async def waiting_for_exports(self, *, after: str, limit: int) -> Sequence[str]:
        """Such meters with an id above ``after``."""
        ...

    async def may_take_up(self, meter_id: str) -> bool:
        """Whether such a meter still waits, and nobody else takes it up; until the transaction
        ends nobody else does."""
        ...

    async def wait_for_person(self, meter_id: str, *, error: str, at_most: int) -> bool:
        """A meter that waited for exports is odd for another reason. False where ``at_most`` are
        odd already, and it goes on waiting: the next that is odd in a batch would stop all."""
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


class Unit(HasCharging, SplittingUnit, supply.Unit, Protocol):
    """A transaction in which readings are charged and supply is decided after them."""

    parking: ParkingStore
    estimated: EstimatedStore


class ParkingUnit(Unit, Protocol):
    """A transaction in which a meter is parked or released."""

    def savepoint(self) -> AbstractAsyncContextManager[None]:
        """A part of the transaction that is undone by itself where it raises."""
        ...


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins a transaction in which something is charged; it commits at the end, and does not where
anything raises."""
OpenParkingUnit = Callable[[], AbstractAsyncContextManager[ParkingUnit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
