"""What-if simulations: tables of small histories, and what must hold whatever the history."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_what_if import FIRST, KWH, account, books, days, recorded, topup

from prepay_ledger.what_if.hours import evenly, hours_of, spread
from prepay_ledger.what_if.side import Side, of_account
from prepay_ledger.what_if.simulate import simulate
from prepay_ledger.what_if.unknown import unknown_of
from prepay_ledger.what_if.values import Begin, Seen
from prewatt_common.contracts.ledger_events_v1 import SupplyState
from prewatt_common.contracts.supply_policy_v1 import policy_of

S = SupplyState
BUILT_IN = books()
NIGHTS = {
    "calendars": {"night": {"friendly_hours": [{"begin": "22:00", "end": "07:00"}]}},
    "default": {"calendar": "night"},
}


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """Of the range's days, from 0."""
    begin = datetime.combine(FIRST, datetime.min.time(), UTC)
    return begin + timedelta(days=day, hours=hour, minutes=minute)


def run(kwh, opening_kwh, policy=None, *, moves=(), begin=None, seen=(), **of):
    hours = days(len(kwh))
    history, _ = recorded(
        account(opening_kwh * KWH, begin, **of), hours, kwh=kwh, moves=moves, seen=seen
    )
    return history, simulate(history, hours=hours, books=books(policy) if policy else BUILT_IN)


def test_who_has_enough_is_left_alone() -> None:
    _, found = run([24, 24], 49)
    assert (found.cuts, found.warnings, found.dark_hours) == ((), (), 0)
    assert found.balance_micro[-1] == KWH


def test_who_has_used_up_is_cut_in_that_hour_and_uses_nothing_more() -> None:
    history, found = run([24, 24], 30)
    assert (found.cuts, found.dark_hours) == ((30,), 18)
    assert found.balance_micro[-1] == 0
    assert of_account(history, found).not_sold_wh == 18_000


def test_a_payment_brings_it_back_in_the_hour_after() -> None:
    history, found = run([24, 24], 30, moves=[topup(at(1, 10, 20), 5 * KWH)])
    assert found.cuts == (30, 40)
    # It was cut at 06:00, paid at 10:20, is on from 11:00 to 16:00.
    assert np.flatnonzero(~found.is_dark[30:]).tolist() == [5, 6, 7, 8, 9]
    assert of_account(history, found).recovered_micro == 5 * KWH


@pytest.mark.parametrize(
    ("policy", "cuts", "dark"),
    [
        (None, (20,), 28),
        # Held from 22:00 to 07:00; at 20:00 nothing holds.
        (NIGHTS, (20,), 28),
        ({"coming_back": {"balance_above_micro": 10 * KWH}}, (20,), 28),
        ({"load_limit_w": 300}, (), 0),
        ({"protected": True}, (), 0),
        ({"evidence": {"low_balance_notice_minutes": 600}}, (30,), 18),
    ],
)
def test_what_a_policy_asks(policy, cuts, dark) -> None:
    _, found = run([24, 24], 20, policy)
    assert (found.cuts, found.dark_hours) == (cuts, dark)


def test_a_hold_by_the_calendar_ends_in_a_cut() -> None:
    _, found = run([24, 24], 23, NIGHTS)
    assert (found.cuts, found.dark_hours) == ((31,), 17)
    assert found.balance_micro.min() == -8 * KWH


def test_a_limit_instead_of_a_cut() -> None:
    _, found = run([24, 24], 20, {"load_limit_w": 300})
    assert found.limits == (20,)
    assert found.balance_micro[-1] == -28 * KWH


def test_warned_once_at_each_limit_and_again_after_a_payment() -> None:
    policy = {"warnings": {"below_micro": [10 * KWH, 5 * KWH]}}
    _, found = run([24, 24], 30, policy, moves=[topup(at(1, 2), 20 * KWH)])
    # Limits passed at 20 and 25; the payment is credited at 27; passed anew at 40 and 45.
    assert found.warnings == (20, 25, 40, 45)
    assert found.cuts == ()


def test_warned_by_a_share_of_the_last_topup() -> None:
    policy = {"warnings": {"below_topup_ppm": [500_000]}}
    _, found = run([24, 24], 30, policy, last_topup_micro=20 * KWH)
    assert found.warnings == (20,)


@pytest.mark.parametrize(
    ("begin", "dark"),
    [
        (Begin(), 24),
        (Begin(state=S.DISCONNECTED, is_dark=True), 24),
        (Begin(state=S.PENDING), 24),
        (Begin(state=S.DISCONNECTING), 24),
        (Begin(state=S.RECONNECTING, is_dark=True), 24),
    ],
)
def test_who_begins_without_money_is_dark_from_the_first_hour(begin, dark) -> None:
    assert run([24], -1, begin=begin)[1].dark_hours == dark


def test_who_begins_dark_is_cut_no_second_time_and_needs_a_restored_balance() -> None:
    begin = Begin(state=S.DISCONNECTED, is_dark=True, owed_micro=KWH)
    policy = {"coming_back": {"balance_above_micro": 3 * KWH}}
    moves = [topup(at(0, 3), 4 * KWH), topup(at(0, 8), KWH)]
    _, found = run([0], -1, policy, begin=begin, moves=moves)
    assert (found.cuts, found.dark_hours) == ((), 9)


