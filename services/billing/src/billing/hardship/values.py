"""What is known of a household, what was noticed of it, and what a person did. Money in micro-units
of the account's currency, energy in Wh, instants in microseconds UTC, days in the policy's zone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from prewatt_common.contracts.billing_events_v1 import HardshipEnd as EndedBy
from prewatt_common.contracts.billing_events_v1 import HardshipLevel as Level

__all__ = ["EndedBy", "Level"]


class EventKind(StrEnum):
    """What happened to an account, as the ledger told."""

    TOP_UP = "top_up"
    SUPPLY_OFF = "supply_off"
    """Cut, or let through no more than a limit, for want of money."""
    SUPPLY_ON = "supply_on"
    """Supply again, or on its way back as it was paid for: from then on it is not for money."""
    CREDIT_TAKEN = "credit_taken"
    """Emergency credit was accepted."""
    CREDIT_OVER = "credit_over"
    """It is repaid."""


class AccountEvent(NamedTuple):
    """Of one account. ``source`` tells it from others of its kind; ``amount_micro``: a top-up's."""

    account_id: UUID
    kind: EventKind
    source: str
    at_us: int
    amount_micro: int | None = None


class Span(NamedTuple):
    """[``begin_us``, ``end_us``); ``end_us`` none: it lasts."""

    begin_us: int
    end_us: int | None


class TopUp(NamedTuple):
    """Money that came in."""

    at_us: int
    amount_micro: int


class Ratio(NamedTuple):
    """How use of late stands to use before, of the households of one tariff: the median, in ppm."""

    households: int
    ppm: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """What is known of an account on the evening of ``day``, a whole local day that is over."""

    account_id: UUID
    day: date
    top_ups: Sequence[TopUp] = ()
    off: Sequence[Span] = ()
    credit: Sequence[Span] = ()
    used_wh: Mapping[date, int] = field(default_factory=dict[date, int])
    """By local day; a day that is not there is not known."""
    neighbours: Ratio | None = None


class Kind(StrEnum):
    """What an indicator looks at."""

    SUPPLY = "supply"
    MONEY = "money"
    USE = "use"


class Name(StrEnum):
    """The indicators. Each has its thresholds and their source in the policy."""

    RAN_OUT = "ran_out"
    STAYS_OFF = "stays_off"
    TINY_TOP_UPS = "tiny_top_ups"
    MORE_OFTEN = "more_often"
    LATE_AT_NIGHT = "late_at_night"
    EMERGENCY_CREDIT = "emergency_credit"
    USE_FELL = "use_fell"
    NOT_WARMED = "not_warmed"


KINDS: Mapping[Name, Kind] = {
    Name.RAN_OUT: Kind.SUPPLY,
    Name.STAYS_OFF: Kind.SUPPLY,
    Name.TINY_TOP_UPS: Kind.MONEY,
    Name.MORE_OFTEN: Kind.MONEY,
    Name.LATE_AT_NIGHT: Kind.MONEY,
    Name.EMERGENCY_CREDIT: Kind.MONEY,
    Name.USE_FELL: Kind.USE,
    Name.NOT_WARMED: Kind.USE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """An indicator that holds: by which numbers, and on which days. ``numbers`` has what was seen
    and, by the policy's own field names, what it was held against."""

    name: Name
    numbers: Mapping[str, int]
    days: Sequence[date] = ()


class Doubt(StrEnum):
    """What else it may be: nothing that a meter shows can tell."""

    MAY_BE_EMPTY = "may_be_empty"
    """Hardly anything was used before supply went off: nobody may live there, or be there now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What was noticed of a household on a day; ``level`` none: not enough to show to anybody."""

    level: Level | None
    evidence: Sequence[Evidence] = ()
    doubts: Sequence[Doubt] = ()


class Action(StrEnum):
    """What a person did. None of these cuts anybody."""

    CALLED = "called"
    PAYMENT_PLAN = "payment_plan"
    VULNERABLE_REGISTER = "vulnerable_register"
    NO_ACTION = "no_action"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """An account that a person should look at. ``evidence`` is that of ``last_true_day``."""

    id: UUID
    account_id: UUID
    level: Level
    doubts: Sequence[Doubt]
    evidence: Sequence[Evidence]
    first_day: date
    last_true_day: date
    policy_version: int
    raised_at: datetime
    ended_day: date | None = None
    ended_by: EndedBy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """What a person did about a flag: one or several, the last counts for the rest."""

    id: UUID
    flag_id: UUID
    at: datetime
    by: str
    action: Action
    note: str


class Stage(StrEnum):
    """How far a run is."""

    USE = "use"
    """Of each account: what it used by day."""
    ASSESS = "assess"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A look at all accounts, for the local day ``day``. ``after``: all accounts up to that one are
    done in this stage."""

    day: date
    policy_version: int
    began_at: datetime
    finished_at: datetime | None
    stage: Stage
    after: UUID
    accounts: int
    raised: int
    ended: int
    worked_s: float
