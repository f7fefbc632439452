"""What of a bill may start a cut, and what is paid off apart."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.debts.rules import (
    corrected_by,
    due_micro,
    is_paused,
    is_split,
    may_start_a_cut,
    months_after,
    payable_micro,
    plan_of,
    split,
    treat,
)
from prepay_ledger.debts.values import (
    Bill,
    BillCause,
    Corrected,
    Debt,
    DebtTerms,
    Instalment,
    Origin,
    Treatment,
)
from prewatt_common.contracts.ledger_events_v1 import SupplyState

TODAY = date(2026, 3, 1)
C, T = BillCause, Treatment
GB = DebtTerms(limitation_months=12)


def bill(days_ago: int, **changes: object) -> Bill:
    given_bill = {
        "cause": C.EDIT,
        "used_from": TODAY - timedelta(days=days_ago),
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
        # A meter that was silent for long is read for the first time, estimated before or not.
        (bill(30, cause=C.READING), DebtTerms(), T.BALANCE),
        (bill(31, cause=C.READING), DebtTerms(), T.DEBT),
        (bill(90, cause=C.READING), DebtTerms(days=100), T.BALANCE),
        (bill(90, cause=C.READING, amount_micro=-5), DebtTerms(), T.BALANCE),
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


@pytest.mark.parametrize(
    ("given_bill", "looked_at"),
    [
        # What is read in its time is the balance's, whatever else is owed of its period.
        (bill(0, cause=C.READING), False),
        (bill(30, cause=C.READING), False),
        (bill(30, cause=C.READING, amount_micro=-5), False),
        (bill(31, cause=C.READING), True),
        (bill(31, cause=C.READING, amount_micro=-5), True),
        (bill(1, cause=C.READING, our_fault=True), True),
        (bill(1), True),
        (bill(1, cause=C.TARIFF, amount_micro=-5), True),
    ],
)
def test_which_differences_are_looked_at(given_bill: Bill, looked_at: bool) -> None:
    assert is_split(given_bill, DebtTerms()) is looked_at


@pytest.mark.parametrize("our_fault", [False, True])
@pytest.mark.parametrize("cause", [*BillCause])
@given(
    days_ago=st.integers(0, 800), days=st.integers(1, 400), months=st.none() | st.integers(1, 24)
)
def test_one_rule_for_all_causes(
    cause: BillCause, our_fault: bool, days_ago: int, days: int, months: int | None
) -> None:
    terms = DebtTerms(days=days, limitation_months=months)
    one, edited = (bill(days_ago, our_fault=our_fault, cause=each) for each in (cause, C.EDIT))
    assert treat(one, terms) is treat(edited, terms)
    # What is not looked at would be the balance's too, unless the law bars it sooner than that.
    assert is_split(one, terms) or treat(one, terms) is not T.DEBT


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


def debt(micro: int, instalments: int) -> Debt:
    """Agreed to be paid by so many instalments from today on."""
    return Debt(
        id=uuid4(),
        account_id=uuid4(),
        source="edit/1",
        origin=Origin(uuid4(), TODAY),
        cause=C.EDIT,
        our_fault=False,
        used_until=TODAY,
        currency="CNY",
        amount_micro=micro,
        paid_micro=0,
        lowered_micro=0,
        created_at=datetime(2026, 3, 1, tzinfo=UTC),
        plan=plan_of(micro, instalments=instalments, first_due=TODAY),
        instalments=instalments,
        first_due=TODAY,
    )


_CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["paid_micro", "lowered_micro", "written_off_micro"]),
        st.integers(-400, 400),
    ),
    max_size=8,
)


@given(st.integers(12, 500), st.integers(1, 12), _CHANGES)
def test_instalments_still_to_be_paid_sum_to_what_is_left(
    micro: int, number: int, changes: list[tuple[str, int]]
) -> None:
    """Whatever is paid, lowered, written off, or undone of these, in whatever order."""
    owed = debt(micro, number)
    for name, by in changes:
        was = getattr(owed, name)
        owed = replace(owed, **{name: was + max(-was, min(by, owed.left_micro))})  # type: ignore[arg-type]
        left = [each.amount_micro for each in owed.ahead]
        assert sum(left) == owed.left_micro
        assert all(each > 0 for each in left)
        days = [each.due_on for each in owed.ahead]
        assert days == sorted(set(days))
        assert set(days) <= {each.due_on for each in owed.plan}
        # However late it is: an instalment a month.
        most_micro = owed.plan[0].amount_micro
        assert due_micro(owed, months_after(TODAY, 99)) == min(most_micro, owed.left_micro)


def test_what_is_lowered_is_taken_off_the_last_instalments() -> None:
    owed = debt(600, 6)
    lowered = replace(owed, paid_micro=100, lowered_micro=250)
    assert [each.amount_micro for each in lowered.ahead] == [100, 100, 50]
    # What is undone beyond the plan comes with the last one.
    again = replace(owed, amount_micro=650, paid_micro=600)
    assert again.ahead == [Instalment(months_after(TODAY, 5), 50)]
    assert replace(owed, amount_micro=650).ahead[-1].amount_micro == 150


@given(st.integers(0, 100), st.integers(-50, 100), st.integers(-50, 50))
def test_what_is_due_makes_nobodys_balance_low(due: int, balance: int, keep: int) -> None:
    micro = payable_micro(due, balance_micro=balance, keep_above_micro=keep)
    assert 0 <= micro <= due
    assert micro == 0 or balance - micro > keep
    assert micro == due or balance - micro <= keep + 1


OFF = {
    SupplyState.DISCONNECTING,
    SupplyState.DISCONNECTED,
    SupplyState.LIMITED,
    SupplyState.RECONNECTING,
    SupplyState.ARMED,
}


@pytest.mark.parametrize("state", SupplyState)
def test_debts_are_paused_while_supply_is_off_where_the_policy_says_so(state: SupplyState) -> None:
    assert is_paused(state, DebtTerms()) is (state in OFF)
    assert is_paused(state, DebtTerms(paused_while_off=False)) is False


def bills(days_ago: int, micro: int, *, our_fault: bool = False) -> Bill:
    return bill(days_ago, amount_micro=micro, our_fault=our_fault)


class Period:
    """What an account has of one period, by `split` alone; money is the customer's."""

    def __init__(self, balance_micro: int) -> None:
        self.balance_micro = balance_micro
        self.debts_micro: list[list[int]] = []
        self.corrected = Corrected()

    def take(self, one: Bill, terms: DebtTerms) -> None:
        parts = split(
            one,
            terms,
            corrected=self.corrected,
            left_micro=self.left_micro,
            lowered_micro=sum(lowered for _, lowered in self.debts_micro),
            spare_micro=self.balance_micro - 1,
        )
        whole = parts.balance_micro + parts.reopened_micro + parts.debt_micro + parts.barred_micro
        assert whole == one.amount_micro
        self.balance_micro -= parts.balance_micro
        self.corrected = corrected_by(parts, self.corrected)
        left = parts.reopened_micro
        for debt in self.debts_micro if left > 0 else reversed(self.debts_micro):
            part = min(left, debt[1]) if left > 0 else max(left, -debt[0])
            debt[0] += part
            debt[1] -= part
            left -= part
        assert left == 0
        if parts.debt_micro:
            self.debts_micro.append([parts.debt_micro, 0])

    @property
    def left_micro(self) -> int:
        return sum(left for left, _ in self.debts_micro)

    @property
    def stands(self) -> tuple[int, int, int]:
        return self.balance_micro, self.left_micro, self.corrected.barred_micro


