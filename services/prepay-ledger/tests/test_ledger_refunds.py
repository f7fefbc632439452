"""When an account is done, how much may leave it, and to whom: the rules alone."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.approvals.values import ApprovalTerms
from prepay_ledger.refunds.rules import (
    iban_holds,
    needs_two,
    why_not_closed,
    why_not_paid_out,
    why_not_to,
)
from prepay_ledger.refunds.values import Ground, Payee, Way

DONE = Ground(
    balance_micro=100,
    deposits_micro=0,
    debts_micro=0,
    estimated_micro=0,
    runs=False,
    ends_on=date(2026, 3, 1),
    serving=(),
    unread=(),
    parked=(),
    due=False,
    has_mandate=False,
    refunded_micro=0,
)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"runs": True}, "a tariff charges"),
        ({"ends_on": None}, "a tariff charges"),
        ({"serving": ["m1"]}, "serve the account still: m1"),
        ({"unread": ["m1", "m2", "m3", "m4"]}, "m1, m2, m3 and 1 more"),
        ({"parked": ["m1"]}, "wait after a fault"),
        ({"estimated_micro": -1}, "by an estimate"),
        ({"due": True}, "time alone"),
        ({"has_mandate": True}, "a mandate"),
    ],
)
def test_an_account_that_is_not_done_is_not_paid_out(changed: dict[str, object], says: str) -> None:
    ground = replace(DONE, **changed)  # type: ignore[arg-type]
    why = why_not_closed(ground)
    assert why is not None
    assert says in why
    assert why_not_paid_out(ground, amount_micro=1, way=Way.BANK, cash_max_micro=None) == why


@given(
    balance=st.integers(-(10**12), 10**12),
    deposits=st.integers(0, 10**12),
    debts=st.integers(0, 10**12),
    amount=st.integers(1, 10**13),
)
def test_no_more_leaves_than_is_there_once_all_is_paid(
    balance: int, deposits: int, debts: int, amount: int
) -> None:
    ground = replace(DONE, balance_micro=balance, deposits_micro=deposits, debts_micro=debts)
    why = why_not_paid_out(ground, amount_micro=amount, way=Way.BANK, cash_max_micro=None)
    assert (why is None) == (amount <= balance + deposits - debts)


def test_cash_has_a_limit_of_its_own() -> None:
    def why(micro: int, way: Way, most: int | None) -> str | None:
        return why_not_paid_out(DONE, amount_micro=micro, way=way, cash_max_micro=most)

    assert why(50, Way.CASH, 50) is None
    assert why(51, Way.CASH, 50) is not None
    assert why(51, Way.CASH, None) is None
    assert why(51, Way.BANK, 50) is None


@pytest.mark.parametrize(
    ("payee", "way", "holds"),
    [
        (Payee(holder="h"), Way.CASH, True),
        (Payee(holder="h"), Way.BANK, False),
        (Payee(holder="h", bank_account="6222000011112222"), Way.BANK, True),
        (Payee(holder="h", bank_account="6222000011112222"), Way.CASH, False),
        (Payee(holder="h", bank_code="1"), Way.CASH, False),
        (Payee(holder="h", bank_account="DE02120300000000202051"), Way.BANK, True),
        (Payee(holder="h", bank_account="DE02120300000000202052"), Way.BANK, False),
    ],
)
def test_to_whom(payee: Payee, way: Way, holds: bool) -> None:
    assert (why_not_to(payee, way) is None) is holds


@given(at=st.integers(4, 21), digit=st.sampled_from("0123456789"))
def test_an_iban_with_one_digit_changed_does_not_hold(at: int, digit: str) -> None:
    iban = "DE02120300000000202051"
    changed = iban[:at] + digit + iban[at + 1 :]
    assert iban_holds(changed) is (changed == iban)


@given(parts=st.lists(st.integers(1, 60), min_size=1, max_size=8))
def test_much_in_small_parts_is_much(parts: list[int]) -> None:
    terms = ApprovalTerms(above_micro=100, term=timedelta(days=7))
    paid = 0
    for micro in parts:
        two = needs_two(terms, replace(DONE, refunded_micro=paid), micro)
        assert two is (paid + micro > 100)
        paid += micro


def test_much_that_lies_in_deposits_is_not_given_back_by_one_person_and_a_small_refund() -> None:
    terms = ApprovalTerms(above_micro=100, term=timedelta(days=7))
    assert not needs_two(terms, replace(DONE, deposits_micro=100), 1)
    assert needs_two(terms, replace(DONE, deposits_micro=101), 1)
