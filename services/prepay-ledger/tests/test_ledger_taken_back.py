"""How much of a payment was taken back: tables, and any order of what is told."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.payments.taken_back import Movement, taken_back
from prepay_ledger.providers.values import Kind

PAID = 1_000


def refund(micro: int, movement_id: str = "r1") -> Movement:
    return Movement(kind=Kind.REFUNDED, movement_id=movement_id, amount_micro=micro, currency="CNY")


def total(micro: int) -> Movement:
    return Movement(
        kind=Kind.REFUNDED, movement_id="charge", amount_micro=micro, currency="CNY", is_total=True
    )


def other(kind: Kind, micro: int = PAID, movement_id: str = "d1") -> Movement:
    return Movement(kind=kind, movement_id=movement_id, amount_micro=micro, currency="CNY")


@pytest.mark.parametrize(
    ("movements", "amount", "excess"),
    [
        ([], 0, 0),
        ([refund(300)], 300, 0),
        ([refund(300), refund(200, "r2")], 500, 0),
        # told one by one and by its total, by one event or by another
        ([total(300), total(500)], 500, 0),
        ([refund(300), total(300)], 300, 0),
        ([refund(300), refund(200, "r2"), total(500)], 500, 0),
        ([refund(300), total(500)], 500, 0),
        # a refund that failed came back
        ([refund(300), other(Kind.REFUND_FAILED, 300, "r1")], 0, 0),
        (
            [refund(300), refund(200, "r2"), other(Kind.REFUND_FAILED, 300, "r1"), total(500)],
            200,
            0,
        ),
        # disputes are taken as they are told, and given back where they are won
        ([other(Kind.DISPUTED)], PAID, 0),
        ([other(Kind.DISPUTED), other(Kind.DISPUTE_LOST)], PAID, 0),
        ([other(Kind.DISPUTED), other(Kind.DISPUTE_WON)], 0, 0),
        ([other(Kind.DISPUTED), other(Kind.DISPUTE_WON), other(Kind.DISPUTED, 400, "d2")], 400, 0),
        ([other(Kind.REVERSED)], PAID, 0),
        # more than was paid: what is beyond it is nobody's here
        ([refund(300), other(Kind.DISPUTED)], PAID, 300),
        ([other(Kind.REVERSED), other(Kind.DISPUTED)], PAID, PAID),
    ],
)
def test_what_was_taken_back_does_not_depend_on_the_order(
    movements: list[Movement], amount: int, excess: int
) -> None:
    for some in permutations(movements):
        assert taken_back(some, paid_micro=PAID) == (amount, excess)


kinds = st.sampled_from([each for each in Kind if each not in (Kind.PAID, Kind.OTHER, Kind.FAILED)])
movements = st.builds(
    Movement,
    kind=kinds,
    movement_id=st.sampled_from("abc"),
    amount_micro=st.integers(min_value=0, max_value=2 * PAID),
    is_total=st.just(value=False),
)


@given(st.lists(movements, max_size=8), st.randoms())
def test_any_order_and_any_number_of_times_comes_to_the_same(
    some: list[Movement], chance: st.DataObject
) -> None:
    again = [*some, *some[:3]]
    chance.shuffle(again)  # type: ignore[attr-defined]
    first = taken_back(some, paid_micro=PAID)
    assert taken_back(again, paid_micro=PAID) == first
    assert 0 <= first.amount_micro <= PAID
    assert first.excess_micro == 0 or first.amount_micro == PAID


@given(st.lists(movements, max_size=8))
def test_a_dispute_that_is_won_takes_nothing(some: list[Movement]) -> None:
    won = [other(Kind.DISPUTE_WON, movement_id=each) for each in "abc"]
    without = [each for each in some if each.kind not in (Kind.DISPUTED, Kind.DISPUTE_LOST)]
    assert taken_back([*some, *won], paid_micro=PAID) == taken_back(without, paid_micro=PAID)
