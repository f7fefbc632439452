"""How many cuts a minute are admitted, when all stop, and what holds an account's cut: pure."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.breakers.rules import admit, holds_on, minute_after
from prepay_ledger.breakers.values import (
    ALL,
    Asked,
    Cause,
    Count,
    CutHold,
    Hold,
    Limit,
    Limits,
    Scope,
    Trip,
)
from prepay_ledger.facts.values import Decided
from prewatt_common.contracts.ledger_facts_v1 import CutScope

AT = datetime(2026, 3, 1, 10, 0, 30, tzinfo=UTC)
HOME = Scope(CutScope.TARIFF, "home")
SHOP = Scope(CutScope.TARIFF, "shop")
LINE = Scope(CutScope.LINE, "L1")
OFFICE = Scope(CutScope.SUPPLY_OFFICE, "L1")
WIDE = Limit(paced_per_min=1_000, trip_per_min=1_000)
PEOPLE = Decided(by="p", reason="r", at=AT)


def limits(all_accounts: Limit = WIDE, tariff: Limit = WIDE, area: Limit = WIDE) -> Limits:
    return Limits(all_accounts=all_accounts, tariff=tariff, area=area)


def limit(paced: int, trip: int = 1_000) -> Limit:
    return Limit(paced_per_min=paced, trip_per_min=trip)


def some(n: int, *scopes: Scope, first: int = 0, wait: bool = False) -> list[Asked]:
    return [Asked([UUID(int=first + each) for each in range(n)], (ALL, *scopes), wait)]


def test_all_are_admitted_where_there_is_room():
    made = admit(asked=some(3, HOME), counts={}, limits=limits(limit(3), limit(3)))
    assert made.admitted == tuple(UUID(int=each) for each in range(3))
    assert (made.waits_min, made.tripped) == ({}, ())
    assert made.counts == {ALL: Count(3, 3, 0), HOME: Count(3, 3, 0)}


def test_the_others_are_spread_over_the_minutes_that_follow():
    made = admit(asked=some(7), counts={ALL: Count(1, 1, 0)}, limits=limits(limit(2)))
    assert len(made.admitted) == 1
    assert list(made.waits_min.values()) == [1, 1, 2, 2, 3, 3]
    assert made.counts == {ALL: Count(8, 2, 6)}
    again = admit(asked=some(1, first=50), counts=made.counts, limits=limits(limit(2)))
    assert list(again.waits_min.values()) == [4]


def test_who_has_waited_comes_first():
    asked = [*some(2, first=10), *some(2, wait=True)]
    made = admit(asked=asked, counts={}, limits=limits(limit(2)))
    assert made.admitted == (UUID(int=0), UUID(int=1))
    assert made.counts == {ALL: Count(2, 2, 2)}, "those that waited do not come anew"


@pytest.mark.parametrize(
    ("of", "scope"),
    [
        ({"all_accounts": limit(9, 4)}, ALL),
        ({"tariff": limit(9, 4)}, HOME),
        ({"area": limit(9, 4)}, LINE),
    ],
)
def test_a_scope_trips_above_its_limit_and_nobody_is_admitted(of, scope):
    fits = admit(asked=some(4, HOME, LINE), counts={}, limits=limits(**of))
    assert (len(fits.admitted), fits.tripped) == (4, ())
    asked = [*some(1, HOME, LINE, first=80), *(some(1, SHOP, first=90) if scope != ALL else [])]
    made = admit(asked=asked, counts=fits.counts, limits=limits(**of))
    assert made.tripped == (Trip(scope=scope, wanted=5, trip_per_min=4),)
    assert (made.admitted, made.waits_min) == ((), {})
    assert made.counts[scope] == Count(5, 4, 0)


def test_who_waits_trips_nothing():
    counts = {ALL: Count(4, 0, 0)}
    made = admit(asked=some(9, wait=True), counts=counts, limits=limits(limit(9, 4)))
    assert (len(made.admitted), made.tripped) == (9, ())
    # Nor does it where the limit was lowered meanwhile.
    made = admit(asked=some(9, wait=True), counts=counts, limits=limits(limit(9, 3)))
    assert (len(made.admitted), made.tripped) == (9, ())


def test_areas_of_one_name_are_counted_apart():
    asked = [*some(2, LINE), *some(2, OFFICE, first=10)]
    made = admit(asked=asked, counts={}, limits=limits(area=limit(2)))
    assert len(made.admitted) == 4


@pytest.mark.parametrize("wrong", [(0, 1), (1, 0), (-1, 5)])
def test_a_limit_of_nothing_is_none(wrong):
    with pytest.raises(ValueError, match="one cut a minute or more"):
        limit(*wrong)


SCOPES = st.lists(st.sampled_from([HOME, SHOP, LINE, OFFICE]), unique=True, max_size=3)
LIMIT = st.builds(limit, st.integers(1, 12), st.integers(1, 12))


@st.composite
def batches(draw: st.DrawFn) -> list[list[Asked]]:
    numbers = iter(range(1_000))
    one = st.tuples(SCOPES, st.booleans(), st.integers(1, 5))
    return [
        [
            Asked([UUID(int=next(numbers)) for _ in range(n)], (ALL, *scopes), wait)
            for scopes, wait, n in batch
        ]
        for batch in draw(st.lists(st.lists(one, max_size=8), max_size=5))
    ]


@given(batches=batches(), all_accounts=LIMIT, tariff=LIMIT, area=LIMIT)
def test_within_a_minute_no_scope_passes_its_limits(batches, all_accounts, tariff, area):
    allowed = limits(all_accounts, tariff, area)
    counts: dict[Scope, Count] = {}
    admitted: Counter[Scope] = Counter()
    anew: Counter[Scope] = Counter()
    for asked in batches:
        made = admit(asked=asked, counts=counts, limits=allowed)
        scopes = {one: each.scopes for each in asked for one in each.account_ids}
        came = [
            scope
            for each in asked
            for _ in each.account_ids
            for scope in each.scopes
            if not each.wait
        ]
        anew.update(came)
        over = {scope for scope in came if anew[scope] > allowed.of(scope.kind).trip_per_min}
        assert {trip.scope for trip in made.tripped} == over
        if over:
            assert not made.admitted
            assert not made.waits_min
        else:
            both = [*made.admitted, *made.waits_min]
            assert sorted(both) == sorted(scopes), "each is one or the other, once"
        for account_id in made.admitted:
            admitted.update(scopes[account_id])
        counts |= made.counts
        for scope, count in counts.items():
            assert count.admitted == admitted[scope] <= allowed.of(scope.kind).paced_per_min
            assert count.wanted == anew[scope]
        for account_id in made.waits_min:
            assert any(
                counts[scope].admitted == allowed.of(scope.kind).paced_per_min
                for scope in scopes[account_id]
            ), "who waits does so because a scope of its own is full"


@given(batches=batches(), of=LIMIT)
def test_minute_after_minute_all_are_admitted(batches, of):
    """Whoever is told to wait comes in the minute it is told: nobody waits for ever."""
    allowed = limits(Limit(paced_per_min=of.paced_per_min, trip_per_min=1_000))
    due: dict[int, list[Asked]] = {0: [each for batch in batches for each in batch]}
    last, admitted = 0, 0
    while due:
        minute = min(due)
        asked = due.pop(minute)
        made = admit(asked=asked, counts={}, limits=allowed)
        admitted += len(made.admitted)
        for each in asked:
            for one in each.account_ids:
                if one in made.waits_min:
                    later = minute + made.waits_min[one]
                    assert later > minute
                    due.setdefault(later, []).append(Asked([one], each.scopes, wait=True))
        last = minute
    many = sum(len(each.account_ids) for batch in batches for each in batch)
    assert admitted == many
    assert last == max(0, -(-many // of.paced_per_min) - 1), "and as soon as the pace allows"


def hold(scope: Scope = ALL, *, minutes: int | None = None, **more) -> CutHold:
    until = None if minutes is None else AT + timedelta(minutes=minutes)
    return CutHold(id=UUID(int=1), scope=scope, until=until, placed=PEOPLE, **more)


TRIP = Trip(scope=HOME, wanted=9, trip_per_min=3)


@pytest.mark.parametrize(
    ("holds", "is_kept_on", "found"),
    [
        ([], False, []),
        ([], True, [(Cause.KEPT_ON, None)]),
        ([hold()], False, [(Cause.OPERATORS, None)]),
        ([hold(HOME)], False, [(Cause.OPERATORS, None)]),
        ([hold(SHOP), hold(LINE)], False, []),
        ([hold(HOME, minutes=5)], False, [(Cause.OPERATORS, 5)]),
        ([hold(HOME, minutes=0)], False, []),
        ([hold(ended=PEOPLE)], False, []),
        ([hold(HOME, minutes=5), hold(minutes=9)], False, [(Cause.OPERATORS, 9)]),
        ([hold(HOME, minutes=5), hold()], False, [(Cause.OPERATORS, None)]),
        ([hold(), hold(HOME, minutes=5)], False, [(Cause.OPERATORS, None)]),
        (
            [hold(HOME, minutes=5), hold(trip=TRIP)],
            True,
            [(Cause.FLEET_BREAKER, None), (Cause.KEPT_ON, None), (Cause.OPERATORS, 5)],
        ),
    ],
)
def test_what_holds_the_cut_of_an_account(holds, is_kept_on, found):
    made = holds_on(scopes=(HOME, OFFICE), is_kept_on=is_kept_on, holds=holds, now=AT)
    expected = [
        Hold(cause, None if minutes is None else AT + timedelta(minutes=minutes))
        for cause, minutes in found
    ]
    assert list(made) == expected


def test_a_later_minute_begins_at_its_first_instant():
    assert minute_after(AT, 1) == datetime(2026, 3, 1, 10, 1, tzinfo=UTC)
    assert minute_after(AT, 90) == datetime(2026, 3, 1, 11, 30, tzinfo=UTC)
