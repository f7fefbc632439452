"""The fast path is the slow one: reading by reading, and over a batch."""

import os
import random
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewatt_metering.calendar.instants import DAY_US, HOUR_US
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.calendar.slots import DaySlots, slots_of_day
from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.meters import MeterFacts
from prewatt_metering.registers.readings import Quality, Reading
from prewatt_metering.usage.batch import STEP_WH_MAX, append_many, open_days, put
from prewatt_metering.usage.days import DayUsage, day_usage
from prewatt_metering.usage.open_day import OpenDay, append, open_day, turn
from prewatt_metering.vee.steps import step_rule
from prewatt_metering.vee.trust import Trust, trusted

SETS = int(os.environ.get("PREWATT_ORACLE_SETS", "60"))
BERLIN = LocalCalendar("Europe/Berlin")
AUTUMN = date(2026, 10, 25)  # 25 hours
BEGIN_US = BERLIN.first_instant_us(AUTUMN)
PLACE = Installation(meter="m", account="A", multiplier=3)
FACTS = MeterFacts(meter="m", modulus_wh=1_000_000, resolution_wh=1, max_w=30_000)
RULE = step_rule(facts=FACTS, installation=PLACE)


def name_at(minute: int) -> str:
    return "day" if 6 * 60 <= minute < 22 * 60 else "dear" if 120 <= minute < 150 else "night"


def slots_of(day: date) -> DaySlots:
    return slots_of_day(BERLIN, day, name_at, [120, 150, 360, 1320])


def trust_of(readings: list[Reading], place: Installation = PLACE) -> Trust:
    return trusted(readings=readings, installation=place, facts=FACTS)


def state_of(readings: list[Reading], place: Installation = PLACE) -> OpenDay | None:
    return open_day(
        trust=trust_of(readings, place), installation=place, calendar=BERLIN, slots_of=slots_of
    )


def usage_of(readings: list[Reading], place: Installation = PLACE) -> DayUsage:
    return day_usage(
        intervals=trust_of(readings, place).intervals,
        installation=place,
        calendar=BERLIN,
        slots_of=slots_of,
    )