_DIFFERENCES = st.lists(st.tuples(st.integers(-90, 90), st.booleans()), min_size=1, max_size=8)


@given(_DIFFERENCES, st.integers(366, 900))
def test_of_what_the_law_bars_nothing_is_asked_again(
    some: list[tuple[int, bool]], days_ago: int
) -> None:
    """Neither what was given back before, nor what debts were lowered by."""
    period = Period(10**6)
    period.take(bills(40, 50), DebtTerms())
    for micro, our_fault in some:
        balance_micro, left_micro, _ = period.stands
        period.take(bills(days_ago, micro, our_fault=our_fault), GB)
        assert period.balance_micro >= balance_micro
        assert period.left_micro <= left_micro


@given(
    _DIFFERENCES,
    st.sampled_from([(5, GB), (40, GB), (5, DebtTerms()), (40, DebtTerms()), (500, DebtTerms())]),
)
def test_a_correction_and_its_opposite_leave_all_as_it_was(
    some: list[tuple[int, bool]], asked: tuple[int, DebtTerms]
) -> None:
    """However many came before, in the opposite order; whoever's fault."""
    days_ago, terms = asked
    period = Period(10**6)
    stood: list[tuple[int, int, int]] = []
    for micro, our_fault in some:
        stood.append(period.stands)
        period.take(bills(days_ago, micro, our_fault=our_fault), terms)
    for (micro, our_fault), before in zip(reversed(some), reversed(stood), strict=True):
        period.take(bills(days_ago, -micro, our_fault=our_fault), terms)
        assert period.stands == before


@given(_DIFFERENCES, st.integers(-50, 200))
def test_nothing_long_ago_brings_a_balance_to_where_a_cut_begins(
    some: list[tuple[int, bool]], balance_micro: int
) -> None:
    """Money is conserved, and what is long ago is taken from what is left alone."""
    period = Period(balance_micro)
    for micro, our_fault in some:
        before = period.balance_micro
        period.take(bills(40, micro, our_fault=our_fault), DebtTerms())
        assert period.balance_micro >= min(before, 1)
    total = sum(micro for micro, _ in some)
    assert balance_micro - period.balance_micro + period.left_micro == total
