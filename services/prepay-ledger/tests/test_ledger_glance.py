"""Whom a glance does for, as properties: pure."""

from collections.abc import Iterable, Sequence
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_looks import DAY, FIRST, LOOK, PRICINGS, TODAY, at, day_of, hourly, meter, punctual

from prepay_ledger.looks.glance import USUAL_BACK, glance_first, is_ordinary
from prepay_ledger.looks.look import BACK, USE_BACK, Look, RecentMeter, look_at
from prewatt_metering.calendar.instants import DAY_US, HOUR_US
from prewatt_metering.registers.readings import Reading
from prewatt_metering.registers.spans import Span
from prewatt_metering.vee.findings import Finding

STEPS = st.lists(
    st.tuples(
        st.sampled_from([1, 1, 1, 1, 2, 6, 23, 25, 30, 80]),  # hours since the reading before
        st.sampled_from([0, 100, 100, 100, 900, 15_000]),  # Wh since then
        st.sampled_from([0, 0, 0, 0, 0, 3, 30]),  # hours that it came late
        st.integers(1, 40),  # so many alike
    ),
    min_size=1,
    max_size=12,
)
RELAYS = st.lists(st.tuples(st.integers(0, 1_800), st.integers(1, 200)), max_size=2)


def lived(steps: Iterable[tuple[int, int, int, int]]) -> list[tuple[int, Reading]]:
    """Readings with the instant at which they came."""
    at_us, total, came = at(-3), 0, []
    for hours, wh, late_h, times in steps:
        for _ in range(times):
            at_us, total = at_us + hours * HOUR_US, total + wh
            came.append((at_us + late_h * HOUR_US, Reading(at_us, total)))
    return came


def used(came: Iterable[Reading]) -> dict[date, int]:
    """Wh of the days that ended, as the ledger has them; roughly: what a reading rose by is all of
    its own day."""
    days: dict[date, int] = {}
    last: Reading | None = None
    for each in sorted(came):
        if last is not None:
            day = day_of(each.at_us - 1)
            days[day] = days.get(day, 0) + each.register_wh - last.register_wh
        last = each
    return {day: wh for day, wh in days.items() if last is None or day < day_of(last.at_us)}


def known_by(
    now_us: int, came: Iterable[tuple[int, Reading]], *, first: date, use_first: date
) -> RecentMeter:
    """What is loaded for a look at ``now_us``."""
    there = [(day_of(came_us), each) for came_us, each in came if came_us <= now_us]
    before = max((day for day, _ in there if day < first), default=first)
    days = {day: wh for day, wh in used(each for _, each in there).items() if day >= use_first}
    return meter([each for each in there if each[0] >= before], days=days, from_us=at(-3))


@settings(max_examples=40, deadline=None)
@given(steps=STEPS, relays=RELAYS, hours=st.lists(st.integers(0, 20), min_size=40, max_size=40))
def test_glances_find_what_looking_every_day_would(steps, relays, hours):
    """Day after day: who is only glanced at has the findings that a look would give."""
    came = lived(steps)
    spans = [Span(at(begin / 24), at((begin + lasts) / 24)) for begin, lasts in relays]
    kept: list[Finding] = []
    previous: date | None = None
    derived_us = -1
    for number, hour in enumerate(hours):
        today = FIRST + number * DAY
        now_us = LOOK.calendar.first_instant_us(today) + (2 + hour) * HOUR_US
        look = Look(
            calendar=LOOK.calendar, first=today - BACK, now_us=now_us, silence_borne_us=DAY_US
        )
        open_by_now = [
            Span(s.begin_us, s.end_us if s.end_us is not None and s.end_us <= now_us else None)
            for s in spans
            if s.begin_us <= now_us
        ]
        whole = known_by(now_us, came, first=look.first, use_first=today - USE_BACK)
        due = look_at(whole, relay_open=open_by_now, look=look, pricings=PRICINGS)
        # What comes out of order is derived anew, so the meter is due.
        is_due = any(
            derived_us < came_us <= now_us
            and any(o.at_us > each.at_us and o_us <= came_us for o_us, o in came)
            for came_us, each in came
        )
        derived_us = now_us
        ordinary = False
        if previous is not None and not is_due:
            first = glance_first(previous)
            first_us, over_us = map(LOOK.calendar.first_instant_us, (first, look.first))
            ordinary = not any(
                each.end_us > first_us or each.end_us <= over_us for each in kept
            ) and is_ordinary(
                known_by(now_us, came, first=first, use_first=first - USUAL_BACK),
                relay_open=open_by_now, first=first, look=look, pricings=PRICINGS,
            )  # fmt: skip
        if not ordinary:
            kept = due
        assert sorted(map(_of_any_length, kept)) == sorted(map(_of_any_length, due)), today
        previous = today


def _of_any_length(finding: Finding) -> tuple[object, ...]:
    """What began before the days that a look reaches back to is told as it was when it ended; a
    look that knows less of it now would say that it began later."""
    is_stretch = finding.check in ("VEE-09", "VEE-11", "VEE-12", "VEE-13")
    begin = () if is_stretch else (finding.begin_us, finding.before, finding.after)
    return (finding.check, finding.end_us, *begin)


def test_most_meters_are_ordinary():
    days = {FIRST + n * DAY: 2_400 for n in range(-40, 35)}
    looked = meter(punctual(hourly(-9)), days=days)
    first = glance_first(TODAY - DAY)

    def ordinary(relay_open: Sequence[Span] = ()) -> bool:
        return is_ordinary(looked, relay_open=relay_open, first=first, look=LOOK, pricings=PRICINGS)

    assert ordinary()
    assert ordinary([Span(at(3), at(4))])
    assert not ordinary([Span(at(3), None)])