def random_readings(rng: random.Random) -> list[Reading]:
    """Up to three weeks: mostly ordinary, so that the fast path is often taken."""
    at_us, register = BEGIN_US - rng.randrange(20) * DAY_US, rng.randrange(1_000_000)
    odd, step_us = rng.choice([0, 0, 0.02, 0.1]), rng.choice([1, 6, 24]) * HOUR_US
    readings = list[Reading]()
    for _ in range(rng.randrange(2, 40)):
        at_us += rng.choice([step_us, step_us, step_us // 3 + 1, 7 * step_us])
        register = (register + rng.randrange(2_000)) % 1_000_000
        value = rng.randrange(-5, 1_000_005) if rng.random() < odd else register
        readings.append(Reading(at_us, value))
    return readings


@pytest.mark.parametrize("seed", range(SETS))
def test_one_more_reading(seed: int) -> None:
    rng = random.Random(seed)
    readings = random_readings(rng)
    place = PLACE
    if rng.random() < 0.5:
        some = rng.choice(readings).at_us + rng.choice([-1, 0, 1])
        place = Installation(
            meter="m",
            account="A",
            from_us=readings[0].at_us + rng.choice([0, HOUR_US]) if rng.random() < 0.5 else None,
            to_us=max(some, readings[0].at_us + HOUR_US) if rng.random() < 0.5 else None,
            multiplier=3,
        )
    for count in range(2, len(readings)):
        check_next(readings[:count], readings[count], place)


def check_next(before: list[Reading], reading: Reading, place: Installation) -> None:
    state = state_of(before, place)
    if state is None:
        return
    day, used = state.slots.day, usage_of(before, place)
    assert state.usage() == {key: wh for key, wh in used.items() if key[0] == day}
    after, closed = append(state=state, reading=reading, rule=RULE), DayUsage()
    turned = turn(state=state, reading=reading, rule=RULE, slots_of=slots_of)
    if turned is not None:
        assert after is None
        after, closed = turned.state, turned.closed
    if after is None:
        return
    earlier = {key: wh for key, wh in used.items() if key[0] < day}
    slow = usage_of([*before, reading], place)
    assert {**earlier, **closed, **after.usage()} == slow
    assert not closed.keys() & after.usage().keys()
    assert trust_of([*before, reading], place).findings == trust_of(before, place).findings
    again = state_of([*before, reading], place)
    if again is not None and again.slots == after.slots:
        assert again.piece_wh == after.piece_wh
        assert (again.last_at_us, again.last_wh) == (after.last_at_us, after.last_wh)


def test_a_day_that_a_zone_skips_is_passed_over() -> None:
    apia = LocalCalendar("Pacific/Apia")  # went from 29 to 31 December 2011

    def apia_slots(day: date) -> DaySlots:
        return slots_of_day(apia, day, lambda _: "all", [])

    place = Installation(meter="m", account="A")
    begin_us = apia.first_instant_us(date(2011, 12, 29))
    readings = [Reading(begin_us + n * HOUR_US, n) for n in (0, 1, 40)]
    state = open_day(
        trust=trust_of(readings[:2], place), installation=place, calendar=apia, slots_of=apia_slots
    )
    assert state
    rule = step_rule(facts=FACTS, installation=place)
    turned = turn(state=state, reading=readings[2], rule=rule, slots_of=apia_slots)
    assert turned
    assert {**turned.closed, **turned.state.usage()} == day_usage(
        intervals=trust_of(readings, place).intervals,
        installation=place,
        calendar=apia,
        slots_of=apia_slots,
    )


QUIET = [Reading(BEGIN_US + n * HOUR_US, 100 * n) for n in (-2, 0, 1)]


@pytest.mark.parametrize(
    ("why", "reading", "is_fast"),
    [
        ("the next", Reading(BEGIN_US + 2 * HOUR_US, 150), True),
        ("at the end of the day", Reading(BEGIN_US + 25 * HOUR_US, 150), True),
        ("of the next day", Reading(BEGIN_US + 25 * HOUR_US + 1, 150), True),
        ("after days of silence", Reading(BEGIN_US + 90 * HOUR_US, 150), True),
        ("the same again", QUIET[-1], False),
        ("late", Reading(BEGIN_US, 100), False),
        ("fallen", Reading(BEGIN_US + 2 * HOUR_US, 99), False),
        ("more than can flow", Reading(BEGIN_US + 2 * HOUR_US, 10_102), False),
        ("as much as can", Reading(BEGIN_US + 2 * HOUR_US, 10_101), True),
        ("out of range", Reading(BEGIN_US + 2 * HOUR_US, 1_000_000), False),
        ("edited", Reading(BEGIN_US + 2 * HOUR_US, 150, Quality.EDITED), False),
    ],
)
def test_which_reading_is_fast(*, why: str, reading: Reading, is_fast: bool) -> None:
    state = state_of([Reading(each.at_us, max(0, each.register_wh)) for each in QUIET])
    assert state
    same_day = append(state=state, reading=reading, rule=RULE)
    later_day = turn(state=state, reading=reading, rule=RULE, slots_of=slots_of)
    assert (same_day is not None, later_day is not None).count(True) == is_fast, why
    assert not later_day or reading.at_us > state.slots.end_us


def test_seven_days_after_something_unusual_it_is_fast_again() -> None:
    days = [Reading(BEGIN_US - (9 - n) * DAY_US, 1_000 + n) for n in range(9)]
    days[1] = Reading(days[1].at_us, 900_000)
    for count, is_fast in ((7, False), (8, False), (9, True)):
        state = state_of([*days[:count], Reading(days[count - 1].at_us + 1, 1_000 + count)])
        assert state
        reading = Reading(state.last_at_us + HOUR_US, 1_000 + count)
        assert (append(state=state, reading=reading, rule=RULE) is not None) is is_fast, count


def test_nothing_is_open_where_the_next_reading_has_to_be_looked_at() -> None:
    assert state_of([]) is None
    assert state_of(QUIET[1:2]) is None
    fallen = [*QUIET[1:], Reading(BEGIN_US + 2 * HOUR_US, 10)]
    assert state_of(fallen) is None
    ended = Installation(meter="m", account="A", to_us=QUIET[-1].at_us, multiplier=3)
    assert state_of(QUIET[1:], ended) is None
    later = Installation(meter="m", account="A", from_us=QUIET[-1].at_us + 1, multiplier=3)
    assert state_of(QUIET[1:], later) is None


metering_steps = st.lists(
    st.tuples(
        st.integers(-HOUR_US, 26 * HOUR_US),
        st.one_of(st.integers(-5, 4_000), st.just(10**6), st.just(2**62), st.just(-(2**62))),
    ),
    min_size=1,
    max_size=12,
)


@given(
    firsts=metering_steps,
    steps=metering_steps,
    multiplier=st.sampled_from([1, 3, 1_000_000]),
    max_w=st.sampled_from([500, 69_000, 10**12]),
    modulus_wh=st.sampled_from([None, 1_000_000]),
)
def test_a_batch_is_the_scalar_one_by_one(
    firsts: list[tuple[int, int]],
    steps: list[tuple[int, int]],
    multiplier: int,
    max_w: int,
    modulus_wh: int | None,
) -> None:
    place = Installation(meter="m", account="A", multiplier=multiplier)
    facts = MeterFacts(meter="m", modulus_wh=modulus_wh, resolution_wh=1, max_w=max_w)
    rule = step_rule(facts=facts, installation=place)
    base = OpenDay(
        slots=slots_of(AUTUMN),
        piece_wh=(0,) * len(slots_of(AUTUMN).pieces),
        since_us=BEGIN_US,
        last_at_us=BEGIN_US,
        last_wh=1_000,
        quiet_from_us=BEGIN_US,
        served_until_us=BERLIN.end_us(AUTUMN),
    )
    states = [
        append(state=base, reading=Reading(BEGIN_US + at, 1_000 + wh), rule=rule) or base
        for at, wh in firsts
    ]
    count = min(len(states), len(steps))
    days = open_days(states=states, rules=[rule] * len(states))
    rows = np.arange(count)
    readings = [
        Reading(state.last_at_us + at, state.last_wh + wh)
        for state, (at, wh) in zip(states, steps, strict=False)
    ]
    at_us = np.array([each.at_us for each in readings], np.int64)
    register_wh = np.array([each.register_wh for each in readings], np.int64)
    appended = append_many(days=days, rows=rows, at_us=at_us, register_wh=register_wh)
    put(days=days, rows=rows, at_us=at_us, register_wh=register_wh, appended=appended)
    for row, reading in enumerate(readings):
        one = append(state=states[row], reading=reading, rule=rule)
        step_wh = (reading.register_wh - states[row].last_wh) * multiplier
        if one is not None and (step_wh > STEP_WH_MAX or max_w > 10**9):
            assert appended.is_slow[row] or tuple(days.piece_wh[row]) == one.piece_wh
            continue
        assert bool(appended.is_slow[row]) is (one is None)
        expected = one or states[row]
        assert tuple(days.piece_wh[row]) == expected.piece_wh
        assert (days.last_at_us[row], days.last_wh[row]) == (
            expected.last_at_us,
            expected.last_wh,
        )


def test_a_batch_of_two_days_is_refused() -> None:
    one, other = state_of(QUIET[1:]), state_of([Reading(e.at_us - DAY_US, 1) for e in QUIET[1:]])
    assert one
    assert other
    with pytest.raises(ValueError, match="one local day"):
        open_days(states=[one, other], rules=[RULE, RULE])
