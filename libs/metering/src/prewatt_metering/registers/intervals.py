"""Intervals between trusted readings, end to end, in columns."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from prewatt_metering.registers.readings import Quality


class Interval(NamedTuple):
    """Energy of (begin_us, end_us], in Wh as the register counts them (no multiplier)."""

    begin_us: int
    end_us: int
    wh: int
    quality: Quality


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervals:
    """Neighbouring intervals of one meter: number i lasts from ``at_us[i]`` to ``at_us[i + 1]``.

    Columns and not objects, so that a month of quarter-hours is summed by searching its few day
    and slot boundaries and not by walking its 3,000 intervals. Iterating gives `Interval`s.
    """

    at_us: tuple[int, ...]
    wh: tuple[int, ...]
    quality: tuple[Quality, ...]

    def __post_init__(self) -> None:
        assert len(self.wh) == len(self.quality) == max(0, len(self.at_us) - 1)

    def __len__(self) -> int:
        return len(self.wh)

    def __iter__(self) -> Iterator[Interval]:
        return map(Interval, self.at_us, self.at_us[1:], self.wh, self.quality)


NO_INTERVALS = Intervals(at_us=(), wh=(), quality=())


def intervals_of(some: list[Interval]) -> Intervals:
    """Intervals in columns. Raises ValueError where one does not begin where the last ended."""
    if not some:
        return NO_INTERVALS
    for before, after in pairwise(some):
        if before.end_us != after.begin_us:
            message = f"an interval begins at {after.begin_us} us, the one before ended at "
            raise ValueError(f"{message}{before.end_us} us")
    for each in some:
        if each.begin_us >= each.end_us:
            message = f"an interval from {each.begin_us} us to {each.end_us} us is none"
            raise ValueError(message)
    return Intervals(
        at_us=(some[0].begin_us, *(each.end_us for each in some)),
        wh=tuple(each.wh for each in some),
        quality=tuple(each.quality for each in some),
    )
