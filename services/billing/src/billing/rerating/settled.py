"""Whether some of a meter's readings tell as much of a time as all of them would."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise

from billing.readings.values import Reading
from billing.rerating.register import EXCURSION_US_MAX, Counted, MeterTerms, others_at
from billing.terms.values import Installation


def is_settled_before(
    known: Sequence[Reading], run_ends: Sequence[int], *, since_us: int, at_us: int
) -> bool:
    """Whether readings older than ``since_us``, some of which ``known`` lacks, cannot change what
    is trusted from ``at_us`` on, nor the last trusted reading before. ``known`` and ``run_ends``
    are as `shown` gives them.

    They cannot once ordinary steps alone have followed each other for longer than an excursion
    lasts: one that began before has ended by then, and whatever came before, the rest of the run is
    trusted. The last of the run does not count, for it may yet be found too high.
    """
    first = bisect_left(known, since_us, key=_at_us)
    end = bisect_right(known, at_us, key=_at_us)
    inner = (each for each in run_ends if first < each < end)
    return any(
        begin + 1 < until and known[until - 2].at_us > known[begin].at_us + EXCURSION_US_MAX
        for begin, until in pairwise([first, *inner, end])
    )


def is_settled_after(register: Counted, *, until_us: int, at_us: int) -> bool:
    """Whether readings after ``until_us``, some of which ``register`` does not know, cannot change
    what it says up to ``at_us``: a trusted reading stands there or later, every excursion that
    began before it has had its time, and two more show that it is not too high."""
    place = bisect_left(register.at_us, at_us)
    further = bisect_right(register.at_us, until_us) - place - 1
    return further >= 2 and register.at_us[place] + EXCURSION_US_MAX <= until_us


def is_of_another(
    installation: Installation, meter: MeterTerms, *, begin_us: int, end_us: int
) -> bool:
    """Whether another device hung under the meter's id in all of [``begin_us``, ``end_us``)."""
    return any(
        each.from_us < begin_us and (each.to_us is None or end_us <= each.to_us)
        for each in others_at(installation, meter)
    )


def _at_us(reading: Reading) -> int:
    return reading.at_us
