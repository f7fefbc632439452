"""Estimates: what has probably flowed since the last trusted reading, and proxies for display.

Between trusted readings elapsed time alone makes money: there is nothing to estimate. An estimate
stands after the last reading only, is bounded, is nothing during a known outage, and is gone with
the next reading, because what is charged is a function of the readings.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from statistics import median_low

from prewatt_metering.calendar.instants import DAY_US, HOUR_US
from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.intervals import Interval, Intervals, intervals_of
from prewatt_metering.registers.meters import MeterFacts
from prewatt_metering.registers.readings import Quality
from prewatt_metering.registers.spans import Span, overlap_us

ESTIMATE_US_MAX = 31 * DAY_US
HISTORY_DAYS = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Intervals of quality estimated from the last trusted reading on, and what they rest on.

    In Wh of the register, as all intervals. ``usual_day_wh`` is at the point of supply.
    """

    intervals: Intervals
    usual_day_wh: int


def usual_day_wh(days: Mapping[date, int]) -> int | None:
    """The median of the last 28 known days' Wh; none where no day is known."""
    last = [wh for _, wh in sorted(days.items())[-HISTORY_DAYS:]]
    return median_low(last) if last else None


def estimate_after(
    *,
    intervals: Intervals,
    until_us: int,
    usual_day_wh: int,
    facts: MeterFacts,
    installation: Installation,
    outages: Iterable[Span] = (),
    longest_us: int = ESTIMATE_US_MAX,
) -> Estimate | None:
    """From the last trusted reading to ``until_us``; none where there is nothing to estimate.

    Never more than the connection can carry, never beyond the installation's end, never for longer
    than ``longest_us``, and never anything during ``outages``. Raises ValueError for a negative
    use.
    """
    if usual_day_wh < 0:
        message = f"a usual day of {usual_day_wh} Wh is none"
        raise ValueError(message)
    if not intervals.at_us:
        return None
    last_us = intervals.at_us[-1]
    end_us = min(until_us, last_us + longest_us)
    if installation.to_us is not None:
        end_us = min(end_us, installation.to_us)
    if end_us <= last_us:
        return None
    day_wh = min(usual_day_wh, facts.limit_w * (DAY_US // HOUR_US))
    known_out = list(outages)
    cuts = {last_us, end_us}
    for span in known_out:
        cuts |= {at for at in span if at is not None and last_us < at < end_us}
    ordered = sorted(cuts)
    parts, supplied_us, done_wh = list[Interval](), 0, 0
    for begin_us, cut_us in pairwise(ordered):
        supplied_us += cut_us - begin_us - overlap_us(begin_us, cut_us, known_out)
        upto_wh = day_wh * supplied_us // (DAY_US * installation.multiplier)
        parts.append(Interval(begin_us, cut_us, upto_wh - done_wh, Quality.ESTIMATED))
        done_wh = upto_wh
    return Estimate(intervals=intervals_of(parts), usual_day_wh=usual_day_wh)


def with_estimate(*, intervals: Intervals, estimate: Estimate | None) -> Intervals:
    """Trusted intervals and the estimate after them. Raises ValueError where they do not meet."""
    if estimate is None:
        return intervals
    after = estimate.intervals
    if intervals.at_us[-1:] != after.at_us[:1]:
        message = (
            f"the estimate begins at {after.at_us[:1]} us, the last trusted reading is at "
            f"{intervals.at_us[-1:]} us: a reading came in between, estimate again"
        )
        raise ValueError(message)
    return Intervals(
        at_us=intervals.at_us + after.at_us[1:],
        wh=intervals.wh + after.wh,
        quality=intervals.quality + after.quality,
    )


def proxy_days(*, total_wh: int, days: Sequence[date], like: Mapping[date, int]) -> dict[date, int]:
    """``total_wh``, which the register says, over ``days`` in the proportions of ``like``.

    For display only: it makes no money. Integers that sum to ``total_wh``. A day that ``like`` does
    not know is like the mean of those it does; with none known all are alike.
    """
    known = [like[day] for day in days if day in like]
    mean = max(1, sum(known) // len(known)) if known else 1
    weights = [like.get(day, mean) for day in days]
    whole = sum(weights)
    if whole == 0:
        weights, whole = [1] * len(days), len(days)
    shown: dict[date, int] = {}
    weight, done_wh = 0, 0
    for day, each in zip(days, weights, strict=True):
        weight += each
        upto_wh = total_wh * weight // whole
        shown[day] = upto_wh - done_wh
        done_wh = upto_wh
    return shown
