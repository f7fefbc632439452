"""What of a bill may start a cut, and what is paid off apart."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.debts.rules import may_start_a_cut, months_after, payable_micro, plan_of, treat
from prepay_ledger.debts.values import LIMITATIONS, Bill, BillCause, DebtTerms, Treatment

TODAY = date(2026, 3, 1)
C, T = BillCause, Treatment
GB = DebtTerms(limitation=LIMITATIONS["GB"])


def bill(days_ago: int, **changes: object) -> Bill:
    given_bill = {
        "cause": C.EDIT,
        "used_until": TODAY - timedelta(days=days_ago),
        "billed_on": TODAY,
        "our_fault": False,
        "amount_micro": 5,
    }
    return Bill(**(given_bill | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given_bill", "terms", "treatment"),
    [
        (bill(30), DebtTerms(), T.BALANCE),
        (bill(31), DebtTerms(), T.DEBT),
        (bill(31, cause=C.TARIFF), DebtTerms(), T.DEBT),
        (bill(31, cause=C.INSTALLATION), DebtTerms(days=60), T.BALANCE),
        # A meter that was silent for long is read for the first time.
        (bill(90, cause=C.READING), DebtTerms(), T.BALANCE),
        (bill(1, our_fault=True), DebtTerms(), T.DEBT),
        (bill(1, our_fault=True, cause=C.READING), DebtTerms(), T.DEBT),
        # Money back is the customer's at once, however old.
        (bill(900, amount_micro=-5, our_fault=True), GB, T.BALANCE),
        (bill(365), GB, T.DEBT),
        (bill(366), GB, T.BARRED),
        (bill(366, cause=C.READING), GB, T.BARRED),
        (bill(900), DebtTerms(), T.DEBT),
    ],
)
def test_where_a_difference_goes(given_bill: Bill, terms: DebtTerms, treatment: Treatment) -> None:
    assert treat(given_bill, terms) is treatment
    assert may_start_a_cut(given_bill, terms) == (treatment is T.BALANCE)


@given(st.integers(1, 10**15), st.integers(1, 60), st.dates(date(2020, 1, 1), date(2099, 1, 1)))
def test_instalments_sum_and_come_a_month_apart(micro: int, number: int, first: date) -> None:
    if number > micro:
        with pytest.raises(ValueError, match="cannot be paid"):
            plan_of(micro, instalments=number, first_due=first)
        return
    plan = plan_of(micro, instalments=number, first_due=first)
    amounts = [each.amount_micro for each in plan]
    assert (sum(amounts), max(amounts) - min(amounts) <= 1) == (micro, True)
    assert [each.due_on for each in plan] == [months_after(first, n) for n in range(number)]
    assert all(27 < (b.due_on - a.due_on).days < 32 for a, b in pairwise(plan))


@given(st.integers(0, 100), st.integers(-50, 100), st.integers(-50, 50))
def test_what_is_due_makes_nobodys_balance_low(due: int, balance: int, keep: int) -> None:
    micro = payable_micro(due, balance_micro=balance, keep_above_micro=keep)
    assert 0 <= micro <= due
    assert micro == 0 or balance - micro > keep
    assert micro == due or balance - micro <= keep + 1
