"""Demand of a period: the highest average power over a quarter-hour; reactive energy."""

from dataclasses import dataclass

from prewatt_metering.calendar.instants import HOUR_US, MINUTE_US
from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.intervals import Intervals
from prewatt_metering.usage.risen import risen

DEMAND_US = 15 * MINUTE_US


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """The highest demand, in W at the point of supply, and the window in which it was."""

    begin_us: int
    end_us: int
    w: int


def highest_demand(
    *,
    intervals: Intervals,
    installation: Installation,
    begin_us: int,
    end_us: int,
    window_us: int = DEMAND_US,
) -> Demand | None:
    """The highest average over a window inside [begin_us, end_us]; the first of equal ones.

    Windows begin at multiples of ``window_us`` of UTC, which are quarter-hours on every wall.
    Within an interval longer than a window the power is its average, so coarse readings give a
    lower bound. None: the readings fill no window.
    """
    span = _inside(intervals, installation, begin_us, end_us)
    if span is None:
        return None
    energy = risen(intervals, installation.multiplier)
    at_us = -(-span[0] // window_us) * window_us
    best: Demand | None = None
    low_wh = energy(at_us) if at_us <= span[1] else 0
    while at_us + window_us <= span[1]:
        high_wh = energy(at_us + window_us)
        w = (high_wh - low_wh) * HOUR_US // window_us
        if best is None or w > best.w:
            best = Demand(begin_us=at_us, end_us=at_us + window_us, w=w)
        at_us, low_wh = at_us + window_us, high_wh
    return best


def energy_between(
    *, intervals: Intervals, installation: Installation, begin_us: int, end_us: int
) -> int:
    """Wh (or varh, of a reactive register) at the point of supply within [begin_us, end_us]."""
    span = _inside(intervals, installation, begin_us, end_us)
    if span is None:
        return 0
    energy = risen(intervals, installation.multiplier)
    return energy(span[1]) - energy(span[0])


def _inside(
    intervals: Intervals, installation: Installation, begin_us: int, end_us: int
) -> tuple[int, int] | None:
    if not intervals.wh:
        return None
    since_us, until_us = max(begin_us, intervals.at_us[0]), min(end_us, intervals.at_us[-1])
    if installation.from_us is not None:
        since_us = max(since_us, installation.from_us)
    if installation.to_us is not None:
        until_us = min(until_us, installation.to_us)
    return (since_us, until_us) if since_us < until_us else None
