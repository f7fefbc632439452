"""What the comparison needs of the outside."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, TypeAlias
from uuid import UUID

from billing.reconciliation.compare import Comparison, Kind, Known
from billing.reconciliation.days import MeterHistory
from billing.rerating.register import MeterTerms

ComparisonKey: TypeAlias = tuple[UUID, date]
"""Agreement and the period's first day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metered:
    """An agreement and the meters that its account has or had."""

    known: Known
    meters: Sequence[MeterTerms]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A meter's rows of readings, as `billing.readings.packed.unpacked` takes them, and when
    billing got the last of them."""

    days: Sequence[tuple[date, bytes]]
    moved_at: datetime


class DueWork(Protocol):
    """Agreements to compare, inside one transaction."""

    async def spread(self, *, now: datetime, limit: int) -> int:
        """Takes away the marks of up to ``limit`` batches, and makes the agreements that they touch
        due; gives of how many."""
        ...

    async def take_due(self, *, now: datetime, limit: int) -> Sequence[UUID]:
        """Agreements that are due, the oldest first; nobody else gets them until the transaction
        ends."""
        ...

    async def load(self, agreement_ids: Sequence[UUID]) -> Sequence[Metered]: ...
    async def readings_of(self, meter_ids: Collection[str]) -> Mapping[str, Held]:
        """All there are; a meter without is not there."""
        ...

    async def put(
        self,
        *,
        compared: Mapping[UUID, Sequence[Comparison]],
        looks: Mapping[UUID, datetime | None],
        now: datetime,
    ) -> None:
        """The outcome in place of what was there of the agreements, and when each is looked at
        again (none: when something moves)."""
        ...


OpenDue = Callable[[], AbstractAsyncContextManager[DueWork]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A comparison as it was stored, with what people know the account by."""

    comparison: Comparison
    account_number: str | None
    compared_at: datetime

    @property
    def key(self) -> ComparisonKey:
        """What tells it from the others."""
        return self.comparison.agreement_id, self.comparison.period.first


@dataclass(frozen=True, slots=True, kw_only=True)
class Tallied:
    """Comparisons of one kind and currency: how many, and the sums of both sides."""

    kind: Kind
    currency: str | None
    count: int
    ours_micro: int
    theirs_micro: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What is to be compared: marks not looked at and agreements due, and since when the longest
    waits."""

    count: int
    since: datetime | None


class Comparisons(Protocol):
    """What was compared, to be shown."""

    async def listed(
        self, *, month: str, kinds: Collection[Kind], after: ComparisonKey | None, limit: int
    ) -> Sequence[Stored]:
        """Of the periods that begin in ``month`` (YYYY-MM), in order of their keys."""
        ...

    async def tally(self, *, month: str) -> Sequence[Tallied]: ...
    async def counts(self, *, today: date) -> Mapping[tuple[str, Kind], int]:
        """By kind, of the periods that ``today`` lies in or that begin later ("current"), and of
        those that ended no longer ago than they lasted, or than a month ("previous")."""
        ...

    async def waiting(self, *, now: datetime) -> Waiting: ...
    async def history(self, meter_id: str) -> MeterHistory | None:
        """None for a meter that is installed nowhere and never was."""
        ...
