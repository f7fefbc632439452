"""The daily look at a meter, as tables: pure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_looks import DAY, FIRST, NOW_US, TODAY, at, day_of, found, hourly, meter, punctual

from prepay_ledger.looks.look import LOOKED_FOR
from prepay_ledger.relays.open_spans import RelayStep, open_spans
from prewatt_common.contracts.base import RelayAction
from prewatt_metering.calendar.instants import DAY_US, HOUR_US, MINUTE_US
from prewatt_metering.registers.readings import Reading
from prewatt_metering.registers.spans import Span
from prewatt_metering.vee.edit import Edit, EditKind


def test_of_a_meter_that_reads_every_hour_nothing_is_found():
    days = {FIRST + n * DAY: 2_400 for n in range(-40, 35)}
    assert found(meter(punctual(hourly(-9)), from_us=at(-100), opening_wh=0, days=days)) == []


@pytest.mark.parametrize(
    ("readings", "installed", "silences"),
    [
        # It goes on, or it ended; a day is borne.
        (hourly(last=33), {}, [(33, None)]),
        (hourly(last=34.2), {}, []),
        ([*hourly(last=9), *hourly(11)], {}, [(9, 11)]),
        ([*hourly(last=9), *hourly(10)], {}, []),
        # Since before the look's first day; what ended by then is told no longer.
        ([(-60, 0)], {}, [(-60, None)]),
        ([(-60, 0), *hourly(3, base_wh=9)], {}, [(-60, 3)]),
        ([(-3, 0), *hourly(-1)], {}, []),
        # From the opening register on, if that is of the look's days or nothing came before.
        (hourly(8), {"from_us": at(4), "opening_wh": 0}, [(4, 8)]),
        (hourly(8, base_wh=9), {"from_us": at(-50), "opening_wh": 0}, [(-50, 8)]),
        (hourly(-9), {"from_us": at(-50), "opening_wh": 0}, []),
        # Nothing came of it at all.
        ([], {"from_us": at(4)}, [(4, None)]),
        ([], {"from_us": at(4), "opening_wh": 7}, [(4, None)]),
        ([], {"from_us": at(34.5)}, []),
        # Nobody waits for a meter that was taken away, or for one that is still to come.
        (hourly(last=9), {"from_us": at(-2), "to_us": at(9.5)}, []),
        (hourly(last=9), {"from_us": at(-2), "to_us": at(11)}, [(9, 11)]),
        (hourly(-9, -8), {"from_us": at(-10), "to_us": at(-5)}, []),
        ([], {"from_us": at(40)}, []),
    ],
)
def test_silences(readings, installed, silences):
    gaps = [each[1:] for each in found(meter(punctual(readings), **installed))]
    assert gaps == [
        (at(begin), (end_us := NOW_US if end is None else at(end)), 86_400,
         (end_us - at(begin)) // 1_000_000)
        for begin, end in silences
    ]  # fmt: skip


def test_a_reading_that_a_person_took_out_ends_no_silence():
    taken_out = Edit(
        edit_id="1", meter="m", at_us=at(10), kind=EditKind.REMOVE, by="w", reason="r",
        decided_us=at(12),
    )  # fmt: skip
    readings = [*hourly(last=9), (10, 24_500), *hourly(11, base_wh=25_000)]
    assert found(meter(punctual(readings))) == []
    (gap,) = found(meter(punctual(readings), edits=[taken_out]))
    assert gap[:3] == ("VEE-10", at(9), at(11))


@pytest.mark.parametrize(
    ("came", "late_s"),
    [
        (at(9) + 23 * HOUR_US, None),  # the day on which it came is its own
        (at(10) + 3 * HOUR_US, None),  # as far as is known it came at midnight, two hours late
        (at(11), 26 * 3600),
        (at(12) + HOUR_US, 50 * 3600),
    ],
)
def test_what_came_days_after_its_time_is_late_by_as_much_at_least(came, late_s):
    behind = (day_of(came), Reading(at(9) + 22 * HOUR_US, 27_150))
    others = [each for each in punctual(hourly()) if each[1].at_us != behind[1].at_us]
    expected = (
        [] if late_s is None else [("VEE-09", behind[1].at_us, behind[1].at_us, 7200, late_s)]
    )
    assert found(meter([*others, behind])) == expected
    # Coming again later is no later.
    again = (TODAY, behind[1])
    assert found(meter([*others, behind, again])) == expected


def test_a_reading_of_more_than_a_year_ago_is_dated_away_and_begins_no_silence():
    old = Reading(at(3) - 380 * DAY_US, 1)
    checks = found(meter([*punctual(hourly()), (day_of(at(3)), old)]))
    assert [each[:3] for each in checks] == [
        ("VEE-09", old.at_us, old.at_us),
        ("VEE-20", old.at_us, old.at_us),
    ]


@pytest.mark.parametrize(
    ("relay_open", "is_found"),
    [
        ([], True),
        ([Span(at(9.1), at(10))], False),  # it had reason to: half a day is left
        ([Span(at(9.1), None)], False),
        ([Span(at(9.1), at(9.4))], True),
        ([Span(at(3), at(4))], True),
    ],
)
def test_a_register_that_stands_still_while_its_relay_was_closed(relay_open, is_found):
    readings = [*hourly(last=9), *((9 + n / 24, 24_000) for n in range(1, 37))]
    readings += [(10.5 + n / 24, 24_000 + n) for n in range(1, 589)]
    checks = found(meter(punctual(readings)), relay_open)
    frozen = [("VEE-11", at(9), at(10.5), 24_000, 24_000)] if is_found else []
    assert [each for each in checks if each[0] == "VEE-11"] == frozen


@pytest.mark.parametrize(
    ("days", "usual_wh"),
    [
        ({}, None),
        ({FIRST + n * DAY: 2_400 for n in range(-20, 2)}, 2_400),
        # Of one that is used on few days nothing is what is usual.
        ({FIRST + n * DAY: 9_000 * (n % 4 == 0) for n in range(-20, 1)}, 0),
    ],
)
def test_a_month_of_nothing(days, usual_wh):
    nothing = days | {FIRST + n * DAY: 0 for n in range(2, 35)}
    readings = [*hourly(last=2), *((2 + n / 4, 7_200) for n in range(1, 133))]
    checks = found(meter(punctual(readings), days=nothing))
    zero = [] if usual_wh == 0 else [
        ("VEE-12", at(2), at(35), None if usual_wh is None else 33 * usual_wh, 0)
    ]  # fmt: skip
    assert [each for each in checks if each[0] == "VEE-12"] == zero
    cut_off = found(meter(punctual(readings), days=nothing), [Span(at(2), None)])
    assert "VEE-12" not in {each[0] for each in cut_off}


@pytest.mark.parametrize(
    ("relay_open", "used"),
    [
        ([], []),
        # Within the five minutes that are left of an hour more can flow than did.
        ([Span(at(9), at(9) + 3 * HOUR_US)], [(1, 2, 1)]),
        # A meter's clock may be off by five minutes, here and there.
        ([Span(at(9), at(9) + HOUR_US)], []),
        ([Span(at(9) - 6 * MINUTE_US, at(9) + HOUR_US + 6 * MINUTE_US)], [(0, 1, 1)]),
        ([Span(at(35) - 2 * HOUR_US, None)], [(26 * 24 - 1, 26 * 24, 1)]),
        # Days of it are one finding; another span is another.
        (
            [Span(at(9), at(12)), Span(at(20) - 6 * MINUTE_US, None)],
            [(1, 3 * 24 - 1, 70), (11 * 24, 26 * 24, 15 * 24)],
        ),
    ],
)
def test_use_while_the_relay_was_open(relay_open, used):
    looked = meter(punctual(hourly(wh=1_000)))
    checks = found(looked, relay_open)
    assert [(each[0], each[1], each[2], each[4]) for each in checks] == [
        ("VEE-13", at(9) + begin * HOUR_US, at(9) + end * HOUR_US, hours * 1_000)
        for begin, end, hours in used
    ]


def test_a_day_far_above_the_days_before_it():
    days = {FIRST + n * DAY: 3_000 for n in range(-20, 34)} | {FIRST + 5 * DAY: 16_000}
    assert found(meter(punctual(hourly()), days=days)) == [("VEE-14", at(5), at(6), 15_000, 16_000)]
    before = {FIRST - 5 * DAY: 16_000}
    assert found(meter(punctual(hourly()), days=days | {FIRST + 5 * DAY: 3_000} | before)) == []


ISSUED = RelayAction.DISCONNECT
BACK_ON = RelayAction.RECONNECT


@pytest.mark.parametrize(
    ("steps", "spans"),
    [
        ([], []),
        ([(ISSUED, 1, None)], []),
        ([(ISSUED, 1, 3)], [(3, None)]),
        ([(ISSUED, 1, 3), (BACK_ON, 8, None)], [(3, 8)]),
        ([(ISSUED, 1, None), (ISSUED, 4, 6), (BACK_ON, 8, None)], [(6, 8)]),
        ([(ISSUED, 1, 3), (ISSUED, 4, 6), (BACK_ON, 8, None)], [(3, 8)]),
        # The answer came after the reconnection was on its way.
        ([(ISSUED, 1, 9), (BACK_ON, 8, None)], []),
        ([(ISSUED, 1, 3), (BACK_ON, 8, None), (BACK_ON, 9, None), (ISSUED, 10, 12)],
         [(3, 8), (12, None)]),
    ],
)  # fmt: skip
def test_when_a_relay_was_open_for_certain(steps, spans):
    assert open_spans(RelayStep(*each) for each in steps) == tuple(Span(*each) for each in spans)


@pytest.mark.parametrize(
    ("steps", "changed", "spans"),
    [
        # Another device hangs there, or somebody else lives there: nothing is certain any more.
        ([(ISSUED, 1, 3)], [0, 5], [(3, 5)]),
        ([(ISSUED, 1, 3)], [5, 5, 9], [(3, 5)]),
        ([(ISSUED, 1, 3), (BACK_ON, 4, None)], [5], [(3, 4)]),
        ([(ISSUED, 1, 3), (BACK_ON, 8, None)], [5], [(3, 5)]),
        # It was changed before the answer, which may be of either.
        ([(ISSUED, 1, 6)], [5], []),
        ([(ISSUED, 1, 5)], [5], []),
        # The next one is cut as well.
        ([(ISSUED, 5, 8)], [5], [(8, None)]),
        ([(ISSUED, 1, 3), (ISSUED, 6, 8)], [5], [(3, 5), (8, None)]),
        ([(ISSUED, 1, 3), (ISSUED, 6, 8), (BACK_ON, 9, None)], [5], [(3, 5), (8, 9)]),
    ],
)
def test_a_relay_is_known_no_longer_than_its_installation_lasts(steps, changed, spans):
    assert open_spans((RelayStep(*each) for each in steps), changed_us=changed) == tuple(
        Span(*each) for each in spans
    )


@given(
    gaps_h=st.lists(st.integers(1, 200), min_size=1, max_size=60),
    wh=st.lists(st.integers(0, 900), min_size=60, max_size=60),
    opened_h=st.integers(0, 400),
)
def test_a_look_needs_no_more_than_the_days_that_it_is_given(gaps_h, wh, opened_h):
    """With every reading of old it finds the same: a meter of years is looked at as quickly."""
    instants, now_us = [], NOW_US
    for gap_h in gaps_h:
        now_us -= gap_h * HOUR_US
        instants.append(now_us)
    total, readings = 0, []
    for at_us, used in zip(reversed(instants), wh, strict=False):
        total += used
        readings.append((day_of(at_us), Reading(at_us, total)))
    from_us = readings[0][1].at_us - opened_h * HOUR_US
    whole = meter(readings, from_us=from_us, opening_wh=0)
    before = [day for day, _ in readings if day < FIRST]
    given = [each for each in readings if each[0] >= max(before, default=FIRST)]
    recent = meter(given, from_us=from_us, opening_wh=0)
    assert found(recent) == found(whole)
    assert {each[0] for each in found(whole)} <= set(LOOKED_FOR)
