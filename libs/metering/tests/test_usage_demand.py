"""The highest quarter-hour of a period, and energy between two instants."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewatt_metering.calendar.instants import HOUR_US, MINUTE_US
from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.intervals import Interval, Intervals, intervals_of
from prewatt_metering.registers.readings import Quality
from prewatt_metering.usage.demand import Demand, energy_between, highest_demand

PLACE = Installation(meter="m", account="A")
QUARTER_US = 15 * MINUTE_US


def chain(*some: tuple[int, int], begin_us: int = 0) -> Intervals:
    """(minutes, Wh) each, one after another."""
    parts, at_us = list[Interval](), begin_us
    for minutes, wh in some:
        parts.append(Interval(at_us, at_us + minutes * MINUTE_US, wh, Quality.MEASURED))
        at_us += minutes * MINUTE_US
    return intervals_of(parts)


@pytest.mark.parametrize(
    ("why", "intervals", "begin_min", "end_min", "expected"),
    [
        ("none", chain(), 0, 60, None),
        ("no whole window", chain((14, 9)), 0, 60, None),
        ("one", chain((15, 9)), 0, 60, (0, 36)),
        ("the first of equal ones", chain((15, 1), (15, 9), (15, 9)), 0, 60, (15, 36)),
        ("only in the period", chain((15, 9), (15, 1), (15, 2)), 15, 30, (15, 4)),
        ("an hour's is its average", chain((60, 100), (15, 24)), 0, 90, (0, 100)),
        ("minutes add up", chain((5, 1), (5, 2), (5, 3)), 0, 15, (0, 24)),
        ("windows lie on the quarter", chain((15, 9), begin_us=MINUTE_US), 0, 60, None),
    ],
)
def test_highest_demand(
    *,
    why: str,
    intervals: Intervals,
    begin_min: int,
    end_min: int,
    expected: tuple[int, int] | None,
) -> None:
    found = highest_demand(
        intervals=intervals,
        installation=PLACE,
        begin_us=begin_min * MINUTE_US,
        end_us=end_min * MINUTE_US,
    )
    if expected is None:
        assert found is None, why
    else:
        begin_us = expected[0] * MINUTE_US
        assert found == Demand(begin_us=begin_us, end_us=begin_us + QUARTER_US, w=expected[1]), why


def test_demand_and_energy_are_of_the_point_of_supply_and_of_the_installation() -> None:
    place = Installation(meter="m", account="A", from_us=QUARTER_US, multiplier=40)
    intervals = chain((15, 9), (15, 2), (15, 1))
    found = highest_demand(intervals=intervals, installation=place, begin_us=0, end_us=HOUR_US)
    assert found
    assert (found.begin_us, found.w) == (QUARTER_US, 320)
    varh = energy_between(intervals=intervals, installation=place, begin_us=0, end_us=HOUR_US)
    assert varh == 120
    assert energy_between(intervals=chain(), installation=place, begin_us=0, end_us=9) == 0


@given(
    wh=st.lists(st.integers(0, 5_000), min_size=1, max_size=60),
    begin=st.integers(0, 60),
    count=st.integers(0, 60),
)
def test_the_highest_of_quarter_hours_is_their_highest(
    wh: list[int], begin: int, count: int
) -> None:
    inside = wh[begin : begin + count]
    found = highest_demand(
        intervals=chain(*((15, each) for each in wh)),
        installation=PLACE,
        begin_us=begin * QUARTER_US,
        end_us=(begin + count) * QUARTER_US,
    )
    assert (found.w if found else None) == (4 * max(inside) if inside else None)
