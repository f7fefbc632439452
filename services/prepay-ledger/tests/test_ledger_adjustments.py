"""What may be adjusted and transferred, when it takes two people, and the journals: tables."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.adjustments import refusals
from prepay_ledger.adjustments.rules import (
    act_of_adjustment,
    act_of_transfer,
    adjustment_journal,
    adjustment_of,
    check_currencies,
    check_is_there,
    check_sign,
    needs_two,
    transfer_journal,
    transfer_of,
)
from prepay_ledger.adjustments.values import AdjustmentOrder, Cause, TransferOrder
from prepay_ledger.approvals.values import (
    Act,
    ActKind,
    ApprovalTerms,
    Outcome,
    OutcomeAction,
    Proposal,
    ProposalState,
)
from prepay_ledger.balances.values import Account
from prepay_ledger.facts.values import Decided
from prepay_ledger.journal.values import movements
from prepay_ledger.payments.suspense import LessIsLeft, NotInSuspense, check_is_left
from prepay_ledger.payments.values import KnownPayment, Payment, PaymentOutcome
from prepay_ledger.vending.acts import act_of_limits, limits_of, raises_credit
from prepay_ledger.vending.values import Limits, Vendor, VendorKind
from prewatt_common.contracts.ledger_events_v1 import SupplyState

AT = datetime(2026, 3, 1, tzinfo=UTC)
A, B = UUID(int=1), UUID(int=2)
TERMS = ApprovalTerms(above_micro=100, term=timedelta(days=7))
ACCOUNT = Account(
    id=A,
    number="a",
    currency="CNY",
    balance_micro=50,
    low_balance_micro=0,
    overdraft_micro=10,
    protected=False,
    supply_state=SupplyState.CONNECTED,
    opened_at=AT,
    emergency_credit_micro=1_000,
)
AMOUNTS = st.integers(-(10**15), 10**15).filter(bool)


@pytest.mark.parametrize("cause", Cause)
@pytest.mark.parametrize("micro", [1, -1])
def test_some_causes_only_give_and_some_only_take(cause: Cause, micro: int) -> None:
    may = {
        Cause.GOODWILL: {1},
        Cause.COMPENSATION: {1},
        Cause.FEE: {-1},
        Cause.UNMETERED_USE: {-1},
    }.get(cause, {1, -1})
    if micro in may:
        check_sign(cause, micro)
    else:
        with pytest.raises(refusals.CauseOfOtherSign, match=cause.value):
            check_sign(cause, micro)


@pytest.mark.parametrize(
    ("balance", "taken", "may_overdraw", "there", "two"),
    [
        (50, 60, False, True, False),  # as far as the overdraft goes, not the emergency credit
        (50, 61, False, False, True),
        (50, 61, True, True, True),
        (-500, -100, False, True, False),  # what is given overdraws nobody
        (-500, -101, False, True, True),
        (500, 100, False, True, False),
        (500, 101, False, True, True),
    ],
)
def test_much_or_what_overdraws_takes_two(
    balance: int, taken: int, may_overdraw: bool, there: bool, two: bool
) -> None:
    account = replace(ACCOUNT, balance_micro=balance)
    assert needs_two(TERMS, account, -taken, taken_micro=taken) is two
    if there:
        check_is_there(account, taken, may_overdraw=may_overdraw)
    else:
        with pytest.raises(refusals.BalanceTooLow, match="60 micro-units"):
            check_is_there(account, taken, may_overdraw=may_overdraw)


def test_without_an_amount_what_overdraws_still_takes_two() -> None:
    terms = replace(TERMS, above_micro=None)
    assert not needs_two(terms, ACCOUNT, 10**15, taken_micro=-(10**15))
    assert needs_two(terms, ACCOUNT, 61, taken_micro=61)


def test_a_transfer_has_two_ends_of_one_currency() -> None:
    other = replace(ACCOUNT, id=B, number="b")
    check_currencies(ACCOUNT, other)
    with pytest.raises(refusals.SameAccount):
        check_currencies(ACCOUNT, ACCOUNT)
    with pytest.raises(refusals.OtherCurrency, match="in CNY, account b in EUR"):
        check_currencies(ACCOUNT, replace(other, currency="EUR"))


@given(AMOUNTS, st.sampled_from(Cause), st.booleans())
def test_an_adjustment_is_carried_out_as_it_was_proposed(
    micro: int, cause: Cause, may_overdraw: bool
) -> None:
    asked = AdjustmentOrder(
        key="k", account_id=A, amount_micro=micro, cause=cause, may_overdraw=may_overdraw,
        who="li", reason="r",
    )  # fmt: skip
    act = act_of_adjustment(asked, "CNY")
    assert act.amount_micro == abs(micro)
    assert adjustment_of(act, who="li", reason="r") == asked
    journal = adjustment_journal(asked, adjustment_id=B, currency="CNY")
    assert movements(journal.entries) == {A: micro}
    assert journal.postings == {f"adjustments:{cause}": -micro}


@given(st.integers(1, 10**15), st.booleans())
def test_a_transfer_keeps_all_money_among_customers(micro: int, may_overdraw: bool) -> None:
    asked = TransferOrder(
        key="k", from_account_id=A, to_account_id=B, amount_micro=micro,
        may_overdraw=may_overdraw, who="li", reason="r",
    )  # fmt: skip
    assert transfer_of(act_of_transfer(asked, "CNY"), who="li", reason="r") == asked
    journal = transfer_journal(asked, transfer_id=UUID(int=3), currency="CNY")
    assert movements(journal.entries) == {A: -micro, B: micro}
    assert journal.postings == {}


def test_only_what_is_left_whole_is_placed_as_it_was_proposed() -> None:
    payment = Payment(
        provider="p", payment_id="1", account_number="a", amount_micro=100, currency="CNY"
    )
    known = KnownPayment(
        id=A, payment=payment, outcome=PaymentOutcome.SUSPENSE, reason="r", account_id=None
    )
    check_is_left(known, 100)
    with pytest.raises(LessIsLeft, match="70 micro-units are left"):
        check_is_left(replace(known, taken_back_micro=30), 100)
    with pytest.raises(NotInSuspense):
        check_is_left(replace(known, taken_back_micro=100), 100)


def test_a_proposal_waits_until_it_is_decided_or_expires() -> None:
    by = Decided(by="li", reason="r", at=AT)
    act = Act(
        kind=ActKind.BANK_LINE, subject="s", key=None, parameters={}, amount_micro=1,
        currency="CNY",
    )  # fmt: skip
    one = Proposal(id=A, act=act, proposed=by, expires_at=AT + TERMS.term)
    last = one.expires_at - timedelta(microseconds=1)
    assert one.state(last) is ProposalState.WAITING
    assert one.state(one.expires_at) is ProposalState.EXPIRED
    for action in OutcomeAction:
        done = replace(one, outcome=Outcome(action=action, decided=by))
        assert done.state(one.expires_at).value == action.value


@pytest.mark.parametrize(
    ("before", "after", "two"),
    [(0, 100, False), (0, 101, True), (200, 150, False), (200, 200, False), (200, 201, True)],
)
def test_only_more_credit_that_is_much_takes_two(before: int, after: int, two: bool) -> None:
    old = Limits(day_limit_micro=9, credit_limit_micro=before)
    new = Limits(day_limit_micro=10**15, credit_limit_micro=after, is_open=False)
    assert raises_credit(TERMS, old, new) is two
    vendor = Vendor(
        id=A, code="shop-1", name="n", kind=VendorKind.SHOP, currency="CNY", limits=old,
        opened_at=AT,
    )  # fmt: skip
    assert limits_of(act_of_limits(vendor, new)) == (old, new)
