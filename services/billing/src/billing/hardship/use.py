"""What a household used by local day, from registers, and how use of late stands to use before."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np

from billing.hardship.policy import HardshipPolicy
from billing.readings.values import Columns
from billing.terms.values import HOUSEHOLD_MAX_W, Installation
from prewatt_metering.calendar.instants import HOUR_US
from prewatt_metering.calendar.local import LocalCalendar

_DAY = timedelta(days=1)
_STALE_US = 3 * HOUR_US
"""A register that was read longer before midnight than this is not the day's last."""
KNOWN_OF_TEN = 7
"""So many of ten days must be known, of late and before."""
_ALL_PPM = 1_000_000
DAY_WH_MAX = 24 * HOUSEHOLD_MAX_W
"""A household's connection carries no more: what shows more is no use, and not known."""


class UseRatio(NamedTuple):
    """Means of the days that are known, rounded down; ``ppm``: of late to before."""

    now_wh_a_day: int
    before_wh_a_day: int
    ppm: int
    days: Sequence[date]


def used_by_day(
    readings: Columns,
    *,
    first: date,
    end: date,
    calendar: LocalCalendar,
    from_us: int,
    to_us: int | None,
    multiplier: int,
) -> Mapping[date, int]:
    """Wh of each local day of [``first``, ``end``) that a meter's registers show, read shortly
    before it began and before it ended, while the meter hung there: (``from_us``, ``to_us``]. A day
    on which the register went back, or rose by more than a household can use, is not known."""
    days = [first + n * _DAY for n in range((end - first).days)]
    edges = np.array([calendar.first_instant_us(each) for each in [*days, end]], np.int64)
    order = np.argsort(readings.at_us, kind="stable")
    at_us, register_wh = readings.at_us[order], readings.register_wh[order]
    place = np.searchsorted(at_us, edges, side="right") - 1
    if not len(at_us):
        return {}
    read_us = at_us[place.clip(0)]
    known = (place >= 0) & (edges - read_us <= _STALE_US) & (read_us >= from_us)
    if to_us is not None:
        known &= edges <= to_us
    used = np.diff(register_wh[place.clip(0)]) * multiplier
    good = known[1:] & known[:-1] & (used >= 0) & (used <= DAY_WH_MAX)
    return {day: int(wh) for day, wh, fits in zip(days, used, good, strict=True) if fits}


def sum_of_meters(
    some: Sequence[tuple[Installation, Mapping[date, int]]], *, calendar: LocalCalendar
) -> Mapping[date, int]:
    """Of all meters of an account. A day that one of those that hung there does not know is not
    known; so is the day on which a meter is swapped."""
    days: set[date] = set()
    for _, used in some:
        days |= used.keys()
    found: dict[date, int] = {}
    for day in sorted(days):
        begin_us, end_us = calendar.first_instant_us(day), calendar.end_us(day)
        there = [used for meter, used in some if _hangs(meter, begin_us, end_us)]
        if all(day in used for used in there):
            found[day] = sum(used[day] for used in there)
    return found


def _hangs(meter: Installation, begin_us: int, end_us: int) -> bool:
    return meter.from_us < end_us and (meter.to_us is None or begin_us < meter.to_us)


def use_ratio(used_wh: Mapping[date, int], *, day: date, policy: HardshipPolicy) -> UseRatio | None:
    """Of the days up to ``day``; none where too few are known, or nothing was used before."""
    now_days = [day - n * _DAY for n in range(policy.use_days)]
    first = day - policy.use_days * _DAY
    before_days = [first - n * _DAY for n in range(policy.use_before_days)]
    now = [used_wh[each] for each in now_days if each in used_wh]
    before = [used_wh[each] for each in before_days if each in used_wh]
    enough = all(
        10 * len(known) >= KNOWN_OF_TEN * len(asked)
        for known, asked in ((now, now_days), (before, before_days))
    )
    if not enough or sum(before) == 0:
        return None
    return UseRatio(
        now_wh_a_day=sum(now) // len(now),
        before_wh_a_day=sum(before) // len(before),
        ppm=sum(now) * len(before) * _ALL_PPM // (sum(before) * len(now)),
        days=sorted(now_days)[:: policy.use_days - 1],
    )
