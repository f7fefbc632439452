"""Supply decisions: tables of facts, and what must hold whatever the facts."""

import json
from datetime import time, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.supply.decide import (
    CommandOutcome,
    Facts,
    Fired,
    Held,
    Policy,
    Warned,
    decide,
    review_threshold_micro,
    warnings,
)
from prepay_ledger.supply.replay import OtherPolicyVersion, inputs_of, replay
from prewatt_common.contracts.base import RelayAction
from prewatt_common.contracts.ledger_events_v1 import SupplyState

S = SupplyState
POLICY = Policy(friendly_hours=((time(22), time(7)),), retry_after=timedelta(minutes=1))
NOON = time(12)
NIGHT = time(23, 30)


def facts(state: SupplyState = S.CONNECTED, balance: int = 100, **changes: object) -> Facts:
    given_facts = {
        "state": state,
        "balance_micro": balance,
        "low_balance_micro": 50,
        "emergency_credit_micro": 0,
        "protected": False,
        "meters": 1,
        "parked_meters": 0,
        "untrusted_meters": 0,
        "outcome": CommandOutcome.NONE,
        "last_action": None,
        "retry_pause": False,
        "local_time": NOON,
    }
    return Facts(**(given_facts | changes))  # type: ignore[arg-type]


CUT = RelayAction.DISCONNECT
IN_FLIGHT, CONFIRMED, FAILED = (
    CommandOutcome.IN_FLIGHT,
    CommandOutcome.CONFIRMED,
    CommandOutcome.FAILED,
)