@pytest.mark.parametrize(
    ("policy", "limits", "cuts"),
    [
        ({"load_limit_w": 300}, 0, 0),
        # It is limited already, only lower.
        ({"load_limit_w": 200}, 0, 0),
        # A cut in its place.
        (None, 0, 1),
    ],
)
def test_who_begins_limited(policy, limits, cuts) -> None:
    begin = Begin(state=S.LIMITED, limit_w=300, owed_micro=KWH)
    _, found = run([24], -1, policy, begin=begin)
    assert (len(found.limits), len(found.cuts)) == (limits, cuts)


def test_a_share_of_the_dues_brings_back_for_its_days() -> None:
    begin = Begin(state=S.DISCONNECTED, is_dark=True, owed_micro=10 * KWH)
    policy = {"coming_back": {"dues_share_ppm": 500_000, "dues_days": 1}}
    _, found = run([0, 0, 0], -10, policy, begin=begin, moves=[topup(at(0, 4), 5 * KWH)])
    # On from 05:00 for a day.
    assert (found.cuts, found.dark_hours) == ((29,), 5 + 43)


def test_without_agreement_or_meter_nobody_is_cut() -> None:
    assert run([24], 1, agreements=[])[1].cuts == ()
    assert run([24], 1, serves=[])[1].cuts == ()
    served = [(at(-9, 0), at(0, 12))]
    assert run([24, 24], 1, serves=served)[1].dark_hours == 11


def test_an_account_is_decided_about_from_its_opening_on() -> None:
    moves = [topup(at(0, 10, 20), 30 * KWH)]
    policy = {"warnings": {"below_micro": [20 * KWH]}}
    _, found = run([0, 24], 0, policy, moves=moves, opened_at=at(0, 10, 20))
    assert (found.warnings, found.cuts) == ((34,), ())
    assert found.balance_micro[[0, 10, 11, 48]].tolist() == [0, 0, 30 * KWH, 6 * KWH]


def test_protected_for_a_time() -> None:
    assert run([24, 24], 10, protected=[(at(0, 5), at(1, 6))])[1].cuts == (30,)


def test_what_happened_is_told_from_decisions() -> None:
    """Cut at 10:20 with nothing left, paid at 15:20 and back a second later: 11 of 24 kWh were used
    by then."""
    hours = days(2)
    seen = [
        Seen(at(0, 8), S.WARNED, is_dark=False, balance_micro=2 * KWH, is_warned=True),
        Seen(at(0, 10, 20), S.DISCONNECTING, is_dark=False, balance_micro=0, is_warned=False),
        Seen(at(0, 10, 20), S.DISCONNECTED, is_dark=True, balance_micro=0, is_warned=False),
        Seen(at(0, 15, 20), S.RECONNECTING, is_dark=True, balance_micro=99 * KWH, is_warned=False),
        Seen(at(0, 15, 21), S.CONNECTED, is_dark=False, balance_micro=99 * KWH, is_warned=False),
    ]
    moves = [topup(at(0, 15, 20), 99 * KWH)]
    history, happened = recorded(
        account(11 * KWH, low_balance_micro=2 * KWH), hours, kwh=[24, 24], moves=moves, seen=seen
    )
    assert happened.cuts == (11,)
    assert happened.warnings == (8,)
    assert np.flatnonzero(happened.is_dark).tolist() == [11, 12, 13, 14, 15]
    assert happened.balance_micro[[8, 11, 16, 24]].tolist() == [
        2 * KWH, 0, 99 * KWH, 86 * KWH,
    ]  # fmt: skip
    # What would have been used in the dark is the mean of the 43 hours with supply.
    assert history.use_micro[12] == 48 * KWH // 43
    again = simulate(history, hours=hours, books=BUILT_IN)
    assert (again.cuts, again.warnings) == (happened.cuts, happened.warnings)
    assert again.is_dark.tolist() == happened.is_dark.tolist()
    assert again.balance_micro.tolist() == happened.balance_micro.tolist()


def test_sums_of_a_side() -> None:
    hours = days(2)
    side = Side(hours=hours)
    for opening in (30, 40, 99):
        history, found = run([24, 24], opening)
        side.add(history, found)
    assert (side.cut, side.cuts, side.cuts_by_day.tolist()) == (2, 2, [0, 2])
    assert (sorted(side.dark_hours), list(side.dark_by_day)) == ([8, 18], [0, 26])
    assert (side.dark_percentile(50), side.dark_percentile(95)) == (8, 18)
    assert side.below_micro.max() == 0
    assert Side(hours=hours).dark_percentile(50) == 0


def test_a_days_charge_meets_what_is_known_of_it() -> None:
    lit = np.array([True, True, False, False, True, True])
    assert spread(12, lit=lit).tolist() == [3, 3, 0, 0, 3, 3]
    assert spread(12, lit=lit, known=[(2, 10)]).tolist() == [5, 5, 0, 0, 1, 1]
    assert spread(12, lit=~np.ones(6, bool)).tolist() == [2] * 6
    assert spread(12, lit=lit, known=[(6, 3), (0, 1)]).sum() == 12


