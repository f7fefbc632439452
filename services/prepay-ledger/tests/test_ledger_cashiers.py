"""Cashiers' cash: what may be closed by whom, and where it goes; no stack."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.cashiers.refusals import DifferenceUnexplained
from prepay_ledger.cashiers.rules import (
    check_explained,
    close_journal,
    hand_over_journal,
    in_hand_micro,
    needs_second_person,
    parts_in,
    receipt_journal,
)
from prepay_ledger.cashiers.values import (
    CashDay,
    Count,
    Destination,
    HandOver,
    Outcome,
    OutcomeAction,
    Receipt,
)
from prewatt_common.ids import new_id

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOBODY = UUID(int=1)


def day(expected: int = 0, count: Count | None = None) -> CashDay:
    return CashDay(
        id=NOBODY,
        vendor_id=NOBODY,
        vendor_code="desk-1",
        seller="li",
        business_day=date(2026, 3, 1),
        currency="CNY",
        expected_micro=expected,
        count=count,
    )


def counted(expected: int, found: int, *, who: str = "li") -> Count:
    return Count(
        id=new_id(),
        key="k",
        expected_micro=expected,
        counted_micro=found,
        who=who,
        reason="" if expected == found else "why",
        at=AT,
    )


def closed(expected: int, found: int) -> CashDay:
    outcome = Outcome(
        action=OutcomeAction.CLOSED, key="k", who="w", reason="r", journal_id=1, at=AT
    )
    return day(expected, replace(counted(expected, found), outcome=outcome))


def handed_over(micro: int, destination: Destination = Destination.BANK) -> HandOver:
    return HandOver(
        id=new_id(),
        key="k",
        vendor_id=NOBODY,
        vendor_code="desk-1",
        seller="li",
        currency="CNY",
        amount_micro=micro,
        destination=destination,
        receiver="",
        slip="s",
        who="li",
        journal_id=1,
        at=AT,
    )


def received(micro: int) -> Receipt:
    return Receipt(
        id=new_id(), key="k", received_micro=micro, who="wang", reason="r", journal_id=1, at=AT
    )


@pytest.mark.parametrize(
    ("expected", "found", "reason", "is_refused", "by_second"),
    [
        (0, 0, "", False, False),
        (100, 100, "", False, False),
        (100, 100, "as it should be", False, False),
        (100, 99, "", True, True),
        (100, 101, "", True, True),
        (100, 99, "a note was false", False, True),
        (100, 101, "a customer left change", False, True),
        (0, 1, "", True, True),
        (100, 0, "robbed", False, True),
    ],
)
def test_what_differs_needs_a_reason_and_a_second_person(
    expected: int, found: int, reason: str, is_refused: bool, by_second: bool
) -> None:
    count = replace(counted(expected, found), reason=reason)
    assert needs_second_person(count) is by_second
    if is_refused:
        with pytest.raises(DifferenceUnexplained) as refused:
            check_explained(difference_micro=count.difference_micro, reason=reason)
        assert not any(character.isdigit() for character in str(refused.value)), "count blindly"
    else:
        check_explained(difference_micro=count.difference_micro, reason=reason)


def test_who_sold_or_counted_is_no_second_person() -> None:
    of_supervisor = day(5, counted(5, 4, who="chen"))
    assert [parts_in(of_supervisor, who) for who in ("li", "chen", "wang")] == [True, True, False]


@pytest.mark.parametrize(
    ("expected", "found", "postings"),
    [
        (0, 0, {}),
        (100, 100, {"clearing:vendor/desk-1": 100, "cash-in-hand:li": -100}),
        (
            100,
            97,
            {"clearing:vendor/desk-1": 100, "cash-in-hand:li": -97, "cash-over-short": -3},
        ),
        (
            100,
            104,
            {"clearing:vendor/desk-1": 100, "cash-in-hand:li": -104, "cash-over-short": 4},
        ),
        (100, 0, {"clearing:vendor/desk-1": 100, "cash-over-short": -100}),
        (0, 7, {"cash-in-hand:li": -7, "cash-over-short": 7}),
    ],
)
def test_a_close_moves_what_was_taken_into_the_hands_of_who_took_it(
    expected: int, found: int, postings: dict[str, int]
) -> None:
    journal = close_journal(day(expected), counted(expected, found), provider="vendor/desk-1")
    assert journal.postings == postings


def test_a_hand_over_is_on_its_way_until_it_has_come() -> None:
    way = handed_over(90)
    assert hand_over_journal(way).postings == {"cash-in-hand:li": 90, "cash-in-transit:li": -90}
    assert receipt_journal(way, received(90)).postings == {"cash-in-transit:li": 90, "bank": -90}
    assert receipt_journal(replace(way, destination=Destination.PERSON), received(88)).postings == {
        "cash-in-transit:li": 90, "cash": -88, "cash-over-short": -2,
    }  # fmt: skip


MICRO = st.integers(min_value=0, max_value=10**12)
SALES = st.lists(st.tuples(st.integers(min_value=1, max_value=10**12), st.booleans()), max_size=8)
DAYS = st.lists(st.tuples(SALES, MICRO | st.none()), max_size=6)


@given(days=DAYS, handed_each=st.booleans(), lost=MICRO, destination=st.sampled_from(Destination))
def test_money_is_conserved_from_the_sale_to_the_safe(
    days: list[tuple[list[tuple[int, bool]], int | None]],
    handed_each: bool,
    lost: int,
    destination: Destination,
) -> None:
    """However days are sold, voided, counted and handed over: at the end nothing is in hand or on
    its way, and what customers paid is what came, and what is short."""
    books = Counter[str]()
    in_hand: list[CashDay] = []
    paid = came = 0

    def hand_over() -> int:
        micro = in_hand_micro(in_hand)
        assert -books["cash-in-hand:li"] == micro
        in_hand.clear()
        if not micro:
            return 0
        way, receipt = handed_over(micro, destination), received(max(0, micro - lost))
        books.update(hand_over_journal(way).postings)
        assert -books["cash-in-transit:li"] == micro
        books.update(receipt_journal(way, receipt).postings)
        return receipt.received_micro

    for sales, miscounted in days:
        taken = sum(micro for micro, is_void in sales if not is_void)
        paid += taken
        books["clearing:vendor/desk-1"] -= taken
        found = taken if miscounted is None else miscounted
        it = closed(taken, found)
        assert it.count is not None
        books.update(close_journal(it, it.count, provider="vendor/desk-1").postings)
        in_hand.append(it)
        if handed_each:
            came += hand_over()
    came += hand_over()
    assert books["clearing:vendor/desk-1"] == 0
    assert books["cash-in-hand:li"] == books["cash-in-transit:li"] == 0
    assert -(books["bank"] + books["cash"]) == came == paid + books["cash-over-short"]
