"""How sure a look is, and what becomes of a flag by it. The whole of it, in two functions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from billing.hardship.indicators import indicators_of
from billing.hardship.policy import HardshipPolicy
from billing.hardship.values import (
    KINDS,
    Assessment,
    Doubt,
    EndedBy,
    Evidence,
    Flag,
    Household,
    Kind,
    Level,
)
from prewatt_metering.calendar.local import LocalCalendar

_DAY = timedelta(days=1)
_ALL_PPM = 1_000_000
_MONEY_ALONE = 3
_WEEK = 7
_KNOWN_MIN = 3
"""Of a week's days: fewer say nothing of it."""


def assess(household: Household, *, policy: HardshipPolicy, calendar: LocalCalendar) -> Assessment:
    """What is noticed of a household."""
    evidence = indicators_of(household, policy=policy, calendar=calendar)
    doubts = doubts_of(household, policy=policy, calendar=calendar) if evidence else ()
    return Assessment(level=level_of(evidence, doubts), evidence=evidence, doubts=doubts)


def level_of(evidence: Sequence[Evidence], doubts: Sequence[Doubt]) -> Level | None:
    """Likely: supply was off for want of money, and how money came in is unusual too; or it was off
    often and is off now. That little is used where supply is off says nothing more. Watch: supply
    was off; or one of money and one of use; or three of money. Use alone is nothing: a holiday, an
    empty dwelling and a roof with solar look the same."""
    kinds = [KINDS[each.name] for each in evidence]
    supply, money, use = (kinds.count(each) for each in (Kind.SUPPLY, Kind.MONEY, Kind.USE))
    if supply >= 2 or (supply and money):
        return Level.WATCH if doubts else Level.LIKELY
    if supply or money >= _MONEY_ALONE or (money and use):
        return Level.WATCH
    return None


def doubts_of(
    household: Household, *, policy: HardshipPolicy, calendar: LocalCalendar
) -> Sequence[Doubt]:
    """Whether the dwelling may be empty: in the week before supply went off last, it used next to
    nothing of what it used in the weeks before that."""
    if not household.off:
        return ()
    off_day = calendar.day_of(household.off[-1].begin_us)
    week = [off_day - n * _DAY for n in range(1, _WEEK + 1)]
    earlier = [off_day - n * _DAY for n in range(_WEEK + 1, _WEEK + 1 + policy.use_before_days)]
    now = [household.used_wh[each] for each in week if each in household.used_wh]
    before = [household.used_wh[each] for each in earlier if each in household.used_wh]
    if len(now) < _KNOWN_MIN or len(before) < _KNOWN_MIN:
        return ()
    is_empty = sum(now) * len(before) * _ALL_PPM <= sum(before) * len(now) * policy.empty_ppm
    return (Doubt.MAY_BE_EMPTY,) if is_empty else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What becomes of an account's flags: one ends, one stands as it is here, both or neither."""

    ended: Flag | None = None
    stands: Flag | None = None
    is_new: bool = False
    """``stands`` was not there before."""


def next_flag(
    *,
    account_id: UUID,
    standing: Flag | None,
    dealt_with: date | None,
    found: Assessment,
    day: date,
    policy: HardshipPolicy,
    policy_version: int,
    now: datetime,
    new_id: UUID,
) -> Step:
    """``standing``: the account's flag that has not ended; ``dealt_with``: the day on which a
    person last acknowledged one of the account. The same day again changes nothing.

    Nothing new is shown within ``rest_days`` of that; where it still holds after them, the flag
    that was dealt with ends and another one asks a person anew.
    """
    resting = dealt_with is not None and day < dealt_with + timedelta(days=policy.rest_days)
    if standing is not None and day <= standing.last_true_day:
        return Step(stands=standing)
    if found.level is None:
        if standing is not None and (day - standing.last_true_day).days >= policy.clear_days:
            return Step(ended=replace(standing, ended_day=day, ended_by=EndedBy.CLEARED))
        return Step(stands=standing)
    new = Flag(
        id=new_id,
        account_id=account_id,
        level=found.level,
        doubts=found.doubts,
        evidence=found.evidence,
        first_day=day,
        last_true_day=day,
        policy_version=policy_version,
        raised_at=now,
    )
    if standing is None:
        return Step() if resting else Step(stands=new, is_new=True)
    was_dealt_with = dealt_with is not None and dealt_with >= standing.first_day
    if was_dealt_with and not resting:
        ended = replace(standing, ended_day=day, ended_by=EndedBy.RAISED_ANEW)
        return Step(ended=ended, stands=new, is_new=True)
    return Step(
        stands=replace(
            new, id=standing.id, first_day=standing.first_day, raised_at=standing.raised_at
        )
    )
