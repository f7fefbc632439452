"""Holds of cuts, what is allowed a minute, and what became of those that asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, assert_never
from uuid import UUID

from prepay_ledger.facts.values import Decided
from prewatt_common.contracts.ledger_facts_v1 import CutScope

BREAKER = "fleet breaker"
"""Who holds cuts where no person does."""


class Scope(NamedTuple):
    """All accounts (without a name), those of one tariff, or those of one area."""

    kind: CutScope
    name: str

    def __str__(self) -> str:
        return (
            "all accounts"
            if self.kind is CutScope.ALL
            else f"{self.kind.replace('_', ' ')} {self.name}"
        )


ALL = Scope(CutScope.ALL, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """``paced_per_min``: cuts admitted within a minute, at most; the others wait for another.
    ``trip_per_min``: where more accounts than that come to be cut within a minute, all cuts stop
    until a person releases them."""

    paced_per_min: int
    trip_per_min: int

    def __post_init__(self) -> None:
        if self.paced_per_min < 1 or self.trip_per_min < 1:
            message = f"a limit is of one cut a minute or more, not {self}"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Of all accounts together, of each tariff, and of each area: supply office, station area or
    line."""

    all_accounts: Limit
    tariff: Limit
    area: Limit

    def of(self, kind: CutScope) -> Limit:
        """That of one scope."""
        match kind:
            case CutScope.ALL:
                return self.all_accounts
            case CutScope.TARIFF:
                return self.tariff
            case CutScope.SUPPLY_OFFICE | CutScope.STATION_AREA | CutScope.LINE:
                return self.area
        assert_never(kind)


class Asked(NamedTuple):
    """Accounts of the same scopes that are to be cut now. ``wait``: they came before and were told
    to wait, so they are none of those that come anew."""

    account_ids: Sequence[UUID]
    scopes: tuple[Scope, ...]
    wait: bool


class Count(NamedTuple):
    """Of one scope within a minute: accounts that came anew, that were admitted, and that were told
    to wait for a later minute."""

    wanted: int = 0
    admitted: int = 0
    paced: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """More accounts of ``scope`` came to be cut within a minute than ``trip_per_min``."""

    scope: Scope
    wanted: int
    trip_per_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CutHold:
    """Cuts of ``scope`` are held, until an instant or until a person ends it. ``trip``: why the
    fleet breaker made it; none where a person did."""

    id: UUID
    scope: Scope
    until: datetime | None
    placed: Decided
    trip: Trip | None = None
    ended: Decided | None = None

    def is_active(self, now: datetime) -> bool:
        """Neither ended nor over."""
        return self.ended is None and (self.until is None or now < self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What holds cuts, as of a change of it: the holds that were not ended then, and whether
    anybody is kept on."""

    changed: UUID
    holds: tuple[CutHold, ...]
    keeps_on: bool

    @property
    def is_quiet(self) -> bool:
        """Nothing holds anybody."""
        return not self.holds and not self.keeps_on


class Cause(StrEnum):
    """Why an account is not cut now."""

    KEPT_ON = "kept_on"
    """Its cut was a mistake that was undone: it has supply until a person says otherwise."""
    FLEET_BREAKER = "fleet_breaker"
    """More were to be cut at once than is allowed."""
    OPERATORS = "operators"
    """A person holds the cuts of all, of its tariff or of its area."""
    PACED = "paced"
    """So many are cut within this minute that it waits for a later one."""


class Hold(NamedTuple):
    """What holds the cut of an account, and until when: none, until a person ends it."""

    cause: Cause
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """What became of accounts that asked to be cut: each is in one of both."""

    admitted: frozenset[UUID]
    held: dict[UUID, tuple[Hold, ...]]


PACED_SLACK = timedelta(minutes=10)
"""Who was told to come in a later minute and does so within this time after it comes not anew."""
HELD_SLACK = timedelta(hours=1)
"""Likewise after what held it has ended."""


class UndoState(StrEnum):
    """How far the undoing of cuts is."""

    DRAFTED = "drafted"
    """Its accounts are listed; a second person releases it, or somebody withdraws it."""
    RELEASED = "released"
    """Its accounts are kept on; one after the other is reconnected and told."""
    DONE = "done"
    """All of them were; they are kept on."""
    ENDING = "ending"
    """They are kept on no more; one after the other is looked at again."""
    ENDED = "ended"
    WITHDRAWN = "withdrawn"


KEEPS_ON = (UndoState.RELEASED, UndoState.DONE)
"""The states in which an undo keeps its accounts on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CutUndo:
    """Cuts that were a mistake: of accounts of ``scope``, issued in [since, until).

    ``accounts``: how many; ``dark``: of how many a relay had opened when it was drafted. ``upto``:
    the last account that was reconnected and told, or looked at again.
    """

    id: UUID
    scope: Scope
    since: datetime
    until: datetime
    state: UndoState
    accounts: int
    dark: int
    drafted: Decided
    released: Decided | None = None
    withdrawn: Decided | None = None
    ended: Decided | None = None
    upto: UUID | None = None


class Undone(NamedTuple):
    """An account whose cut is undone, as it is told. ``cut_at``: when its first cut was issued.
    ``went_dark``: a relay of it opened."""

    account_id: UUID
    cut_at: datetime
    went_dark: bool
    balance_micro: int
    currency: str
