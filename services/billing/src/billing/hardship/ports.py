"""What hardship needs of the database."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime, timedelta
from typing import NamedTuple, Protocol
from uuid import UUID

from billing.hardship.policy import HardshipPolicy
from billing.hardship.values import (
    AccountEvent,
    Acknowledgement,
    Flag,
    Ratio,
    Run,
)
from billing.terms.values import Installation


class Published(NamedTuple):
    """A version of the policy, and who published it."""

    version: int
    policy: HardshipPolicy
    at: datetime
    by: str
    reason: str


class Counts(NamedTuple):
    """Of flags that stand. ``oldest_waiting``: since when one waits for a person."""

    by_level: Mapping[tuple[str, bool], int]
    """By level, and whether a person has dealt with it."""
    oldest_waiting: datetime | None


class Seen(NamedTuple):
    """Who looked at what; ``account_id`` none: at a list."""

    id: UUID
    at: datetime
    by: str
    what: str
    account_id: UUID | None


class MeterDay(NamedTuple):
    """A meter's readings of a UTC day, packed."""

    meter_id: str
    day: date
    packed: bytes


class EventStore(Protocol):
    """Events as they come, inside one transaction."""

    async def put(self, events: Sequence[AccountEvent]) -> None:
        """The same again changes nothing."""
        ...


class PolicyStore(Protocol):
    """Versions of the policy, inside one transaction."""

    async def newest(self) -> Published | None: ...
    async def asked(self, *, by: str, key: str) -> Published | None:
        """What this person published under this Idempotency-Key."""
        ...

    async def add(self, published: Published, *, key: str) -> None: ...
    async def policy(self, version: int) -> HardshipPolicy:
        """Of a version that is there."""
        ...

    async def listed(self, *, before: int | None, limit: int) -> Sequence[Published]:
        """The newest first."""
        ...


class Turn(PolicyStore, Protocol):
    """A transaction of the one process that looks at all accounts."""

    async def newest_runs(self) -> Sequence[Run]:
        """The last two, the newest first."""
        ...

    async def begin(self, day: date, *, policy_version: int, now: datetime) -> None: ...
    async def save(self, run: Run) -> None:
        """How far it is."""
        ...

    async def accounts(self, *, day: date, after: UUID, limit: int) -> Sequence[tuple[UUID, str]]:
        """Households with an agreement on ``day``, and its tariff, by account."""
        ...

    async def meters(self, account_ids: Sequence[UUID]) -> Sequence[Installation]: ...
    async def changed_days(
        self, account_ids: Sequence[UUID], *, first: date, since: datetime
    ) -> Sequence[MeterDay]:
        """Of all meters of accounts of which one was read anew since then: from two UTC days before
        the first day that changed, by meter and day."""
        ...

    async def put_use(self, rows: Sequence[tuple[UUID, date, int]]) -> None: ...
    async def take_medians(self, policy: HardshipPolicy, *, day: date) -> None:
        """Of use of late to use before, for each tariff."""
        ...

    async def medians(self) -> Mapping[str, Ratio]:
        """By tariff."""
        ...

    async def events(
        self, account_ids: Sequence[UUID], *, since: datetime
    ) -> Mapping[UUID, Sequence[AccountEvent]]: ...
    async def use(
        self, account_ids: Sequence[UUID], *, since: date
    ) -> Mapping[UUID, Mapping[date, int]]: ...
    async def standing(self, account_ids: Sequence[UUID]) -> Mapping[UUID, Flag]:
        """The flags that have not ended."""
        ...

    async def dealt_with(self, account_ids: Sequence[UUID]) -> Mapping[UUID, datetime]:
        """When a person last acknowledged one of their flags."""
        ...

    async def raise_flags(self, flags: Sequence[Flag], *, now: datetime) -> None:
        """Keeps them, and tells of each."""
        ...

    async def keep_flags(self, flags: Sequence[Flag]) -> None:
        """As they stand now."""
        ...

    async def end_flags(self, flags: Sequence[Flag], *, now: datetime) -> None:
        """Keeps why, and tells of each."""
        ...

    async def left(self, *, day: date, limit: int) -> Sequence[Flag]:
        """Flags that stand of accounts that are no households with an agreement any more."""
        ...

    async def forget_unasked(self, *, before: datetime) -> None:
        """What was heard before, where nobody has published a policy that could ask for it."""
        ...

    async def forget(
        self, *, policy: HardshipPolicy, day: date, now: datetime, keep: timedelta
    ) -> None:
        """What no window needs any more, and flags that ended, and looks, longer ago than ``keep``
        says."""
        ...

    async def counts(self) -> Counts: ...


class Desk(Protocol):
    """What a person asks for and does, inside one transaction."""

    async def flags(
        self,
        *,
        account_id: UUID | None,
        level: str | None,
        standing: bool | None,
        acknowledged: bool | None,
        before: UUID | None,
        limit: int,
    ) -> Sequence[tuple[Flag, Acknowledgement | None]]:
        """Newest first, each with the last thing that was done about it."""
        ...

    async def flag(self, flag_id: UUID, *, lock: bool = False) -> Flag | None: ...
    async def acknowledgements(self, flag_id: UUID) -> Sequence[Acknowledgement]:
        """In order."""
        ...

    async def history(self, flag_id: UUID) -> Sequence[Flag]:
        """The flag as it was on each day on which something of it changed, in order."""
        ...

    async def account(self, account_id: UUID) -> tuple[str, str] | None:
        """Its number and currency, where billing has heard of them."""
        ...

    async def looks(
        self, *, account_id: UUID | None, before: UUID | None, limit: int
    ) -> Sequence[Seen]:
        """Who saw what, newest first."""
        ...

    async def asked(self, *, by: str, key: str) -> Acknowledgement | None: ...
    async def acknowledge(self, done: Acknowledgement, *, key: str) -> bool:
        """Keeps it, and says so, unless the person has used the key before."""
        ...

    async def looked(self, *, by: str, what: str, account_id: UUID | None, now: datetime) -> None:
        """Keeps who saw what."""
        ...


OpenTurn = Callable[[], AbstractAsyncContextManager[Turn | None]]
"""None where another process is at it."""
OpenDesk = Callable[[], AbstractAsyncContextManager[Desk]]
OpenPolicies = Callable[[], AbstractAsyncContextManager[PolicyStore]]