@pytest.mark.parametrize(("day", "count"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_days_on_which_clocks_change(day, count) -> None:
    date = datetime.fromisoformat(day).date()
    hours = hours_of(date - timedelta(days=1), date + timedelta(days=1), ZoneInfo("Europe/Berlin"))
    assert np.diff(hours.firsts).tolist() == [24, count, 24]
    assert hours.at(hours.firsts[1]).astimezone(hours.zone).hour == 0
    parts = [*evenly(7, 24), *evenly(10**9, count), *evenly(-5, 24)]
    assert hours.evenly([7, 10**9, -5]).tolist() == parts


def test_what_is_not_simulated_is_named_with_its_classes() -> None:
    policy = policy_of(
        {
            "classes": {"home": {"small_load": {"below_wh": 9}}},
            "default": {"evidence": {"failed_readings": False, "disputed_readings": True}},
            "fleet_breaker": {"area": {"paced_per_min": 3}},
        }
    )
    assert unknown_of(policy) == (
        "evidence.failed_readings: findings of validation that wait for a person hold no cut here"
        " (home)",
        "small_load: who uses little is cut here like others (home)",
        "evidence.disputed_readings: disputes hold no cut here (default)",
        "fleet_breaker: the pace and the stop of cuts of many at once",
    )


HOUSEHOLDS = st.fixed_dictionaries(
    {
        "kwh": st.lists(st.integers(0, 60), min_size=4, max_size=4),
        "opening_kwh": st.integers(-20, 120),
        "low_balance_micro": st.integers(0, 20).map(KWH.__mul__),
        "overdraft_micro": st.sampled_from([0, 5 * KWH]),
        "moves": st.lists(
            st.tuples(st.integers(0, 95), st.integers(1, 60)).map(
                lambda each: topup(at(0, each[0], 17), each[1] * KWH)
            ),
            max_size=5,
        ).map(lambda moves: sorted(moves, key=lambda move: move.at)),
        "begin": st.sampled_from(
            [Begin(), Begin(state=S.DISCONNECTED, is_dark=True), Begin(state=S.PENDING)]
        ),
    }
)
POLICIES = st.sampled_from(
    [
        None,
        NIGHTS,
        {"load_limit_w": 500},
        {"coming_back": {"balance_above_micro": 4 * KWH}},
        {"coming_back": {"dues_share_ppm": 300_000, "dues_days": 1}},
        {"evidence": {"low_balance_notice_minutes": 90}},
        {"warnings": {"days_left": [3, 1], "below_topup_ppm": [200_000]}},
    ]
)


@given(HOUSEHOLDS, POLICIES)
def test_hours_and_money_are_conserved(household, policy) -> None:
    history, found = run(policy=policy, **household)
    on = ~found.is_dark
    assert on.sum() + found.dark_hours == 96
    expected = history.account.opening_micro + int(
        history.paid_micro.sum() - history.use_micro[on].sum()
    )
    assert found.balance_micro[-1] == expected
    assert list(found.cuts) == sorted(set(found.cuts))
    if household["begin"] == Begin():
        assert found.is_dark.any() == bool(found.cuts)


@given(HOUSEHOLDS, POLICIES)
def test_the_same_policy_comes_to_the_same(household, policy) -> None:
    _, one = run(policy=policy, **household)
    _, other = run(policy=policy, **household)
    assert (one.cuts, one.limits, one.warnings) == (other.cuts, other.limits, other.warnings)
    assert one.balance_micro.tolist() == other.balance_micro.tolist()


@given(HOUSEHOLDS)
def test_a_policy_that_protects_or_limits_never_cuts(household) -> None:
    for friendlier in ({"protected": True}, {"load_limit_w": 300}):
        assert run(policy=friendlier, **household)[1].cuts == ()


@given(HOUSEHOLDS, st.integers(0, 48))
def test_waiting_longer_cuts_no_sooner(household, hours) -> None:
    """Later first cuts, and never less supply up to then; afterwards debts may differ."""
    waits = {"evidence": {"low_balance_notice_minutes": 60 * hours}}
    household |= {"begin": Begin()}
    first = [min(run(policy=policy, **household)[1].cuts, default=96) for policy in (None, waits)]
    assert first[0] <= first[1]


@given(st.integers(-(10**12), 10**12), st.integers(1, 25))
def test_even_parts_sum_and_differ_by_one_at_most(total, parts) -> None:
    found = evenly(total, parts)
    assert found.sum() == total
    assert found.max() - found.min() <= 1


@given(
    st.integers(0, 10**9),
    st.lists(st.booleans(), min_size=24, max_size=24),
    st.lists(st.tuples(st.integers(0, 24), st.integers(0, 10**9)), max_size=4),
)
def test_a_day_is_spread_whole(total, lit, known) -> None:
    met = sorted((hour, min(upto, total)) for hour, upto in known)
    assert spread(total, lit=np.array(lit), known=met).sum() == total
