"""Estimates are bounded and go with the next reading; edits keep everything."""

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewatt_metering.calendar.instants import HOUR_US, us_of
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.calendar.slots import slots_of_day
from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.meters import MeterFacts
from prewatt_metering.registers.readings import Quality, Reading
from prewatt_metering.registers.spans import Span
from prewatt_metering.usage.days import DayUsage, day_quality, day_usage
from prewatt_metering.usage.difference import usage_difference
from prewatt_metering.vee.edit import Edit, EditKind, edited, history
from prewatt_metering.vee.estimate import (
    Estimate,
    estimate_after,
    proxy_days,
    usual_day_wh,
    with_estimate,
)
from prewatt_metering.vee.trust import trusted

BEGIN_US = us_of(datetime(2026, 11, 1, tzinfo=UTC))
CALENDAR = LocalCalendar("UTC")
PLACE = Installation(meter="m", account="A")
FACTS = MeterFacts(meter="m", max_w=10_000)


def hour(number: float) -> int:
    return BEGIN_US + int(number * HOUR_US)


def reads(*some: tuple[float, int]) -> list[Reading]:
    return [Reading(hour(at), wh) for at, wh in some]


def estimate(
    readings: list[Reading],
    until_h: float,
    *,
    usual: int = 2_400,
    outages: tuple[Span, ...] = (),
    place: Installation = PLACE,
) -> Estimate | None:
    return estimate_after(
        intervals=trusted(readings=readings, installation=place, facts=FACTS).intervals,
        until_us=hour(until_h),
        usual_day_wh=usual,
        facts=FACTS,
        installation=place,
        outages=outages,
    )


def parts(of: Estimate | None) -> list[tuple[float, float, int]]:
    return [
        ((e.begin_us - BEGIN_US) / HOUR_US, (e.end_us - BEGIN_US) / HOUR_US, e.wh)
        for e in (of.intervals if of else [])
    ]


@pytest.mark.parametrize(
    ("why", "until_h", "outages", "expected"),
    [
        ("no time has passed", 1, (), []),
        ("before the last reading", 0.5, (), []),
        ("a day", 25, (), [(1, 25, 2_400)]),
        ("nothing in an outage", 25, (Span(hour(3), hour(5)),),
         [(1, 3, 200), (3, 5, 0), (5, 25, 2_000)]),
        ("outages that meet and go on", 25, (Span(hour(0), hour(5)), Span(hour(4), None)),
         [(1, 4, 0), (4, 5, 0), (5, 25, 0)]),
        ("bounded", 24 * 99, (), [(1, 745, 74_400)]),
    ],
)  # fmt: skip
def test_estimates(
    why: str,
    until_h: float,
    outages: tuple[Span, ...],
    expected: list[tuple[float, float, int]],
) -> None:
    assert parts(estimate(reads((0, 0), (1, 100)), until_h, outages=outages)) == expected, why


def test_an_estimate_is_bounded_by_the_connection_the_installation_and_the_multiplier() -> None:
    two = reads((0, 0), (1, 100))
    assert parts(estimate(two, 2, usual=10**9)) == [(1, 2, 10_000)]
    ended = Installation(meter="m", account="A", to_us=hour(3))
    assert parts(estimate(two, 25, place=ended)) == [(1, 3, 200)]
    through_transformers = Installation(meter="m", account="A", multiplier=10)
    assert parts(estimate(two, 25, place=through_transformers)) == [(1, 25, 240)]
    assert estimate([], 25) is None
    with pytest.raises(ValueError, match="-1 Wh"):
        estimate(two, 25, usual=-1)


def usage_of(readings: list[Reading], until_h: float) -> tuple[DayUsage, dict[date, Quality]]:
    intervals = with_estimate(
        intervals=trusted(readings=readings, installation=PLACE, facts=FACTS).intervals,
        estimate=estimate(readings, until_h),
    )
    used = day_usage(
        intervals=intervals,
        installation=PLACE,
        calendar=CALENDAR,
        slots_of=lambda day: slots_of_day(CALENDAR, day, lambda _: "all", []),
    )
    return used, day_quality(intervals=intervals, installation=PLACE, calendar=CALENDAR)


def test_the_next_reading_reverses_the_estimate() -> None:
    day = date(2026, 11, 2)
    before, quality = usage_of(reads((0, 0), (24, 1_000)), 48)
    assert before[day, "all"] == 2_400
    assert quality == {day: Quality.ESTIMATED}
    after, measured = usage_of(reads((0, 0), (24, 1_000), (48, 1_600)), 48)
    assert usage_difference(before=before, after=after) == {(day, "all"): 600 - 2_400}
    assert measured == {}


def test_an_estimate_that_a_reading_has_overtaken_is_refused() -> None:
    old = estimate(reads((0, 0), (1, 100)), 9)
    intervals = trusted(
        readings=reads((0, 0), (1, 100), (2, 200)), installation=PLACE, facts=FACTS
    ).intervals
    with pytest.raises(ValueError, match="a reading came in between"):
        with_estimate(intervals=intervals, estimate=old)
    assert with_estimate(intervals=intervals, estimate=None) is intervals


