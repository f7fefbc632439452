"""Rule 4: energy by local day and slot, integers that sum."""

from collections import defaultdict
from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewatt_metering.calendar.instants import HOUR_US, us_of
from prewatt_metering.calendar.local import LocalCalendar, local_minute
from prewatt_metering.calendar.slots import slots_of_day
from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.intervals import Interval, Intervals, intervals_of
from prewatt_metering.registers.readings import Quality
from prewatt_metering.usage.days import day_quality, day_usage

ZONES = (
    "Africa/Cairo", "America/Santiago", "Asia/Beirut", "America/Havana", "Asia/Kathmandu",
    "Australia/Lord_Howe", "Pacific/Apia", "Europe/Berlin", "Asia/Shanghai",
)  # fmt: skip
CALENDARS = {zone: LocalCalendar(zone) for zone in ZONES}
MARKS = (90, 6 * 60, 22 * 60)
Used = dict[tuple[str, str], int]


def utc(text: str) -> int:
    return us_of(datetime.fromisoformat(text).replace(tzinfo=UTC))


def name_at(minute: int) -> str:
    return "day" if 6 * 60 <= minute < 22 * 60 else "early" if minute < 90 else "night"


def chain(*some: tuple[str, int]) -> Intervals:
    """(instant, Wh since the one before) each; of the first the Wh do not matter."""
    return intervals_of(
        [
            Interval(utc(before[0]), utc(after[0]), after[1], Quality.MEASURED)
            for before, after in pairwise(some)
        ]
    )


def used(
    zone: str, intervals: Intervals, installation: Installation | None = None, **days: date
) -> Used:
    calendar = CALENDARS[zone]
    usage = day_usage(
        intervals=intervals,
        installation=installation or Installation(meter="m", account="A"),
        calendar=calendar,
        slots_of=lambda day: slots_of_day(calendar, day, name_at, MARKS),
        **days,
    )
    return {(day.isoformat()[5:], name): wh for (day, name), wh in usage.items()}


@pytest.mark.parametrize(
    ("why", "zone", "intervals", "expected"),
    [
        ("nothing", "Asia/Shanghai", chain(), {}),
        ("one reading", "Asia/Shanghai", chain(("2026-11-01T00:00", 0)), {}),
        (
            "inside one slot",
            "Asia/Shanghai",
            chain(("2026-11-01T00:00", 0), ("2026-11-01T01:00", 70)),
            {("11-01", "day"): 70},
        ),
        (
            "a reading at midnight ends the day before",
            "Asia/Shanghai",
            chain(("2026-11-01T15:00", 0), ("2026-11-01T16:00", 70), ("2026-11-01T17:00", 5)),
            {("11-01", "night"): 70, ("11-02", "early"): 5},
        ),
        (
            "split by time, rounded down before each boundary",
            "Asia/Shanghai",
            chain(("2026-11-01T13:00", 0), ("2026-11-01T16:30", 10)),
            {("11-01", "day"): 2, ("11-01", "night"): 6, ("11-02", "early"): 2},
        ),
        (
            "nothing used is known to be nothing",
            "Asia/Shanghai",
            chain(("2026-11-01T00:00", 0), ("2026-11-01T01:00", 0)),
            {("11-01", "day"): 0},
        ),
        (
            "25 hours, 10 Wh each",
            "Europe/Berlin",
            chain(("2026-10-24T22:00", 0), ("2026-10-25T23:00", 250)),
            {("10-25", "early"): 15, ("10-25", "night"): 75, ("10-25", "day"): 160},
        ),
        (
            "23 hours, 10 Wh each",
            "Europe/Berlin",
            chain(("2026-03-28T23:00", 0), ("2026-03-29T22:00", 230)),
            {("03-29", "early"): 15, ("03-29", "night"): 55, ("03-29", "day"): 160},
        ),
        (
            "over a day that was skipped",
            "Pacific/Apia",
            chain(("2011-12-30T08:00", 0), ("2011-12-30T11:00", 30)),
            {("12-29", "night"): 20, ("12-31", "early"): 10},
        ),
    ],
)
def test_usage(why: str, zone: str, intervals: Intervals, expected: Used) -> None:
    assert used(zone, intervals) == expected, why


DAYS = chain(("2026-10-31T16:00", 0), ("2026-11-03T16:00", 7_200))