@pytest.mark.parametrize(
    ("given_facts", "state", "action", "held"),
    [
        (facts(balance=51), S.CONNECTED, None, ()),
        (facts(balance=50), S.WARNED, None, ()),
        (facts(S.WARNED, 51), S.CONNECTED, None, ()),
        (facts(S.WARNED, 1), S.WARNED, None, ()),
        (facts(S.WARNED, 0), S.DISCONNECTING, RelayAction.DISCONNECT, ()),
        (facts(S.CONNECTED, -5), S.DISCONNECTING, RelayAction.DISCONNECT, ()),
        # emergency credit is used before the cut
        (facts(S.WARNED, -99, emergency_credit_micro=100), S.WARNED, None, ()),
        (facts(S.WARNED, -100, emergency_credit_micro=100), S.DISCONNECTING,
         RelayAction.DISCONNECT, ()),
        # holds
        (facts(S.WARNED, 0, local_time=NIGHT), S.PENDING, None, (Held.FRIENDLY_HOURS,)),
        (facts(S.WARNED, 0, local_time=time(6, 59)), S.PENDING, None, (Held.FRIENDLY_HOURS,)),
        (facts(S.WARNED, 0, local_time=time(7)), S.DISCONNECTING, RelayAction.DISCONNECT, ()),
        (facts(S.WARNED, 0, protected=True), S.PENDING, None, (Held.PROTECTED_CUSTOMER,)),
        (facts(S.WARNED, 0, meters=0), S.PENDING, None, (Held.NO_METER,)),
        (facts(S.WARNED, 0, parked_meters=1), S.PENDING, None, (Held.PARKED_METER,)),
        (facts(S.PENDING, -9, parked_meters=2, local_time=NIGHT), S.PENDING, None,
         (Held.PARKED_METER, Held.FRIENDLY_HOURS)),
        (facts(S.PENDING, -1, parked_meters=1, outcome=FAILED, last_action=CUT), S.PENDING, None,
         (Held.PARKED_METER,)),
        (facts(S.WARNED, 1, parked_meters=1), S.WARNED, None, ()),
        (facts(S.WARNED, 0, retry_pause=True), S.PENDING, None, (Held.RETRY_PAUSE,)),
        (facts(S.PENDING, 0), S.DISCONNECTING, RelayAction.DISCONNECT, ()),
        (facts(S.PENDING, 60), S.CONNECTED, None, ()),
        # the cut under way
        (facts(S.DISCONNECTING, -1, outcome=IN_FLIGHT), S.DISCONNECTING, None, ()),
        (facts(S.DISCONNECTING, -1, outcome=CONFIRMED), S.DISCONNECTED, None, ()),
        (facts(S.DISCONNECTING, -1, outcome=FAILED), S.PENDING, None, (Held.RETRY_PAUSE,)),
        (facts(S.DISCONNECTING, 1, outcome=IN_FLIGHT), S.RECONNECTING, RelayAction.RECONNECT, ()),
        # back again: emergency credit must be repaid first
        (facts(S.DISCONNECTED, 0), S.DISCONNECTED, None, ()),
        (facts(S.DISCONNECTED, -1, emergency_credit_micro=100), S.DISCONNECTED, None, ()),
        (facts(S.DISCONNECTED, 1), S.RECONNECTING, RelayAction.RECONNECT, ()),
        # nothing holds a reconnection
        (facts(S.DISCONNECTED, 1, local_time=NIGHT, protected=True, retry_pause=True,
               parked_meters=1),
         S.RECONNECTING, RelayAction.RECONNECT, ()),
        # parked after the cut: it was made for what is charged
        (facts(S.DISCONNECTED, -1, parked_meters=1), S.DISCONNECTED, None, ()),
        (facts(S.DISCONNECTING, -1, parked_meters=1, outcome=IN_FLIGHT), S.DISCONNECTING, None,
         ()),
        # protected after the cut
        (facts(S.DISCONNECTED, -1, protected=True), S.RECONNECTING, RelayAction.RECONNECT, ()),
        (facts(S.DISCONNECTING, -1, protected=True, outcome=IN_FLIGHT), S.RECONNECTING,
         RelayAction.RECONNECT, ()),
        # a cut that was given up: the relay may be open all the same
        (facts(S.PENDING, 60, outcome=FAILED, last_action=CUT), S.RECONNECTING,
         RelayAction.RECONNECT, ()),
        (facts(S.PENDING, -1, outcome=FAILED, last_action=CUT, protected=True), S.RECONNECTING,
         RelayAction.RECONNECT, ()),
        (facts(S.DISCONNECTING, -5, outcome=FAILED, last_action=CUT, emergency_credit_micro=9),
         S.RECONNECTING, RelayAction.RECONNECT, ()),
        (facts(S.PENDING, -1, outcome=FAILED, last_action=CUT), S.DISCONNECTING, CUT, ()),
        (facts(S.PENDING, -1, outcome=CONFIRMED, last_action=CUT), S.DISCONNECTED, None, ()),
        (facts(S.RECONNECTING, 60, outcome=IN_FLIGHT), S.RECONNECTING, None, ()),
        (facts(S.RECONNECTING, 60, outcome=CONFIRMED), S.CONNECTED, None, ()),
        (facts(S.RECONNECTING, 40, outcome=CONFIRMED), S.WARNED, None, ()),
        (facts(S.RECONNECTING, -1, outcome=CONFIRMED), S.DISCONNECTING, RelayAction.DISCONNECT,
         ()),
        (facts(S.RECONNECTING, 60, outcome=FAILED, retry_pause=True), S.RECONNECTING, None, ()),
        (facts(S.RECONNECTING, 60, outcome=FAILED), S.RECONNECTING, RelayAction.RECONNECT, ()),
    ],
)  # fmt: skip
def test_decisions(
    given_facts: Facts, state: SupplyState, action: RelayAction | None, held: tuple[Held, ...]
) -> None:
    decision = decide(facts=given_facts, policy=POLICY)
    assert (decision.state, decision.action, decision.held) == (state, action, held)


LOW, EXHAUSTED = Warned.LOW, Warned.EXHAUSTED