def test_the_usual_day_is_the_median_of_the_last_four_weeks() -> None:
    first = date(2026, 9, 1)
    days = {first + timedelta(days=n): 9_000 if n < 20 else 100 + n for n in range(48)}
    assert usual_day_wh(days) == 133
    assert usual_day_wh({}) is None


@given(
    total_wh=st.integers(0, 10**7),
    shape=st.lists(st.none() | st.integers(0, 10**5), min_size=1, max_size=40),
)
def test_proxies_sum_to_the_register(total_wh: int, shape: list[int | None]) -> None:
    days = [date(2026, 9, 1) + timedelta(days=n) for n in range(len(shape))]
    like = {day: wh for day, wh in zip(days, shape, strict=True) if wh is not None}
    shown = proxy_days(total_wh=total_wh, days=days, like=like)
    assert sum(shown.values()) == total_wh
    assert list(shown) == days
    assert min(shown.values()) >= 0


def test_proxies_have_the_shape_of_known_days() -> None:
    days = [date(2026, 9, n) for n in (1, 2, 3)]
    like = {days[0]: 10, days[2]: 30}
    assert list(proxy_days(total_wh=600, days=days, like=like).values()) == [100, 200, 300]


def edit(name: str, at: float, kind: EditKind, wh: int | None = None, decided: int = 0) -> Edit:
    return Edit(
        edit_id=name, meter="m", at_us=hour(at), kind=kind, register_wh=wh, by="wang",
        reason="read from the photograph", decided_us=decided,
    )  # fmt: skip


SET, REMOVE, RESTORE = EditKind.SET, EditKind.REMOVE, EditKind.RESTORE


@pytest.mark.parametrize(
    ("why", "edits", "counts"),
    [
        ("none", [], [(0, 0, 0), (1, 900, 0), (1, 901, 0), (2, 20, 0)]),
        ("set beats all there", [edit("a", 1, SET, 10)], [(0, 0, 0), (1, 10, 2), (2, 20, 0)]),
        ("set where none was", [edit("a", 1.5, SET, 950)],
         [(0, 0, 0), (1, 900, 0), (1, 901, 0), (1.5, 950, 2), (2, 20, 0)]),
        ("remove", [edit("a", 1, REMOVE)], [(0, 0, 0), (2, 20, 0)]),
        ("the last decided", [edit("a", 1, REMOVE, decided=2), edit("b", 1, SET, 10, decided=1)],
         [(0, 0, 0), (2, 20, 0)]),
        ("as it came", [edit("a", 1, REMOVE), edit("b", 1, RESTORE, decided=1)],
         [(0, 0, 0), (1, 900, 0), (1, 901, 0), (2, 20, 0)]),
    ],
)  # fmt: skip
def test_edits(why: str, edits: list[Edit], counts: list[tuple[float, int, int]]) -> None:
    raw = reads((0, 0), (1, 900), (1, 901), (2, 20))
    for seed in range(3):
        shuffled, repeated = raw[:], edits + edits
        random.Random(seed).shuffle(shuffled)
        random.Random(seed).shuffle(repeated)
        found = edited(readings=shuffled, edits=repeated)
        assert [((e.at_us - BEGIN_US) / HOUR_US, *e[1:]) for e in found] == counts, why


def test_everything_about_an_instant_is_kept() -> None:
    edits = [edit("b", 1, RESTORE, decided=1), edit("a", 1, SET, 10), edit("c", 2, REMOVE)]
    known = history(at_us=hour(1), readings=reads((1, 901), (1, 900), (2, 20)), edits=edits)
    assert known.raw == known.counts == tuple(reads((1, 900), (1, 901)))
    assert [each.edit_id for each in known.edits] == ["a", "b"]


def test_an_edit_makes_the_charge_of_days_follow() -> None:
    """One implausible leap; a person removes it; two days get what was theirs."""
    raw = reads((0, 0), (24, 2_000), (30, 900_000), (48, 900_500))
    before, _ = usage_of(raw, 48)
    after, _ = usage_of(
        edited(readings=raw, edits=[edit("a", 30, REMOVE), edit("b", 48, SET, 3_000)]), 48
    )
    day = date(2026, 11, 2)
    assert before == {(date(2026, 11, 1), "all"): 2_000, (day, "all"): 500}
    assert usage_difference(before=before, after=after) == {(day, "all"): 500}


def test_edits_that_say_too_little_or_contradict_themselves_are_refused() -> None:
    with pytest.raises(ValueError, match="needs the name of who decides"):
        Edit(edit_id="a", meter="m", at_us=0, kind=REMOVE, by=" ", reason="x", decided_us=0)
    with pytest.raises(ValueError, match="only a set has one"):
        edit("a", 1, SET)
    with pytest.raises(ValueError, match="only a set has one"):
        edit("a", 1, REMOVE, 5)
    with pytest.raises(ValueError, match="-5 Wh, which is negative"):
        edit("a", 1, SET, -5)
    with pytest.raises(ValueError, match="came with two contents"):
        edited(readings=[], edits=[edit("a", 1, SET, 5), edit("a", 1, SET, 6)])
