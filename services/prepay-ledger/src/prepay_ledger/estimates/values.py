"""Whether and how silent meters are estimated, and how far a day's run came."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

DAYS_MAX = 31
"""Nobody is estimated for longer: by then somebody has to go there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the utility decided: a meter without a trusted reading for ``after_days`` is estimated,
    for ``longest_days`` from that reading on at most; both none: nobody is."""

    revision: int
    after_days: int | None
    longest_days: int | None
    decided_by: str
    reason: str
    at: datetime


class Terms(NamedTuple):
    """A policy that estimates."""

    after_days: int
    longest_days: int


class UnderWay(NamedTuple):
    """A run over all accounts: its day, by what it estimates (none: it takes all estimates back),
    and the account after which it goes on (none: from the first)."""

    day: date
    terms: Terms | None
    after: UUID | None


class Portion(NamedTuple):
    """Accounts that may have something to estimate or to take back, with their meters that may be
    silent, and the account after which to go on; none: those were the last."""

    meters: dict[UUID, list[str]]
    after: UUID | None