@pytest.mark.parametrize(
    ("given_facts", "due"),
    [
        (facts(balance=51), ()),
        (facts(balance=50), (LOW,)),
        (facts(balance=0), (LOW, EXHAUSTED)),
        (facts(balance=0, local_time=NIGHT), (LOW, EXHAUSTED)),
        (facts(balance=-5, protected=True), (LOW, EXHAUSTED)),
        (facts(balance=-9, emergency_credit_micro=100), (LOW,)),
        (facts(balance=-100, emergency_credit_micro=100), (LOW, EXHAUSTED)),
        # the limit itself was raised
        (facts(balance=100, low_balance_micro=200), (LOW,)),
        # told before
        (facts(S.WARNED, 1), ()),
        (facts(S.WARNED, 0), (EXHAUSTED,)),
        (facts(S.PENDING, 0), ()),
        (facts(S.PENDING, 20), ()),
        (facts(S.DISCONNECTING, -1, outcome=FAILED), ()),
        (facts(S.RECONNECTING, 40, outcome=CONFIRMED), ()),
        (facts(S.RECONNECTING, -1, outcome=CONFIRMED), (EXHAUSTED,)),
        # no warning is wanted: both limits are one
        (facts(balance=0, low_balance_micro=0), (EXHAUSTED,)),
        (facts(balance=0, low_balance_micro=0, emergency_credit_micro=9), (LOW,)),
    ],
)  # fmt: skip
def test_what_the_customer_is_told_of_the_balance(
    given_facts: Facts, due: tuple[Warned, ...]
) -> None:
    assert warnings(facts=given_facts, decision=decide(facts=given_facts, policy=POLICY)) == due


amounts = st.integers(min_value=-300, max_value=300)
any_facts = st.builds(
    Facts,
    state=st.sampled_from(SupplyState),
    balance_micro=amounts,
    low_balance_micro=st.integers(min_value=0, max_value=200),
    emergency_credit_micro=st.integers(min_value=0, max_value=200),
    protected=st.booleans(),
    meters=st.integers(min_value=0, max_value=3),
    parked_meters=st.integers(min_value=0, max_value=2),
    untrusted_meters=st.integers(min_value=0, max_value=1),
    outcome=st.sampled_from(CommandOutcome),
    last_action=st.none() | st.sampled_from(RelayAction),
    retry_pause=st.booleans(),
    local_time=st.times(),
)


@given(any_facts)
def test_nobody_with_money_or_protection_is_cut(given_facts: Facts) -> None:
    decision = decide(facts=given_facts, policy=POLICY)
    if decision.action is RelayAction.DISCONNECT:
        assert given_facts.balance_micro <= -given_facts.emergency_credit_micro
        assert not given_facts.protected
        assert not given_facts.parked_meters
        assert not given_facts.untrusted_meters
        assert time(7) <= given_facts.local_time < time(22)
        assert Fired.BALANCE_EXHAUSTED in decision.fired
    if decision.state is S.PENDING:
        assert decision.held


@given(any_facts)
def test_a_restored_balance_is_never_left_without_supply(given_facts: Facts) -> None:
    decision = decide(facts=given_facts, policy=POLICY)
    if given_facts.balance_micro > 0:
        assert decision.state not in (S.DISCONNECTED, S.DISCONNECTING, S.PENDING)


@given(any_facts)
def test_a_stored_decision_replays(given_facts: Facts) -> None:
    stored = json.dumps(inputs_of(facts=given_facts, policy=POLICY))
    assert replay(json.loads(stored)) == decide(facts=given_facts, policy=POLICY)


def test_a_decision_of_other_rules_is_not_replayed_by_these() -> None:
    inputs = inputs_of(facts=facts(), policy=POLICY)
    inputs["policy"]["version"] = 99
    with pytest.raises(OtherPolicyVersion, match="99"):
        replay(inputs)


@given(any_facts)
def test_the_next_review_is_due_exactly_when_the_balance_changes_the_decision(
    given_facts: Facts,
) -> None:
    decision = decide(facts=given_facts, policy=POLICY)
    threshold = review_threshold_micro(decision=decision, facts=given_facts)
    if decision.state not in (S.CONNECTED, S.WARNED):
        assert threshold is None
        return
    assert threshold is not None
    settled = msgspec.structs.replace(given_facts, state=decision.state)
    for balance in range(threshold + 1, settled.balance_micro + 1):
        above = msgspec.structs.replace(settled, balance_micro=balance)
        assert decide(facts=above, policy=POLICY).state is decision.state
    at = msgspec.structs.replace(settled, balance_micro=threshold)
    assert decide(facts=at, policy=POLICY).state is not decision.state


def test_what_a_person_has_to_mend_is_not_looked_at_by_the_clock() -> None:
    held = facts(S.WARNED, 0, parked_meters=1, local_time=NIGHT)
    assert decide(facts=held, policy=POLICY).recheck_after is None
