"""When a household is shown to a person, and when not: tables, and properties of all histories."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hardship_cases import CALENDAR, CNY, DAY, at, example_policy
from hypothesis import given
from hypothesis import strategies as st

from billing.hardship.explain import explain
from billing.hardship.explain_texts import INDICATORS, LEVELS, Language
from billing.hardship.levels import Step, assess, level_of, next_flag
from billing.hardship.policy import InvalidPolicy, canonical, document_of, policy_of, read_policy
from billing.hardship.spans import is_night, spans_of, within_us
from billing.hardship.values import (
    KINDS,
    AccountEvent,
    Assessment,
    Doubt,
    EndedBy,
    EventKind,
    Evidence,
    Flag,
    Household,
    Kind,
    Level,
    Name,
    Ratio,
    Span,
    TopUp,
)
from prewatt_metering.calendar.instants import HOUR_US

POLICY = example_policy()
TODAY = date(2026, 12, 15)
ACCOUNT, OLD, NEW = UUID(int=1), UUID(int=2), UUID(int=3)
NOW = datetime(2026, 12, 16, tzinfo=UTC)


def off(days_ago: int, hours: float | None) -> Span:
    begin = at(TODAY - days_ago * DAY, 12)
    return Span(begin, None if hours is None else begin + int(hours * HOUR_US))


def buys(every: float, days: range, amount: int, hour: float = 12) -> list[TopUp]:
    """Over the days ago, the farthest first."""
    ago, found = float(days.stop - 1), []
    while ago >= days.start:
        found.append(TopUp(at(TODAY - int(ago) * DAY, hour), amount * CNY))
        ago -= every
    return found


def use(now_wh: int, before_wh: int, days: int = 42) -> dict[date, int]:
    return {TODAY - n * DAY: now_wh if n < 14 else before_wh for n in range(days)}


BEFORE = buys(10, range(28, 112), 100)
COLD, SAME = Ratio(100, 1_300_000), Ratio(100, 1_000_000)
HISTORIES = {
    "nothing": ({}, set()),
    "off once, for a day": ({"off": [off(9, 24)]}, set()),
    "off twice, for three hours": ({"off": [off(9, 3), off(5, 3)]}, {"ran_out"}),
    "off twice, once too short": ({"off": [off(9, 2.9), off(5, 3)]}, set()),
    "off twice, once before the window": ({"off": [off(29, 4), off(5, 3)]}, set()),
    "one that reaches into the window counts from there": (
        {"off": [off(28, 16), off(5, 3)]},
        {"ran_out"},
    ),
    "off since yesterday noon": ({"off": [off(1, None)]}, {"stays_off"}),
    "off since noon": ({"off": [off(0, None)]}, set()),
    "off for ever": ({"off": [off(200, None)]}, {"stays_off"}),
    "tiny": ({"top_ups": [*BEFORE, *buys(5, range(28), 50)]}, {"tiny_top_ups"}),
    "a little more": ({"top_ups": [*BEFORE, *buys(5, range(28), 51)]}, set()),
    "tiny, but three only": ({"top_ups": [*BEFORE, *buys(9, range(1, 26), 40)]}, set()),
    "tiny, and no habit": ({"top_ups": [*BEFORE[:2], *buys(5, range(28), 10)]}, set()),
    "more often": ({"top_ups": [*BEFORE, *buys(3, range(28), 100)]}, {"more_often"}),
    "often as ever": (
        {"top_ups": [*buys(3, range(28, 112), 100), *buys(3, range(28), 100)]},
        set(),
    ),
    "at night": ({"top_ups": buys(9, range(28), 100, hour=23.5)}, {"late_at_night"}),
    "before dawn": ({"top_ups": buys(9, range(28), 100, hour=4.9)}, {"late_at_night"}),
    "at dawn": ({"top_ups": buys(9, range(28), 100, hour=5)}, set()),
    "credit three times": (
        {"credit": [off(20, 5), off(12, 5), off(3, 5)]},
        {"emergency_credit"},
    ),
    "credit for ten days": ({"credit": [off(9, None)]}, {"emergency_credit"}),
    "credit for nine days": ({"credit": [off(8, None)]}, set()),
    "use fell": ({"used_wh": use(6_000, 10_000), "neighbours": SAME}, {"use_fell"}),
    "use fell with all": (
        {"used_wh": use(6_000, 10_000), "neighbours": Ratio(99, 700_000)},
        set(),
    ),
    "use fell to nothing": ({"used_wh": use(1_000, 10_000), "neighbours": SAME}, set()),
    "use fell, few neighbours": (
        {"used_wh": use(6_000, 10_000), "neighbours": Ratio(19, 1_000_000)},
        set(),
    ),
    "use fell, few days": (
        {"used_wh": use(6_000, 10_000, days=30), "neighbours": SAME},
        set(),
    ),
    "not warmed": ({"used_wh": use(9_000, 10_000), "neighbours": COLD}, {"not_warmed"}),
    "warmed a little": ({"used_wh": use(9_100, 10_000), "neighbours": COLD}, set()),
    "no cold": ({"used_wh": use(9_000, 10_000), "neighbours": SAME}, set()),
}


@pytest.mark.parametrize("name", HISTORIES)
def test_which_indicators_hold(name: str) -> None:
    known, expected = HISTORIES[name]
    household = Household(account_id=ACCOUNT, day=TODAY, **known)
    found = assess(household, policy=POLICY, calendar=CALENDAR)
    assert {each.name for each in found.evidence} == expected
    for each in found.evidence:
        assert all(TODAY - 28 * DAY < day <= TODAY for day in each.days) or (
            each.name is Name.STAYS_OFF
        )


def held(*names: Name) -> list[Evidence]:
    return [Evidence(name=each, numbers={}) for each in names]


LEVELS_OF = [
    ([], None),
    ([Name.USE_FELL, Name.NOT_WARMED], None),
    ([Name.TINY_TOP_UPS], None),
    ([Name.TINY_TOP_UPS, Name.MORE_OFTEN], None),
    ([Name.TINY_TOP_UPS, Name.MORE_OFTEN, Name.LATE_AT_NIGHT], Level.WATCH),
    ([Name.EMERGENCY_CREDIT, Name.USE_FELL], Level.WATCH),
    ([Name.RAN_OUT], Level.WATCH),
    ([Name.STAYS_OFF, Name.USE_FELL, Name.NOT_WARMED], Level.WATCH),
    ([Name.RAN_OUT, Name.STAYS_OFF], Level.LIKELY),
    ([Name.STAYS_OFF, Name.TINY_TOP_UPS], Level.LIKELY),
]


@pytest.mark.parametrize(("names", "level"), LEVELS_OF)
def test_how_sure_it_is(names: list[Name], level: Level | None) -> None:
    assert level_of(held(*names), ()) is level
    doubted = level_of(held(*names), (Doubt.MAY_BE_EMPTY,))
    assert doubted is (Level.WATCH if level is Level.LIKELY else level)


@given(st.sets(st.sampled_from(Name)), st.sets(st.sampled_from(Name)))
def test_more_signs_never_make_it_less(some: set[Name], more: set[Name]) -> None:
    order = [None, Level.WATCH, Level.LIKELY]
    level, with_more = (level_of(held(*each), ()) for each in (some, some | more))
    assert order.index(with_more) >= order.index(level)
    if {KINDS[each] for each in some} <= {Kind.USE}:
        assert level is None, "use alone shows nobody"


def test_a_dwelling_that_was_empty_before_is_doubted() -> None:
    gone = {TODAY - n * DAY: 300 if n < 12 else 9_000 for n in range(60)}
    for used, doubts in ((gone, [Doubt.MAY_BE_EMPTY]), (use(9_000, 9_000, 60), [])):
        household = Household(account_id=ACCOUNT, day=TODAY, off=[off(4, None)], used_wh=used)
        found = assess(household, policy=POLICY, calendar=CALENDAR)
        assert (found.level, list(found.doubts)) == (Level.WATCH, doubts)


EVENTS = st.lists(
    st.tuples(
        st.sampled_from([EventKind.SUPPLY_OFF, EventKind.SUPPLY_ON, EventKind.TOP_UP]),
        st.integers(0, 50),
    )
)


@given(EVENTS, st.randoms(use_true_random=False))
def test_spans_hang_on_no_order_and_do_not_overlap(some, chance) -> None:
    def spans(pairs):
        events = [AccountEvent(ACCOUNT, kind, str(at_us), at_us, 1) for kind, at_us in pairs]
        return spans_of(events, begin=EventKind.SUPPLY_OFF, end=EventKind.SUPPLY_ON)

    shuffled = [*some, *some]
    chance.shuffle(shuffled)
    found = spans(some)
    assert spans(shuffled) == found
    for one, after in pairwise(found):
        assert one.end_us is not None
        assert one.end_us <= after.begin_us
    assert sum(each.end_us is None for each in found) <= 1
    assert all(0 <= within_us(each, 10, 20) <= 10 for each in found)


def test_hours_of_the_night_are_local_and_pass_midnight() -> None:
    day = [is_night(CALENDAR, at(TODAY, hour), from_hour=23, until_hour=5) for hour in range(24)]
    assert [hour for hour, night in enumerate(day) if night] == [0, 1, 2, 3, 4, 23]


def flag(**changes: object) -> Flag:
    standing = Flag(
        id=OLD,
        account_id=ACCOUNT,
        level=Level.WATCH,
        doubts=(),
        evidence=held(Name.RAN_OUT),
        first_day=TODAY - 20 * DAY,
        last_true_day=TODAY - DAY,
        policy_version=1,
        raised_at=NOW - 20 * DAY,
    )
    return replace(standing, **changes)


def step(standing: Flag | None, level: Level | None, dealt_with: int | None = None) -> Step:
    """``dealt_with``: so many days ago."""
    evidence = held(Name.STAYS_OFF) if level else ()
    return next_flag(
        account_id=ACCOUNT,
        standing=standing,
        dealt_with=None if dealt_with is None else TODAY - dealt_with * DAY,
        found=Assessment(level=level, evidence=evidence),
        day=TODAY,
        policy=POLICY,
        policy_version=2,
        now=NOW,
        new_id=NEW,
    )


def test_a_flag_is_raised_once_and_kept() -> None:
    assert step(None, None) == Step()
    raised = step(None, Level.LIKELY)
    assert raised.is_new
    assert raised.stands is not None
    assert (raised.stands.first_day, raised.stands.last_true_day) == (TODAY, TODAY)
    kept = step(flag(), Level.LIKELY)
    assert kept.stands is not None
    assert not kept.is_new
    assert (kept.stands.id, kept.stands.level, kept.stands.first_day) == (
        OLD,
        Level.LIKELY,
        TODAY - 20 * DAY,
    )
    assert kept.stands.raised_at == NOW - 20 * DAY
    again = replace(kept.stands)
    assert step(again, None) == Step(stands=again), "the same day again changes nothing"


def test_a_flag_ends_after_quiet_days() -> None:
    quiet = flag(last_true_day=TODAY - 6 * DAY)
    assert step(quiet, None) == Step(stands=quiet)
    ended = step(flag(last_true_day=TODAY - 7 * DAY), None).ended
    assert ended is not None
    assert (ended.ended_day, ended.ended_by) == (TODAY, EndedBy.CLEARED)


def test_who_was_dealt_with_is_left_in_peace_for_a_time() -> None:
    assert step(None, Level.LIKELY, 29) == Step()
    assert step(None, Level.LIKELY, 30).is_new
    standing = flag(first_day=TODAY - 40 * DAY)
    resting = step(standing, Level.LIKELY, 29)
    assert (resting.ended, resting.is_new) == (None, False)
    anew = step(standing, Level.LIKELY, 30)
    assert anew.is_new
    assert anew.ended is not None
    assert anew.ended.ended_by is EndedBy.RAISED_ANEW
    of_another = step(flag(), Level.LIKELY, 50)
    assert not of_another.is_new, "what was done about an earlier flag is not about this one"


def test_a_policy_is_checked_and_read_back() -> None:
    assert read_policy(canonical(POLICY)) == POLICY == policy_of(document_of(POLICY))
    for change, said in (
        ({"timezone": "Mars/Olympus"}, "no timezone"),
        ({"window_days": 3}, "window_days"),
        ({"nonsense": 1}, "nonsense"),
        ({"indicators": {"ran_out": {"times": 2}}}, "source"),
    ):
        with pytest.raises(InvalidPolicy, match=said):
            policy_of(document_of(POLICY) | change)


def test_every_flag_can_be_explained_in_each_language() -> None:
    signs = {
        "off": [off(20, 5), off(9, 5), off(2, None)],
        "top_ups": [*BEFORE, *buys(3, range(28), 10, hour=23.5)],
        "credit": [off(20, 5), off(12, 5), off(3, 5)],
        "used_wh": use(6_000, 10_000, 80),
        "neighbours": COLD,
    }
    found = assess(
        Household(account_id=ACCOUNT, day=TODAY, **signs), policy=POLICY, calendar=CALENDAR
    )
    assert {each.name for each in found.evidence} == set(Name)
    whole = flag(level=Level.LIKELY, evidence=found.evidence, doubts=[Doubt.MAY_BE_EMPTY])
    for language in Language:
        text = explain(whole, policy=POLICY, number="100001", currency="CNY", language=language)
        assert "{" not in text
        assert len(text.splitlines()) == 1 + len(Name) + 1 + 1
        assert "100001" in text
        assert "10.00 CNY" in text
        assert set(INDICATORS[language]) == set(Name)
        assert set(LEVELS[language]) == set(Level)
    assert timedelta(days=POLICY.rest_days) > timedelta(0)
