"""A channel's breaker and rate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.deliveries.lane import LaneLimits
from notifier.deliveries.rate import Rate
from prewatt_common.peer_breaker import Breaker, BreakerPolicy

POLICY = BreakerPolicy(failures_max=3, first_s=1, longest_s=3)


def room(breaker: Breaker, now_s: float, running: int = 0) -> int:
    return breaker.room(now_s=now_s, slots=8, running=running)


def test_a_peer_that_is_down_is_left_alone_for_longer_and_longer():
    breaker = Breaker(POLICY)
    for second in range(3):
        assert room(breaker, second, running=1) == 7
        breaker.failed(now_s=second)
    assert breaker.is_open
    assert room(breaker, 2.9) == 0
    assert room(breaker, 3) == 1
    assert room(breaker, 3, running=1) == 0
    for trial_s, next_s in ((3, 5), (5, 8), (8, 11)):
        breaker.failed(now_s=trial_s)
        assert (room(breaker, next_s - 0.1), room(breaker, next_s)) == (0, 1)


def test_attempts_from_before_it_opened_do_not_prolong_the_pause():
    breaker = Breaker(POLICY)
    for _ in range(20):
        breaker.failed(now_s=0)
    assert room(breaker, 1) == 1


def test_an_answer_opens_all_slots_and_forgets():
    breaker = Breaker(POLICY)
    for _ in range(3):
        breaker.failed(now_s=0)
    breaker.answered()
    assert room(breaker, 0) == 8
    breaker.failed(now_s=0)
    assert not breaker.is_open


@pytest.mark.parametrize(("slots", "kept"), [(1, 0), (2, 1), (4, 1), (16, 4)])
def test_slots_kept_for_supply_leave_some_for_the_rest(slots, kept):
    assert LaneLimits(slots).for_supply == kept


@given(
    per_s=st.floats(0.1, 50),
    steps=st.lists(st.tuples(st.floats(0, 3), st.integers(0, 100)), max_size=40),
)
def test_never_more_than_the_rate_and_one_second(per_s, steps):
    rate, now_s, sent = Rate(per_s), 0.0, 0
    rate.room(now_s=now_s, wanted=0)
    for step_s, wanted in steps:
        now_s += step_s
        count = rate.room(now_s=now_s, wanted=wanted)
        assert 0 <= count <= wanted
        rate.take(count)
        sent += count
        assert sent <= now_s * per_s + max(1, per_s) + 1e-6


def test_a_slow_rate_says_when_the_next_may_go():
    rate = Rate(0.5)
    assert rate.room(now_s=0, wanted=9) == 1
    rate.take(1)
    assert rate.room(now_s=1, wanted=9) == 0
    assert rate.pause_s() == pytest.approx(1)
    assert Rate(None).room(now_s=0, wanted=9) == 9
