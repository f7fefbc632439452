"""When emergency credit is offered, used, and over; what a cut makes of it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.emergency_credits.rules import (
    accepted,
    follow,
    offered,
    used_micro,
    why_no_use,
    why_not,
)
from prepay_ledger.emergency_credits.values import (
    Acceptance,
    Asked,
    CreditState,
    Means,
    Refused,
    Standing,
)
from prepay_ledger.facts.values import Decided
from prepay_ledger.supply.decide import (
    Facts,
    Fired,
    Rules,
    decide,
    is_exhausted,
    is_restored,
    restored_above_micro,
)
from prepay_ledger.supply.warning_limits import warning_limits
from prewatt_common.contracts.ledger_events_v1 import SupplyState
from prewatt_common.contracts.supply_credit_v1 import EmergencyCredit as Terms
from prewatt_common.contracts.supply_policy_v1 import InvalidPolicy, Warnings, policy_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACCOUNT = UUID(int=1)
TERMS = Terms(amount_micro=10, offered_at_micro=3, accepted_max=2, accepted_max_days=30)
ACCEPTANCE = Acceptance(means=Means.SMS, key="m-1", decided=Decided(by="sms", reason="YES", at=NOW))


def asked(balance: int, *, overdraft: int = 0, **other: bool) -> Asked:
    of_it = {"protected": False, "agreed": True} | other
    return Asked(account_id=ACCOUNT, balance_micro=balance, overdraft_micro=overdraft, **of_it)


NO_CREDIT = Standing()


def looked(of: Asked, standing: Standing = NO_CREDIT, terms: Terms | None = TERMS):
    return follow(of, terms, standing, new_id=uuid4(), policy=1, now=NOW)


def opened(balance: int, *, is_accepted: bool = False, overdraft: int = 0) -> Standing:
    credit = offered(
        asked(balance, overdraft=overdraft), TERMS, credit_id=uuid4(), policy=1, now=NOW
    )
    return Standing(accepted(credit, ACCEPTANCE) if is_accepted else credit)


DAYS_AGO = tuple(NOW - timedelta(days=days) for days in (29, 3))


@pytest.mark.parametrize(
    ("of", "terms", "accepted_at", "why"),
    [
        (asked(3), TERMS, (), None),
        (asked(4), TERMS, (), Refused.NOT_OFFERED),
        (asked(-9), TERMS, (), None),
        (asked(-10), TERMS, (), Refused.TOO_LITTLE),
        # An overdraft is used first: 3 are left at -17, and 10 more reach to -30.
        (asked(-16, overdraft=20), TERMS, (), Refused.NOT_OFFERED),
        (asked(-17, overdraft=20), TERMS, (), None),
        (asked(-30, overdraft=20), TERMS, (), Refused.TOO_LITTLE),
        (asked(3), None, (), Refused.NOT_IN_POLICY),
        (asked(3, agreed=False), TERMS, (), Refused.AGREEMENT_FORBIDS),
        (asked(3, protected=True), TERMS, (), Refused.PROTECTED),
        (asked(3), TERMS, DAYS_AGO[:1], None),
        (asked(3), TERMS, DAYS_AGO, Refused.USED_ALREADY),
        (asked(3), TERMS, (NOW - timedelta(days=30), DAYS_AGO[1]), None),
    ],
)
def test_it_is_offered_or_there_is_a_reason(of, terms, accepted_at, why):
    assert why_not(of, terms, Standing(None, accepted_at), now=NOW) is why
    found = looked(of, Standing(None, accepted_at), terms)
    assert (found.changed is not None) == (why is None)
    if found.changed is not None:
        assert found.changed.state is CreditState.OFFERED
        assert found.active_micro == 0, "nothing is used before it is accepted"
        assert found.waits_until == NOW + timedelta(minutes=TERMS.wait_minutes)


def test_a_cut_waits_for_the_answer_so_long_and_no_longer():
    standing = opened(3)
    assert looked(asked(-1), standing).waits_until == NOW + timedelta(hours=4)
    later = NOW + timedelta(hours=4)
    found = follow(asked(-1), TERMS, standing, new_id=uuid4(), policy=1, now=later)
    assert (found.waits_until, found.changed) == (None, None)
    # The utility offers none any more: nobody waits, and the customer may still accept.
    found = looked(asked(-1), standing, None)
    assert (found.waits_until, found.changed, found.over_above_micro) == (None, None, 3)


@pytest.mark.parametrize(
    ("balance", "overdraft", "is_accepted", "state", "active"),
    [
        (3, 0, False, None, 0),
        (4, 0, False, CreditState.LAPSED, 0),
        (3, 0, True, None, 10),
        (-10, 0, True, None, 10),
        (4, 0, True, CreditState.ENDED, 0),
        (-17, 20, True, None, 10),
        (-16, 20, True, CreditState.ENDED, 0),
    ],
)
def test_it_is_over_above_the_point_at_which_it_was_offered(
    balance, overdraft, is_accepted, state, active
):
    standing = opened(3 - overdraft, is_accepted=is_accepted, overdraft=overdraft)
    found = looked(asked(balance, overdraft=overdraft), standing)
    assert (found.changed and found.changed.state, found.active_micro) == (state, active)
    if state is None:
        assert found.over_above_micro == 3 - overdraft
        assert found.offer_at_micro is None, "one at a time"
    else:
        assert found.offer_at_micro == 3 - overdraft


def test_what_was_offered_may_be_accepted_unless_it_has_no_use():
    assert why_no_use(asked(3), amount_micro=10, at_micro=3) is None
    assert why_no_use(asked(4), amount_micro=10, at_micro=3) is Refused.NOT_OFFERED
    assert why_no_use(asked(-10), amount_micro=10, at_micro=3) is Refused.TOO_LITTLE


AMOUNTS = st.integers(-60, 60)


@given(
    balance=AMOUNTS,
    overdraft=st.integers(0, 30),
    credit=st.integers(0, 30),
    topup=st.integers(1, 90),
)
def test_a_topup_repays_what_is_used_before_the_balance_grows(balance, overdraft, credit, topup):
    def used(of: int) -> int:
        return used_micro(balance_micro=of, overdraft_micro=overdraft, credit_micro=credit)

    assert 0 <= used(balance) <= credit
    # What is used after it is what was used before less the top-up; no more than is owed.
    repaid = min(topup, used(balance))
    assert used(balance) - repaid <= used(balance)
    if balance > -(overdraft + credit):
        assert used(balance + topup) == used(balance) - repaid


@given(
    balance=AMOUNTS,
    overdraft=st.integers(0, 30),
    amount=st.integers(1, 30),
    owed=st.integers(0, 60),
    state=st.sampled_from(SupplyState),
    is_open=st.booleans(),
)
def test_who_has_emergency_credit_left_has_supply(  # noqa: PLR0917 - what Hypothesis draws
    balance, overdraft, amount, owed, state, is_open
):
    """Who was cut before it was accepted comes back by it; who used it up has to pay."""
    of = Facts(
        state=state,
        balance_micro=balance,
        warned_at=warning_limits(Warnings(), own_micro=5),
        overdraft_micro=overdraft,
        emergency_credit_micro=amount,
        owed_micro=owed,
        protected=False,
        meters=1,
        open_meters=int(is_open),
        parked_meters=0,
        untrusted_meters=0,
    )
    lowest = -(overdraft + amount)
    assert is_exhausted(of) == (balance <= lowest)
    rules = Rules()
    cut_before = owed < overdraft + amount
    assert is_restored(of, rules) == (balance > (lowest if cut_before else 0))
    assert restored_above_micro(of, rules) == (lowest if cut_before else 0)
    decision = decide(of, rules)
    if balance > lowest and cut_before:
        assert not decision.is_off
        is_cut = state in (SupplyState.DISCONNECTING, SupplyState.DISCONNECTED, SupplyState.LIMITED)
        assert (Fired.EMERGENCY_CREDIT in decision.fired) == (is_cut and balance <= 0)


def test_a_protected_class_is_offered_none():
    document = {
        "classes": {"hospital": {"protected": True, "emergency_credit": {"amount_micro": 1}}}
    }
    with pytest.raises(InvalidPolicy, match="emergency_credit is given"):
        policy_of(document)


def test_a_policy_that_offers_some_looks_at_everybody():
    assert policy_of({"default": {"emergency_credit": {"amount_micro": 1}}}).warns
    assert not policy_of({}).warns
