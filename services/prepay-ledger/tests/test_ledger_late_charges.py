"""What late days of statements cost: by tables, and for any payments and days."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.late_charges.late_look import look_at
from prepay_ledger.late_charges.remind_late import reminders_of
from prepay_ledger.late_charges.rules import (
    Paid,
    claims_of,
    held_days,
    is_payable,
    reckon,
    step_due,
    without_late_charges,
)
from prepay_ledger.late_charges.values import (
    Asked,
    Claim,
    Ground,
    Held,
    HeldDays,
    Movement,
    Period,
    Posted,
    Reckoned,
    Span,
    Terms,
)
from prewatt_common.contracts.supply_late_v1 import LateCharge, LatePayments

DUE = date(2026, 3, 10)
DAY = timedelta(days=1)
PERIOD = Period(date(2026, 2, 1), date(2026, 3, 1))
MICRO = 1_000_000
PLAIN = LateCharge(rate_ppm=1_000)


def claims(*asked_micro: int, came_with_micro: int = 0) -> list[Claim]:
    """Statements due on `DUE` and every thirty days, with what all up to each ask for."""
    asked = [
        Asked(UUID(int=n), n + 1, PERIOD, DUE + 30 * n * DAY, micro)
        for n, micro in enumerate(asked_micro)
    ]
    return claims_of(asked, came_with_micro=came_with_micro)


REMINDED = Terms(policy_number=1, customer_class="c", charge=None, reminder_days=(1, 15, 30))


def ground(
    *asked_micro: int,
    paid_micro: int = 0,
    told: tuple[int, ...] = (),
    movements: Sequence[Movement] = (),
    presented: Sequence[Movement] = (),
    awaited_micro: int = 0,
) -> Ground:
    """An account that owes what its statements ask for."""
    account: Any = SimpleNamespace(
        id=UUID(int=9), balance_micro=-sum(asked_micro), balance_number=1, currency="CNY"
    )
    of = claims(*asked_micro)
    return Ground(
        account=account, claims=of, posted={}, disputed=[], protected=[],
        movements=[*movements, *([Movement(DUE, paid_micro)] if paid_micro else [])],
        reminded={each.statement_id: told for each in of}, presented=presented,
        awaited_micro=awaited_micro + sum(each.micro for each in presented),
    )  # fmt: skip


def cost(
    of: list[Claim],
    *paid: tuple[int, int],
    days: int,
    charge: LateCharge | None = PLAIN,
    held: tuple[HeldDays, ...] = (),
    index: int = 0,
) -> Reckoned:
    """Up to so many days after `DUE`; ``paid``: on which of these days how much."""
    return reckon(
        of[index],
        Paid([Movement(DUE + on * DAY, micro) for on, micro in paid]),
        terms=Terms(policy_number=1, customer_class="household", charge=charge, held=held),
        through=DUE + days * DAY,
        currency="CNY",
    )


@pytest.mark.parametrize(
    ("paid", "days", "micro"),
    [
        ((), -5, 0),
        ((), 0, 0),
        ((), 1, 100),
        ((), 30, 3_000),
        (((0, 100_000),), 30, 0),
        (((-9, 100_000),), 30, 0),
        # What is paid on a day is not open at its end.
        (((1, 100_000),), 30, 0),
        (((11, 100_000),), 30, 1_000),
        (((11, 50_000),), 30, 1_000 + 20 * 50),
        # Taken back again: open from that day on.
        (((0, 100_000), (21, -100_000)), 30, 1_000),
        # What is paid too much is credit.
        (((0, 500_000),), 30, 0),
        # More than was asked for is never open.
        (((0, -500_000),), 1, 100),
    ],
)
def test_each_day_costs_what_is_open_at_its_end(
    paid: tuple[tuple[int, int], ...], days: int, micro: int
) -> None:
    assert cost(claims(100_000), *paid, days=days).accrued_micro == micro


@pytest.mark.parametrize(
    ("charge", "days", "micro"),
    [
        (LateCharge(rate_ppm=1_000, grace_days=5), 5, 0),
        (LateCharge(rate_ppm=1_000, grace_days=5), 6, 100),
        # 2026-03-10 to 2026-12-31: 296 days; then another rate.
        (LateCharge(rate_ppm=2_000, later_years_rate_ppm=3_000, cap_ppm=10**6), 296, 59_200),
        (LateCharge(rate_ppm=2_000, later_years_rate_ppm=3_000), 298, 59_200 + 600),
        (LateCharge(rate_ppm=2_000), 298, 59_600),
        # Never more than what was asked for, or a part of it.
        (LateCharge(rate_ppm=10_000), 1_000, 100_000),
        (LateCharge(rate_ppm=10_000, cap_ppm=300_000), 1_000, 30_000),
        (LateCharge(rate_ppm=1_000, minimum_micro={"CNY": 5_000}), 1, 5_000),
        (LateCharge(rate_ppm=1_000, minimum_micro={"CNY": 5_000}), 60, 6_000),
        (LateCharge(rate_ppm=1_000, minimum_micro={"CNY": 5_000}), 0, 0),
        (LateCharge(rate_ppm=1_000, minimum_micro={"EUR": 5_000}), 1, 100),
        # The cap bounds the minimum too.
        (LateCharge(rate_ppm=1_000, minimum_micro={"CNY": MICRO}), 1, 100_000),
        (None, 900, 0),
    ],
)
def test_by_the_policy(charge: LateCharge | None, days: int, micro: int) -> None:
    assert cost(claims(100_000), days=days, charge=charge).accrued_micro == micro


def test_how_it_was_reckoned_is_told_and_held_days_cost_nothing() -> None:
    held = (HeldDays(DUE + 5 * DAY, DUE + 6 * DAY), HeldDays(DUE + 9 * DAY, None))
    found = cost(claims(100_000), (3, 40_000), days=12, held=held)
    assert found == Reckoned(
        [
            Span(DUE + 1 * DAY, DUE + 2 * DAY, 100_000, 1_000),
            Span(DUE + 3 * DAY, DUE + 4 * DAY, 60_000, 1_000),
            Span(DUE + 5 * DAY, DUE + 6 * DAY, 60_000, 0),
            Span(DUE + 7 * DAY, DUE + 8 * DAY, 60_000, 1_000),
            Span(DUE + 9 * DAY, DUE + 12 * DAY, 60_000, 0),
        ],
        2 * 100 + 4 * 60,
    )


@pytest.mark.parametrize(
    ("left_micro", "is_late"), [(0, False), (9_999, False), (10_000, True), (15_000, True)]
)
def test_what_is_less_than_a_coin_nobody_can_pay(left_micro: int, is_late: bool) -> None:
    """A batch debit takes whole cents of a statement: the rest is not late, and costs no
    minimum."""
    charge = LateCharge(rate_ppm=1_000, minimum_micro={"CNY": 500_000})
    found = cost(claims(60_005_678), (0, 60_005_678 - left_micro), days=20, charge=charge)
    assert (found.accrued_micro > 0) is is_late
    assert is_payable(left_micro, "CNY") is is_late


def test_what_is_oldest_is_paid_first_and_later_statements_bear_their_own() -> None:
    both = claims(100_000, 150_000)
    assert cost(both, (20, 120_000), days=40).accrued_micro == 19 * 100
    assert cost(both, (20, 120_000), days=40, index=1).accrued_micro == 10 * 30
    assert both[1].asked_micro == 50_000


@pytest.mark.parametrize(
    ("asked", "came_with", "is_so"),
    [
        ([100, 150], 0, [(0, 100), (100, 150)]),
        # The later one gives back: less was owed all the time.
        ([100, 60], 0, [(0, 60), (60, 60)]),
        # It came with credit, and with debt.
        ([-50, 70], 80, [(-80, -50), (-50, 70)]),
        ([90, 120], -60, [(0, 90), (90, 120)]),
        ([-20, 30], 0, [(-20, -20), (-20, 30)]),
        ([], 0, []),
    ],
)
def test_what_each_statement_asks_for_anew(
    asked: list[int], came_with: int, is_so: list[tuple[int, int]]
) -> None:
    found = claims(*asked, came_with_micro=came_with)
    assert [(each.from_micro, each.to_micro) for each in found] == is_so


def test_credit_that_was_taken_away_pays_nothing() -> None:
    (claim,) = claims(-400, came_with_micro=500)
    assert (claim.asked_micro, claim.open_micro(0), claim.open_micro(-500)) == (100, 0, 100)


def test_local_days_that_a_time_touches() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    at = datetime(2026, 3, 10, 17, tzinfo=UTC)  # 01:00 of the 11th there
    assert held_days([Held(at, None)], zone) == [HeldDays(date(2026, 3, 11), None)]
    until = datetime(2026, 3, 11, 16, tzinfo=UTC)
    assert held_days([Held(at, until)], zone) == [HeldDays(date(2026, 3, 11), date(2026, 3, 11))]
    assert held_days([Held(at, at)], zone) == []


def test_paid_first_late_charges_take_their_part_of_each_payment() -> None:
    first = LateCharge(rate_ppm=1_000, paid="first")
    of, terms = claims(100_000), [Terms(policy_number=1, customer_class="c", charge=first)]
    moved = [Movement(DUE + 11 * DAY, 50_000)]
    left, paid_micro = without_late_charges(of, moved, terms=terms, waived={}, currency="CNY")
    # Ten days of 100 by then.
    assert (list(left), paid_micro) == ([Movement(DUE + 11 * DAY, 49_000)], 1_000)
    given_up = {of[0].statement_id: Posted(1, 1_000, 400)}
    _, paid_micro = without_late_charges(of, moved, terms=terms, waived=given_up, currency="CNY")
    assert paid_micro == 600
    last = [Terms(policy_number=1, customer_class="c", charge=PLAIN)]
    assert without_late_charges(of, moved, terms=last, waived={}, currency="CNY") == (moved, 0)


AMOUNTS = st.integers(-(10**9), 10**10)
MOVEMENTS = st.lists(st.tuples(st.integers(-20, 500), AMOUNTS), max_size=8)
CHARGES = st.builds(
    LateCharge,
    rate_ppm=st.integers(1, 10_000),
    later_years_rate_ppm=st.none() | st.integers(1, 10_000),
    grace_days=st.integers(0, 30),
    minimum_micro=st.sampled_from([{}, {"CNY": MICRO}]),
    cap_ppm=st.integers(1, 1_000_000),
)
ASKED = st.lists(st.integers(-(10**9), 10**10), min_size=1, max_size=4)


@given(ASKED, MOVEMENTS, CHARGES, st.integers(0, 500), st.data())
def test_days_one_by_one_sum_to_all_at_once(
    asked: list[int],
    moved: list[tuple[int, int]],
    charge: LateCharge,
    days: int,
    data: st.DataObject,
) -> None:
    """The sum of what each day adds is the closed form, bounded and never below zero."""
    of = claims(*asked)
    index = data.draw(st.integers(0, len(of) - 1))
    found = cost(of, *moved, days=days, charge=charge, index=index)
    most = of[index].asked_micro
    assert 0 <= found.accrued_micro <= most
    paid = Paid([Movement(DUE + on * DAY, micro) for on, micro in moved])
    first = (of[index].due_on - DUE).days + 1 + charge.grace_days
    total = 0
    for day in range(first, days + 1):
        on = DUE + day * DAY
        rate = charge.rate_ppm
        if on.year > of[index].due_on.year and charge.later_years_rate_ppm is not None:
            rate = charge.later_years_rate_ppm
        is_open = of[index].open_micro(paid.by(on))
        assert 0 <= is_open <= most
        total += is_open * rate if is_payable(is_open, "CNY") else 0
    least = charge.minimum_micro.get("CNY", 0)
    bounded = min(most * charge.cap_ppm // MICRO, max(least, total // MICRO)) if total else 0
    assert found.accrued_micro == bounded
    spans = found.spans
    assert all(each.open_micro > 0 for each in spans)
    assert all(a.last < b.first for a, b in pairwise(spans))


@given(ASKED, MOVEMENTS, CHARGES, st.integers(0, 300), st.data())
def test_it_never_falls_by_days_that_pass(
    asked: list[int],
    moved: list[tuple[int, int]],
    charge: LateCharge,
    days: int,
    data: st.DataObject,
) -> None:
    of = claims(*asked)
    index = data.draw(st.integers(0, len(of) - 1))
    before = cost(of, *moved, days=days, charge=charge, index=index).accrued_micro
    after = cost(of, *moved, days=days + 1, charge=charge, index=index).accrued_micro
    assert before <= after


@given(ASKED, MOVEMENTS, st.integers(1, 10**10), st.integers(-9, 99), st.integers(1, 99))
def test_money_told_later_than_it_came_gives_what_money_told_in_time_gives(
    asked: list[int], moved: list[tuple[int, int]], micro: int, on: int, later: int
) -> None:
    """What was posted up to a day without it, and the difference that its coming posts, is what
    would have been posted had it been known; and no more is posted than without it."""
    of, through = claims(*asked), on + later
    without = cost(of, *moved, days=through).accrued_micro
    known = cost(of, *moved, (on, micro), days=through).accrued_micro
    difference = known - without
    assert difference <= 0
    assert Posted(1, without + difference, 0).charged_micro == known


@given(ASKED, MOVEMENTS, CHARGES, st.integers(0, 400))
def test_what_pays_late_charges_first_pays_no_more_than_they_are(
    asked: list[int], moved: list[tuple[int, int]], charge: LateCharge, days: int
) -> None:
    first = msgspec.structs.replace(charge, paid="first")
    of = claims(*asked)
    terms = [Terms(policy_number=1, customer_class="c", charge=first) for _ in of]
    movements = [Movement(DUE + on * DAY, micro) for on, micro in moved]
    left, paid_micro = without_late_charges(of, movements, terms=terms, waived={}, currency="CNY")
    assert sum(each.micro for each in left) + paid_micro == sum(each.micro for each in movements)
    through = max([DUE, *(each.day for each in movements)]) + days * DAY
    costs = sum(
        reckon(each, Paid(left), terms=its, through=through, currency="CNY").accrued_micro
        for each, its in zip(of, terms, strict=True)
    )
    assert 0 <= paid_micro <= costs


@pytest.mark.parametrize("days", [(15, 1), (1, 1)])
def test_days_of_reminders_rise(days: tuple[int, ...]) -> None:
    with pytest.raises(msgspec.ValidationError, match="must rise"):
        msgspec.convert({"reminder_days": days}, LatePayments)


@pytest.mark.parametrize(
    ("days", "told", "step"),
    [
        (0, [], None),
        (1, [], 1),
        (1, [1], None),
        (14, [1], None),
        (15, [1], 15),
        # Nobody looked on the days of the first two steps: one message, and not three.
        (40, [], 30),
        (40, [30], None),
        (400, [1, 15], 30),
    ],
)
def test_the_newest_step_is_told_once(days: int, told: list[int], step: int | None) -> None:
    terms = Terms(policy_number=1, customer_class="c", charge=None, reminder_days=(1, 15, 30))
    (claim,) = claims(100)
    assert step_due(claim, terms, told=told, today=DUE + days * DAY) == step


@pytest.mark.parametrize(
    ("awaited_micro", "told_micro"),
    [(0, [100_000]), (40_000, [100_000]), (95_000, []), (100_000, []), (200_000, [])],
)
def test_what_the_customers_bank_may_pay_yet_nobody_is_reminded_of(
    awaited_micro: int, told_micro: list[int]
) -> None:
    look = look_at(ground(100_000, awaited_micro=awaited_micro), [REMINDED], today=DUE + DAY)
    found = reminders_of(look, {}, today=DUE + DAY, now=datetime(2026, 3, 11, tzinfo=UTC))
    assert [each.open_micro for each, _ in found] == told_micro


CAPPED = LateCharge(rate_ppm=1_000, cap_ppm=3_000)


@pytest.mark.parametrize(
    ("charge", "owes", "days", "look_on"),
    [
        # What a day costs is known on the next.
        (PLAIN, {}, 4, 5),
        (PLAIN, {}, 0, 1),
        (PLAIN, {}, -20, 1),
        # Nothing is open, or nothing of it is ever charged.
        (PLAIN, {"paid_micro": 100_000}, 4, None),
        (None, {"told": (30,)}, 4, None),
        # A debit at the bank may come to nothing, which moves no balance.
        (PLAIN, {"presented": [Movement(DUE, 100_000)]}, 4, 5),
        (CAPPED, {"presented": [Movement(DUE, 100_000)], "told": (30,)}, 9, 10),
        # A step of the ladder.
        (None, {}, 4, 5),
        (None, {"told": (1,)}, 4, 15),
        (None, {"told": (15,)}, 20, 30),
        # As many days as there are cost no more than the cap.
        (CAPPED, {"told": (30,)}, 3, 4),
        (CAPPED, {"told": (30,)}, 4, None),
    ],
)
def test_it_is_looked_at_again_when_time_alone_costs_something(
    charge: LateCharge | None, owes: dict[str, Any], days: int, look_on: int | None
) -> None:
    terms = replace(REMINDED, charge=charge)
    look = look_at(ground(100_000, **owes), [terms], today=DUE + days * DAY)
    assert look.look_on == (None if look_on is None else DUE + look_on * DAY)


@pytest.mark.parametrize("paid", ["first", "last"])
def test_what_is_at_the_bank_costs_what_it_costs_once_it_was_paid(paid: Any) -> None:
    """Nothing more is charged, and nothing given back, by an answer that is yes."""
    terms = replace(REMINDED, charge=msgspec.structs.replace(PLAIN, paid=paid))
    today = DUE + 9 * DAY
    asked = ground(100_000, presented=[Movement(DUE + 4 * DAY, 90_000)])
    paid_by_then = ground(100_000, movements=[Movement(DUE + 4 * DAY, 90_000)])
    (one,), (other,) = (
        look_at(each, [terms], today=today).wanted for each in (asked, paid_by_then)
    )
    assert one.after == other.after
    assert look_at(asked, [terms], today=today).paid_micro == 0


def test_nobody_is_reminded_on_days_that_are_held() -> None:
    held = HeldDays(DUE + DAY, DUE + 4 * DAY)
    terms = Terms(
        policy_number=1, customer_class="c", charge=None, reminder_days=(1, 3), unreminded=(held,)
    )
    (claim,) = claims(100)
    told = [step_due(claim, terms, told=(), today=DUE + day * DAY) for day in range(1, 7)]
    assert told == [None, None, None, None, 3, 3]
