"""What a household uses of late, and how far off that was before: learned from its own days."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HISTORY_DAYS = 56
"""Days before these say nothing."""
DAYS_MIN = 14
"""With fewer measured days nothing is known of a household's habits."""
_LEVEL_DAYS = 4.0
"""A day counts half as much as one that came four days later: what is used drifts quickly."""
_MISS_DAYS = 21.0
"""The same of what the forecast would have been off by on an earlier morning."""
_FIRST_MORNING = 7
"""From the eighth day on there is a level to be off from."""
_SHRINK_DAYS = 4
"""Days off are held to be like all days until so many of them have told otherwise."""
_INSIDE = 0.8
"""So many of the misses lie within the 10th and the 90th percentile."""
_LEAST_SHARE = 0.02
"""Of a usual day: less is the same as nothing, so that a quotient of two such says little."""
HOURS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedDay:
    """A whole local day with supply. ``is_measured``: the meter told of it; else its energy is a
    share of a longer stretch, which says how much was used and not how that varies."""

    day: date
    wh: int
    is_measured: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class UseProfile:
    """``day_wh``: of a day of late, all kinds of days alike. ``miss``: by how much, as the log of a
    ratio, the use of 1, 2, ... days together left what was expected: four times in five by less.
    ``hour_share``: of a day's energy by hour of the wall clock."""

    day_wh: float
    workday_factor: float
    day_off_factor: float
    miss: tuple[float, ...]
    hour_share: tuple[float, ...]
    first_day: date
    last_day: date
    measured_days: int
    spread_days: int
    """Days among them whose energy is a share of a longer stretch."""


def learn(
    days: Sequence[UsedDay], *, is_off: Callable[[date], bool], hour_wh: Sequence[int] = ()
) -> UseProfile | None:
    """The profile that the last 56 of ``days`` make; none where too few were measured: then nobody
    knows yet. ``is_off``: a weekend or holiday. ``hour_wh``: energy by hour of the wall clock,
    over some days; empty, or nothing in all: every hour alike.
    """
    some = sorted(days, key=lambda each: each.day)[-HISTORY_DAYS:]
    measured = sum(each.is_measured for each in some)
    if measured < DAYS_MIN:
        return None
    wh = np.array([each.wh for each in some], np.float64)
    off = np.array([is_off(each.day) for each in some])
    workday, day_off = _factor(wh, ~off), _factor(wh, off)
    factor = np.where(off, day_off, workday)
    level = _levels(wh / factor)
    return UseProfile(
        day_wh=float(level[-1]),
        workday_factor=workday,
        day_off_factor=day_off,
        miss=_misses(wh, factor, level, np.array([each.is_measured for each in some], np.bool_)),
        hour_share=_shares(hour_wh),
        first_day=some[0].day,
        last_day=some[-1].day,
        measured_days=measured,
        spread_days=len(some) - measured,
    )


def _factor(wh: Floats, chosen: NDArray[np.bool_]) -> float:
    """What such a day uses against all days; 1 until enough of them are known."""
    usual = float(wh.mean())
    if not usual:
        return 1.0
    days = int(chosen.sum())
    factor = (float(wh[chosen].sum()) + _SHRINK_DAYS * usual) / (days + _SHRINK_DAYS) / usual
    return max(factor, _LEAST_SHARE)


def _levels(wh: Floats) -> Floats:
    """What a day uses as known on the morning of each day, and on the morning after the last."""
    fade = 0.5 ** (1 / _LEVEL_DAYS)
    levels = np.zeros(len(wh) + 1)
    total = weight = 0.0
    for place, value in enumerate(wh.tolist()):
        total, weight = total * fade + value, weight * fade + 1
        levels[place + 1] = total / weight
    return levels


def _misses(
    wh: Floats, factor: Floats, level: Floats, measured: NDArray[np.bool_]
) -> tuple[float, ...]:
    """For 1, 2, ... days ahead: what the same forecast, made on each earlier morning, would have
    been off by. As far ahead as a third of the mornings can be checked."""
    usual = float(wh.mean())
    longest = max(1, (len(wh) - _FIRST_MORNING) * 2 // 3)
    if not usual:
        return (0.0,) * longest
    used, expected, spread = (_sums(each) for each in (wh, factor, (~measured).astype(np.float64)))
    found: list[float] = []
    for ahead in range(1, longest + 1):
        morning = np.arange(_FIRST_MORNING, len(wh) - ahead + 1)
        morning = morning[spread[morning + ahead] == spread[morning]]
        if not len(morning):
            break
        least = _LEAST_SHARE * usual * ahead
        came = used[morning + ahead] - used[morning] + least
        was_expected = (expected[morning + ahead] - expected[morning]) * level[morning] + least
        weight = 0.5 ** ((len(wh) - morning) / _MISS_DAYS)
        found.append(_percentile(np.abs(np.log(came / was_expected)), weight))
    return tuple(found) or (_nothing_known(wh),)


def _nothing_known(wh: Floats) -> float:
    """No two measured days follow each other: the days' own spread, if there is any."""
    least = _LEAST_SHARE * float(wh.mean())
    return _percentile(np.abs(np.log((wh + least) / (wh.mean() + least))), np.ones(len(wh)))


def _sums(values: Floats) -> Floats:
    """Before each day, and after the last."""
    return np.concatenate([np.zeros(1), np.cumsum(values)])


def _percentile(values: Floats, weight: Floats) -> float:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order])
    place = int(np.searchsorted(reached, _INSIDE * float(reached[-1])))
    return float(values[order][min(place, len(order) - 1)])


def _shares(hour_wh: Sequence[int]) -> tuple[float, ...]:
    total = sum(hour_wh)
    if not total:
        return (1 / HOURS,) * HOURS
    return tuple(wh / total for wh in hour_wh)
