"""Energy since the first trusted reading as a function of time."""

from bisect import bisect_left
from collections.abc import Callable
from itertools import accumulate, repeat
from operator import mul

from prewatt_metering.registers.intervals import Intervals


def risen(intervals: Intervals, multiplier: int) -> Callable[[int], int]:
    """Energy since the first instant as a function of time: a month costs its boundaries only."""
    at_us = intervals.at_us
    deltas_wh = (
        intervals.wh if multiplier == 1 else tuple(map(mul, intervals.wh, repeat(multiplier)))
    )
    sums_wh = [0, *accumulate(deltas_wh)]

    def risen_wh(when_us: int) -> int:
        number = bisect_left(at_us, when_us)
        if at_us[number] == when_us:
            return sums_wh[number]
        begin_us = at_us[number - 1]
        part = deltas_wh[number - 1] * (when_us - begin_us) // (at_us[number] - begin_us)
        return sums_wh[number - 1] + part

    return risen_wh