@pytest.mark.parametrize(
    ("why", "installation", "days", "sums"),
    [
        ("all of it", {}, {}, {"11-01": 2_400, "11-02": 2_400, "11-03": 2_400}),
        ("from", {"from_us": utc("2026-11-02T04:00")}, {}, {"11-02": 1_200, "11-03": 2_400}),
        ("to", {"to_us": utc("2026-11-01T04:00")}, {}, {"11-01": 1_200}),
        ("opened", {}, {"opened": date(2026, 11, 3)}, {"11-03": 2_400}),
        ("closed, that day included", {}, {"closed": date(2026, 11, 1)}, {"11-01": 2_400}),
        ("never both", {}, {"opened": date(2026, 11, 2), "closed": date(2026, 11, 1)}, {}),
        ("multiplied once", {"multiplier": 40, "to_us": utc("2026-10-31T17:00")}, {},
         {"11-01": 4_000}),
    ],
)  # fmt: skip
def test_only_what_is_inside(
    why: str, installation: dict[str, int], days: dict[str, date], sums: dict[str, int]
) -> None:
    some = Installation(meter="m", account="A", **installation)  # type: ignore[arg-type]
    totals: dict[str, int] = defaultdict(int)
    for (day, _), wh in used("Asia/Shanghai", DAYS, some, **days).items():
        totals[day] += wh
    assert totals == sums, why


def test_quality_of_days_that_are_not_wholly_measured() -> None:
    def part(begin: str, end: str, quality: Quality) -> Interval:
        return Interval(utc(begin), utc(end), 1, quality)

    found = day_quality(
        intervals=intervals_of(
            [
                part("2026-11-01T00:00", "2026-11-01T16:00", Quality.MEASURED),
                part("2026-11-01T16:00", "2026-11-02T17:00", Quality.INTERPOLATED),
                part("2026-11-02T17:00", "2026-11-02T18:00", Quality.EDITED),
                part("2026-11-02T18:00", "2026-11-06T00:00", Quality.ESTIMATED),
            ]
        ),
        installation=Installation(meter="m", account="A", to_us=utc("2026-11-04T16:00")),
        calendar=CALENDARS["Asia/Shanghai"],
    )
    assert found == {
        date(2026, 11, 2): Quality.INTERPOLATED,
        date(2026, 11, 3): Quality.ESTIMATED,
        date(2026, 11, 4): Quality.ESTIMATED,
    }


def test_intervals_must_meet() -> None:
    apart = [Interval(0, 1, 5, Quality.MEASURED), Interval(2, 3, 5, Quality.MEASURED)]
    with pytest.raises(ValueError, match="begins at 2 us, the one before ended at 1 us"):
        intervals_of(apart)
    with pytest.raises(ValueError, match="from 3 us to 3 us"):
        intervals_of([Interval(3, 3, 5, Quality.MEASURED)])


moments = st.sampled_from(
    ["2026-03-29", "2026-10-25", "2026-09-06", "2026-04-05", "2026-03-08", "2026-11-01",
     "2026-04-24", "2026-10-29", "2011-12-30"]
).map(utc)  # fmt: skip


@given(
    zone=st.sampled_from(ZONES),
    begin_us=moments,
    gaps=st.lists(st.integers(1, 40 * HOUR_US), min_size=1, max_size=8),
    data=st.data(),
)
def test_parts_sum_and_each_is_what_rule_4_says(
    zone: str, begin_us: int, gaps: list[int], data: st.DataObject
) -> None:
    """Against the rule done interval by interval, with the boundaries looked for on the wall."""
    calendar, expected = CALENDARS[zone], defaultdict[tuple[str, str], int](int)
    some, at_us = list[Interval](), begin_us - 30 * HOUR_US
    for gap in gaps:
        wh = data.draw(st.integers(0, 10**6))
        some.append(Interval(at_us, at_us + gap, wh, Quality.MEASURED))
        at_us += gap
    for begin, end, wh, _ in some:
        cuts = [cut for cut in quarter_hours(begin, end) if changes(calendar, cut)] + [end]
        done, since = 0, begin
        for cut in cuts:
            upto = wh * (cut - begin) // (end - begin)
            expected[label(calendar, since)] += upto - done
            done, since = upto, cut
    assert used(zone, intervals_of(some)) == expected
    assert sum(expected.values()) == sum(each.wh for each in some)


def quarter_hours(begin_us: int, end_us: int) -> range:
    """Whole quarter-hours inside: in all of these zones whatever changes, changes at one."""
    quarter = HOUR_US // 4
    return range((begin_us // quarter + 1) * quarter, end_us, quarter)


def label(calendar: LocalCalendar, at_us: int) -> tuple[str, str]:
    day = calendar.day_of(at_us)
    return (day.isoformat()[5:], name_at(local_minute(calendar, at_us)))


def changes(calendar: LocalCalendar, at_us: int) -> bool:
    return label(calendar, at_us) != label(calendar, at_us - 1)
