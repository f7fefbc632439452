"""When money ends: read off what the courses cost."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class Course(IntEnum):
    """How probable it is, in percent, that no more is used than on a course."""

    LOW = 10
    MIDDLE = 50
    HIGH = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class CostsAhead:
    """What three courses of use cost from ``at_us[0]`` until each instant; straight in between.
    They never fall, and do not cross."""

    at_us: tuple[int, ...]
    low_micro: tuple[int, ...]
    middle_micro: tuple[int, ...]
    high_micro: tuple[int, ...]

    def of(self, course: Course) -> Sequence[int]:
        """At each instant."""
        match course:
            case Course.LOW:
                return self.low_micro
            case Course.MIDDLE:
                return self.middle_micro
            case Course.HIGH:
                return self.high_micro

    def until(self, at_us: int, course: Course) -> int | None:
        """What is spent by then, rounded down; none after the last instant."""
        micro = self.of(course)
        if at_us > self.at_us[-1]:
            return None
        place = bisect_right(self.at_us, at_us) - 1
        if place < 0:
            return 0
        if place == len(micro) - 1:
            return micro[-1]
        rise, since = micro[place + 1] - micro[place], at_us - self.at_us[place]
        return micro[place] + rise * since // (self.at_us[place + 1] - self.at_us[place])

    def within(self, *, now_us: int, ahead_us: int, course: Course) -> int | None:
        """What is spent from now on in so much time; none where that is farther than we looked."""
        upto = self.until(now_us + ahead_us, course)
        spent = self.until(now_us, Course.MIDDLE)
        return None if upto is None or spent is None else max(0, upto - spent)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOut:
    """When money will have ended with a probability of 10, 50 and 90 percent; none where that is
    farther than we looked."""

    p10_us: int | None
    p50_us: int | None
    p90_us: int | None


def run_out(costs: CostsAhead, *, left_micro: int, now_us: int) -> RunOut:
    """``left_micro``: what may be spent as of ``now_us``. Who has nothing left has run out now."""
    spent = costs.until(now_us, Course.MIDDLE)
    if spent is None:
        return RunOut(p10_us=None, p50_us=None, p90_us=None)
    # Whoever uses most runs out first.
    return RunOut(
        p10_us=_ends(costs, Course.HIGH, spent + left_micro, now_us),
        p50_us=_ends(costs, Course.MIDDLE, spent + left_micro, now_us),
        p90_us=_ends(costs, Course.LOW, spent + left_micro, now_us),
    )


def _ends(costs: CostsAhead, course: Course, micro: int, now_us: int) -> int | None:
    """The first instant, not before now, by which so much is spent."""
    spent = costs.of(course)
    if spent[-1] < micro:
        return None
    place = next((place for place, each in enumerate(spent) if each >= micro), 0)
    if place == 0:
        return now_us
    before, after = spent[place - 1], spent[place]
    begin_us, end_us = costs.at_us[place - 1], costs.at_us[place]
    at_us = begin_us - (begin_us - end_us) * (micro - before) // (after - before)
    return max(now_us, at_us)
