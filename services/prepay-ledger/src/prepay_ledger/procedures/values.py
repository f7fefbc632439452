"""A procedure's versions, and evidence that its steps were done."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple, TypeAlias
from uuid import UUID

from prepay_ledger.facts.values import Decided, DraftState
from prewatt_common.contracts.procedure_v1 import ANY_CLASS, Mode, Procedure, StepKind
from prewatt_metering.calendar.local import LocalCalendar

Whose: TypeAlias = tuple[str, str, str]
"""Jurisdiction, class of customers and mode: a procedure has one version at a time of each."""

DIRECT = Procedure(
    jurisdiction="direct",
    customer_class=ANY_CLASS,
    mode=Mode.PREPAY,
    valid_from=date(2000, 1, 1),
    timezone="UTC",
    title="No step: an exhausted balance is cut at once",
    verified=True,
)
"""Known without being published, and never by another version: for demonstrations and tests."""


@lru_cache(maxsize=64)
def calendar_of(timezone: str) -> LocalCalendar:
    """A utility has a handful of zones."""
    return LocalCalendar(timezone)


def whose(procedure: Procedure) -> Whose:
    """What it has versions of."""
    return procedure.jurisdiction, procedure.customer_class, procedure.mode


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedProcedure:
    """A version, counted from 1 among those of its `Whose`; 0: `DIRECT`."""

    version: int
    procedure: Procedure

    def __str__(self) -> str:
        return f"{'/'.join(whose(self.procedure))} v{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcedureDraft:
    """A procedure that one person drafts and another publishes, or that is withdrawn.
    ``version``: what it was published as."""

    id: UUID
    state: DraftState
    procedure: Procedure
    drafted: Decided
    version: int | None = None
    decided: Decided | None = None
    """Its publishing or withdrawal."""


class EvidenceKind(StrEnum):
    """What a row of evidence is about."""

    STEP = "step"
    """``name`` is a step's."""
    NOTICE = "notice"
    """The notifier delivered the template ``name``; ``form`` is the channel."""
    HINDRANCE = "hindrance"
    """``name`` forbids the cut until it is taken back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Something that was done at ``at``. ``by``: who says so, ``role``: as what, of an approval.
    ``form``: how it reached the customer; empty where nothing did. ``reference``: the letter, the
    ticket, the notice."""

    id: UUID
    account_id: UUID
    kind: EvidenceKind
    name: str
    at: datetime
    by: str
    role: str = ""
    form: str = ""
    reference: str = ""
    cited: str = ""
    """The version of the procedure that it was done by, for whoever reads it."""
    cause_id: str = ""
    """Of a notice: the event that called for it, whatever channel it went over."""
    said_at: datetime | None = None
    """When it was handed over: a notice's delivery is known later than that, by days at times, and
    at a door it is the bringer's word. None where `at` says both."""
    takes_back: UUID | None = None
    """The row that counts no more because of this one, which proves nothing itself."""
    reason: str = ""
    recorded_at: datetime

    @property
    def began_at(self) -> datetime:
        """The earlier of the two instants: what must not be too early, or too old, is so by this
        one. Days are counted from `at`, the later."""
        return self.at if self.said_at is None else min(self.said_at, self.at)


class Shortfall(NamedTuple):
    """Since when the customer is short of money: what was done before was about another time.

    ``low_since``: the balance has been at or below the warning threshold; ``exhausted_since``: at
    or below the cut threshold. The first is never later than the second.
    """

    low_since: datetime
    exhausted_since: datetime


class Why(StrEnum):
    """Why a step is missing."""

    NOT_DONE = "not_done"
    TOO_EARLY = "too_early"
    """Done, or a wait that runs: what is missing is time."""
    TOO_OLD = "too_old"
    """Done, but so long ago that it must be done again."""
    STEP_BEFORE_MISSING = "step_before_missing"
    WAITS_FOR_OTHERS = "waits_for_others"
    """The first cuts of the day's list are not done yet, or too many failed."""
    FORBIDDEN = "forbidden"
    """A hindrance stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingStep:
    """A step, or a hindrance, that a cut waits for. ``earliest``: when time alone satisfies it;
    none: a person must do something."""

    name: str
    kind: StepKind | None
    why: Why
    earliest: datetime | None
