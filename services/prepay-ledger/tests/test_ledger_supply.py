"""Supply decisions: tables of facts, and what must hold whatever the facts."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.relays.values import Desired, Observed, Outstanding, Relay
from prepay_ledger.supply.decide import (
    Facts,
    Fired,
    Held,
    Hold,
    Rules,
    ShareOfDues,
    decide,
    is_told_exhausted,
    warning,
)
from prepay_ledger.supply.replay import OtherCodeVersion, inputs_of, replay
from prepay_ledger.supply.settle import settle
from prepay_ledger.supply.warning_limits import WarningLimit
from prewatt_common.contracts.base import RelayAction
from prewatt_common.contracts.ledger_events_v1 import SupplyState, WarnedBy

S = SupplyState
ZONE = ZoneInfo("Asia/Shanghai")
RULES = Rules()
NOON = datetime(2026, 3, 1, 12, tzinfo=ZONE)
NIGHT = datetime(2026, 3, 1, 23, 30, tzinfo=ZONE)
CUT, BACK = RelayAction.DISCONNECT, RelayAction.RECONNECT


def at(*micro: int) -> tuple[WarningLimit, ...]:
    """The first is the account's own; the others are the policy's, falling."""
    own, *others = micro
    policy = [WarningLimit(micro=each, by=WarnedBy.MONEY, measure=each) for each in others]
    return (WarningLimit(micro=own, by=WarnedBy.ACCOUNT), *policy)


def facts(state: SupplyState = S.CONNECTED, balance: int = 100, **changes: object) -> Facts:
    given_facts = {
        "state": state,
        "balance_micro": balance,
        "warned_at": at(50),
        "overdraft_micro": 0,
        "protected": False,
        "meters": 1,
        "open_meters": 0,
        "parked_meters": 0,
        "untrusted_meters": 0,
    }
    return Facts(**(given_facts | changes))  # type: ignore[arg-type]


def relay(
    observed: Observed = Observed.CLOSED,
    *,
    out: RelayAction | None = None,
    desired: Desired | None = None,
    number: int = 0,
) -> Relay:
    """``out``: it is on its way, issued a second ago."""
    issued_at = NOON - timedelta(seconds=1)
    return Relay(
        meter_id=f"m-{number}",
        desired=desired or (Desired.OPEN if out is CUT else Desired.CLOSED),
        observed=observed,
        outstanding=out
        and Outstanding(
            command_id=UUID(int=number),
            action=out,
            issued_at=issued_at,
            deadline_at=issued_at + timedelta(minutes=1),
            expires_at=issued_at + timedelta(minutes=1),
        ),
    )


OPEN, CLOSED, UNKNOWN = Observed.OPEN, Observed.CLOSED, Observed.UNKNOWN
ARMED = Observed.ARMED


@pytest.mark.parametrize(
    ("given_facts", "of", "state", "action", "held"),
    [
        (facts(balance=51), relay(), S.CONNECTED, None, ()),
        (facts(balance=50), relay(), S.WARNED, None, ()),
        (facts(S.WARNED, 51), relay(), S.CONNECTED, None, ()),
        (facts(S.WARNED, 1), relay(), S.WARNED, None, ()),
        (facts(S.WARNED, 0), relay(), S.DISCONNECTING, CUT, ()),
        (facts(S.CONNECTED, -5), relay(), S.DISCONNECTING, CUT, ()),
        # the overdraft is used before the cut
        (facts(S.WARNED, -99, overdraft_micro=100), relay(), S.WARNED, None, ()),
        (facts(S.WARNED, -100, overdraft_micro=100), relay(), S.DISCONNECTING, CUT, ()),
        # holds
        (facts(S.WARNED, 0, protected=True), relay(), S.PENDING, None, (Held.PROTECTED_CUSTOMER,)),
        (facts(S.WARNED, 0, meters=0), None, S.PENDING, None, (Held.NO_METER,)),
        (facts(S.WARNED, 0, parked_meters=1), relay(), S.PENDING, None, (Held.PARKED_METER,)),
        (facts(S.WARNED, 0, untrusted_meters=1), relay(), S.PENDING, None,
         (Held.UNTRUSTED_READINGS,)),
        (facts(S.WARNED, 1, parked_meters=1), relay(), S.WARNED, None, ()),
        (facts(S.PENDING, 0), relay(), S.DISCONNECTING, CUT, ()),
        (facts(S.PENDING, 60), relay(), S.CONNECTED, None, ()),
        # the cut under way
        (facts(S.DISCONNECTING, -1), relay(out=CUT), S.DISCONNECTING, None, ()),
        (facts(S.DISCONNECTING, -1, open_meters=1), relay(OPEN), S.DISCONNECTED, None, ()),
        # called back by money, and by an overdraft granted meanwhile: nobody was dark yet
        (facts(S.DISCONNECTING, 1), relay(out=CUT), S.RECONNECTING, BACK, ()),
        (facts(S.DISCONNECTING, -5, overdraft_micro=9), relay(out=CUT), S.RECONNECTING,
         BACK, ()),
        (facts(S.DISCONNECTING, -1, protected=True), relay(out=CUT), S.RECONNECTING, BACK, ()),
        # parked while the cut is under way: it is called back
        (facts(S.DISCONNECTING, -1, parked_meters=1), relay(out=CUT), S.PENDING, BACK,
         (Held.PARKED_METER,)),
        (facts(S.PENDING, -1, parked_meters=1), relay(UNKNOWN), S.PENDING, BACK,
         (Held.PARKED_METER,)),
        (facts(S.PENDING, -1, parked_meters=1), relay(out=BACK), S.PENDING, None,
         (Held.PARKED_METER,)),
        # back again: what was used below zero must be repaid first
        (facts(S.DISCONNECTED, 0, open_meters=1), relay(OPEN), S.DISCONNECTED, None, ()),
        (facts(S.DISCONNECTED, -1, open_meters=1, overdraft_micro=100), relay(OPEN),
         S.DISCONNECTED, None, ()),
        (facts(S.DISCONNECTED, 1, open_meters=1), relay(OPEN), S.RECONNECTING, BACK, ()),
        # nothing holds a reconnection
        (facts(S.DISCONNECTED, 1, open_meters=1, protected=True, parked_meters=1,
               untrusted_meters=1), relay(OPEN), S.RECONNECTING, BACK, ()),
        # parked after the cut: it was made for what is charged
        (facts(S.DISCONNECTED, -1, open_meters=1, parked_meters=1), relay(OPEN), S.DISCONNECTED,
         None, ()),
        # protected after the cut
        (facts(S.DISCONNECTED, -1, open_meters=1, protected=True), relay(OPEN), S.RECONNECTING,
         BACK, ()),
        # a cut that was given up: nobody knows where the relay is
        (facts(S.PENDING, 60), relay(UNKNOWN), S.RECONNECTING, BACK, ()),
        (facts(S.PENDING, -1, protected=True), relay(UNKNOWN), S.RECONNECTING, BACK, ()),
        (facts(S.PENDING, -1), relay(UNKNOWN), S.DISCONNECTING, CUT, ()),
        # its answer came late
        (facts(S.PENDING, -1, open_meters=1), relay(OPEN), S.DISCONNECTED, None, ()),
        (facts(S.RECONNECTING, 60, open_meters=1), relay(OPEN, out=BACK), S.RECONNECTING, None,
         ()),
        (facts(S.RECONNECTING, 60), relay(), S.CONNECTED, None, ()),
        (facts(S.RECONNECTING, 40), relay(), S.WARNED, None, ()),
        # used up again before it was back
        (facts(S.RECONNECTING, -1, open_meters=1), relay(OPEN), S.DISCONNECTED, None, ()),
        (facts(S.RECONNECTING, -1, open_meters=1), relay(OPEN, out=BACK), S.DISCONNECTING, CUT,
         ()),
        # a new tenant behind a relay that the one before has left open
        (facts(S.CONNECTED, 60, open_meters=1), relay(OPEN, desired=Desired.OPEN), S.RECONNECTING,
         BACK, ()),
        # who has not paid yet is not connected first
        (facts(S.CONNECTED, 0, open_meters=1), relay(OPEN), S.DISCONNECTED, None, ()),
        # swapped while cut: the new meter is closed
        (facts(S.DISCONNECTED, -1), relay(), S.DISCONNECTING, CUT, ()),
        # paid between two meters: the next is closed already
        (facts(S.PENDING, 60, meters=0), None, S.CONNECTED, None, ()),
        (facts(S.DISCONNECTED, 60), relay(), S.CONNECTED, None, ()),
        # moved by hand
        (facts(S.CONNECTED, 60, open_meters=1), relay(OPEN), S.RECONNECTING, BACK, ()),
        # confirmed by the customer where agreed: the relay is armed, and waits for the button
        (facts(S.DISCONNECTED, 9, open_meters=1, confirms=True), relay(OPEN), S.RECONNECTING,
         RelayAction.ARM, ()),
        (facts(S.RECONNECTING, 9, confirms=True), relay(ARMED, desired=Desired.ARMED), S.ARMED,
         None, ()),
        (facts(S.ARMED, 60, confirms=True), relay(desired=Desired.ARMED), S.CONNECTED, None, ()),
        (facts(S.ARMED, -1, confirms=True), relay(ARMED, desired=Desired.ARMED), S.DISCONNECTING,
         CUT, ()),
        # it was agreed otherwise since
        (facts(S.ARMED, 9), relay(ARMED, desired=Desired.ARMED), S.RECONNECTING, BACK, ()),
        # nobody is asked to press a button who has never been dark
        (facts(S.CONNECTED, 60, confirms=True), relay(), S.CONNECTED, None, ()),
    ],
)  # fmt: skip
def test_decisions(
    given_facts: Facts,
    of: Relay | None,
    state: SupplyState,
    action: RelayAction | None,
    held: tuple[Held, ...],
) -> None:
    settled = settle(given_facts, [of] if of else [], rules=RULES, now=NOON)
    assert (settled.state, settled.action, settled.held) == (state, action, held)


def held_until(until: datetime | None) -> Hold:
    return Hold(rule="friendly_hours", until=until)


def test_what_holds_a_cut_is_looked_at_when_the_first_of_it_is_over() -> None:
    first, second = NOON + timedelta(hours=1), NOON + timedelta(hours=9)
    given_facts = facts(S.WARNED, 0, holds=(held_until(second), held_until(first)))
    settled = settle(given_facts, [relay()], rules=RULES, now=NOON)
    assert (settled.state, settled.again_at) == (S.PENDING, first)
    assert settled.held == ("friendly_hours", "friendly_hours")
    # By a person, it is looked at when somebody does something about it.
    by_hand = facts(S.WARNED, 0, holds=(held_until(None),))
    assert settle(by_hand, [relay()], rules=RULES, now=NOON).again_at is None


def test_a_cut_issued_just_before_friendly_hours_ends_with_their_begin() -> None:
    begins_at = NOON + timedelta(seconds=30)
    given_facts = facts(S.WARNED, 0, cut_not_after=begins_at)
    (moved,) = settle(given_facts, [relay()], rules=RULES, now=NOON).moved
    assert moved.step.action is CUT
    assert moved.step.expires_at == begins_at


def test_the_policy_says_what_brings_supply_back_and_whose_readings_hold_a_cut() -> None:
    dark = facts(S.DISCONNECTED, 9, open_meters=1)
    asks_more = msgspec.structs.replace(RULES, balance_above_micro=9)
    settled = settle(dark, [relay(OPEN)], rules=asks_more, now=NOON)
    assert (settled.state, settled.thresholds.above_micro) == (S.DISCONNECTED, 9)
    doubtful = facts(S.WARNED, 0, untrusted_meters=1, estimated_meters=1)
    bold = msgspec.structs.replace(RULES, findings_hold=False)
    assert settle(doubtful, [relay()], rules=bold, now=NOON).action is CUT
    careful = msgspec.structs.replace(RULES, estimates_hold=True)
    held = settle(doubtful, [relay()], rules=careful, now=NOON).held
    assert held == ("estimated_readings", "untrusted_readings")


def test_some_of_an_accounts_meters_are_open_and_some_cannot_be_cut_now() -> None:
    two = [relay(OPEN), relay(number=1)]
    given_facts = facts(S.DISCONNECTING, -1, meters=2, open_meters=1)
    assert settle(given_facts, two, rules=RULES, now=NOON).action is CUT
    at_night = msgspec.structs.replace(given_facts, holds=(held_until(None),))
    held = settle(at_night, two, rules=RULES, now=NIGHT)
    assert (held.state, held.action) == (S.DISCONNECTING, None)
    # Money for one is money for all.
    paid = settle(msgspec.structs.replace(at_night, balance_micro=1), two, rules=RULES, now=NIGHT)
    assert [each.step.action for each in paid.moved] == [BACK, None]


LOW, EXHAUSTED = 50, "exhausted"


@pytest.mark.parametrize(
    ("given_facts", "due"),
    [
        (facts(balance=51), ()),
        (facts(balance=50), (LOW,)),
        (facts(balance=0), (LOW, EXHAUSTED)),
        (facts(balance=-5, protected=True), (LOW, EXHAUSTED)),
        (facts(balance=-9, overdraft_micro=100), (LOW,)),
        (facts(balance=-100, overdraft_micro=100), (LOW, EXHAUSTED)),
        # the limit itself was raised
        (facts(balance=100, warned_at=at(200)), (200,)),
        # told before
        (facts(S.WARNED, 1, told=("account",)), ()),
        (facts(S.WARNED, 0, told=("account",)), (EXHAUSTED,)),
        # several limits: the lowest that is passed, and nobody is told of one twice
        (facts(balance=49, warned_at=at(50, 20, 10)), (50,)),
        (facts(S.WARNED, 49, warned_at=at(50, 20, 10), told=("account",)), ()),
        (facts(S.WARNED, 20, warned_at=at(50, 20, 10), told=("account",)), (20,)),
        (facts(balance=5, warned_at=at(50, 20, 10)), (10,)),
        (
            facts(S.WARNED, 5, warned_at=at(50, 20, 10), told=("account", "money:20", "money:10")),
            (),
        ),
        (facts(S.WARNED, 15, warned_at=at(50, 20, 10), told=("account", "money:20")), ()),
        (facts(S.PENDING, 15, warned_at=at(50, 20, 10)), ()),
        (
            facts(
                S.WARNED,
                -5,
                warned_at=at(50, 20, 0),
                overdraft_micro=4,
                told=("account", "money:20"),
            ),
            (0, EXHAUSTED),
        ),
        (facts(S.PENDING, 0), ()),
        (facts(S.PENDING, 20), ()),
        (facts(S.DISCONNECTING, -1), ()),
        (facts(S.RECONNECTING, 40), ()),
        (facts(S.RECONNECTING, -1), (EXHAUSTED,)),
        # no warning is wanted: both limits are one
        (facts(balance=0, warned_at=at(0)), (EXHAUSTED,)),
        (facts(balance=0, warned_at=at(0), overdraft_micro=9), (0,)),
    ],
)
def test_what_the_customer_is_told_of_the_balance(
    given_facts: Facts, due: tuple[int | str, ...]
) -> None:
    decision = decide(given_facts, RULES)
    limit = warning(given_facts)
    told = [] if limit is None else [limit.micro]
    told += [EXHAUSTED] if is_told_exhausted(given_facts, decision) else []
    assert tuple(told) == due


amounts = st.integers(min_value=-300, max_value=300)
instants = st.integers(min_value=0, max_value=365 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


@st.composite
def some_relays(draw: st.DrawFn) -> list[Relay]:
    return [
        relay(
            draw(st.sampled_from(Observed)),
            out=draw(st.none() | st.sampled_from([CUT, BACK])),
            desired=draw(st.sampled_from([Desired.OPEN, Desired.CLOSED])),
            number=number,
        )
        for number in range(draw(st.integers(min_value=0, max_value=3)))
    ]


@st.composite
def accounts(draw: st.DrawFn) -> tuple[Facts, list[Relay]]:
    relays = draw(some_relays())
    return (
        facts(
            draw(st.sampled_from(SupplyState)),
            draw(amounts),
            warned_at=at(
                draw(st.integers(min_value=0, max_value=200)),
                *draw(st.sampled_from([(), (-10,), (-5, -60)])),
            ),
            owed_micro=draw(st.integers(min_value=0, max_value=300)),
            dues_until=draw(st.none() | st.just(datetime(2027, 1, 1, tzinfo=UTC))),
            overdraft_micro=draw(st.integers(min_value=0, max_value=200)),
            protected=draw(st.booleans()),
            meters=len(relays),
            open_meters=sum(each.observed is OPEN for each in relays),
            confirms=draw(st.booleans()),
            holds=draw(st.sampled_from([(), (held_until(None),), (held_until(NIGHT),)])),
            cut_not_after=draw(st.none() | st.just(datetime(2027, 1, 1, tzinfo=UTC))),
            parked_meters=draw(st.integers(min_value=0, max_value=2)),
            untrusted_meters=draw(st.integers(min_value=0, max_value=1)),
        ),
        relays,
    )


@given(accounts(), instants)
def test_nobody_with_money_or_protection_is_cut(
    account: tuple[Facts, list[Relay]], now: datetime
) -> None:
    given_facts, relays = account
    settled = settle(given_facts, relays, rules=RULES, now=now)
    if settled.action is CUT:
        assert given_facts.balance_micro <= 0
        assert not given_facts.protected
        assert not given_facts.parked_meters
        assert not given_facts.untrusted_meters
        assert not given_facts.holds
        assert Fired.BALANCE_EXHAUSTED in settled.decision.fired
        for each in settled.moved:
            if each.step.expires_at is not None and given_facts.cut_not_after is not None:
                assert each.step.expires_at <= given_facts.cut_not_after
    if settled.state is S.PENDING:
        assert settled.held


@given(accounts(), instants)
def test_a_restored_balance_is_never_left_without_supply(
    account: tuple[Facts, list[Relay]], now: datetime
) -> None:
    given_facts, relays = account
    if given_facts.balance_micro <= 0:
        return
    settled = settle(given_facts, relays, rules=RULES, now=now)
    assert settled.state not in (S.DISCONNECTED, S.DISCONNECTING, S.PENDING)
    for each in settled.moved:
        asked = each.relay.outstanding and each.relay.outstanding.action
        is_due = {BACK} if not given_facts.confirms else {RelayAction.ARM}
        may_close = each.relay.observed is ARMED and given_facts.confirms
        assert each.relay.observed is CLOSED or may_close or {each.step.action, asked} & is_due


@given(accounts(), instants)
def test_a_stored_decision_replays(account: tuple[Facts, list[Relay]], now: datetime) -> None:
    given_facts, relays = account
    settled = settle(given_facts, relays, rules=RULES, now=now)
    stored = json.dumps(
        inputs_of(facts=given_facts, relays=relays, settled=settled, rules=RULES, now=now)
    )
    again = replay(json.loads(stored))
    for name in ("decision", "state", "fired", "held", "action", "thresholds"):
        assert getattr(again, name) == getattr(settled, name)


def test_a_decision_of_other_rules_is_not_replayed_by_these() -> None:
    settled = settle(facts(), [], rules=RULES, now=NOON)
    inputs = inputs_of(facts=facts(), relays=[], settled=settled, rules=RULES, now=NOON)
    inputs["code"] = 99
    with pytest.raises(OtherCodeVersion, match="99"):
        replay(inputs)


@given(accounts(), instants, amounts)
def test_only_a_balance_that_crosses_a_threshold_changes_the_decision(
    account: tuple[Facts, list[Relay]], now: datetime, balance: int
) -> None:
    given_facts, relays = account
    settled = settle(given_facts, relays, rules=RULES, now=now)
    if settled.thresholds.crossed_by(balance):
        return
    # As they are stored: what was owed at the cut, and what was asked of relays is outstanding.
    later = msgspec.structs.replace(
        given_facts,
        state=settled.state,
        balance_micro=balance,
        owed_micro=settled.owed_micro,
        dues_until=settled.dues_until,
    )
    asked = [
        msgspec.structs.replace(each.relay, outstanding=_asked(each, now))
        if each.step.action
        else each.relay
        for each in settled.moved
    ]
    again = settle(later, asked, rules=RULES, now=now)
    assert again.decision.is_off is settled.decision.is_off
    assert again.state is settled.state
    assert again.action is None


def _asked(moved, now):  # type: ignore[no-untyped-def]
    return Outstanding(
        command_id=UUID(int=9),
        action=moved.step.action,
        issued_at=now,
        deadline_at=moved.step.deadline_at,
        expires_at=moved.step.expires_at,
    )


def test_what_a_person_has_to_mend_is_not_looked_at_by_the_clock() -> None:
    held = facts(S.WARNED, 0, parked_meters=1)
    assert settle(held, [relay()], rules=RULES, now=NOON).again_at is None


SHARED = Rules(dues=ShareOfDues(share_ppm=400_000, days=30))


def dues(state: SupplyState, balance: int, *, owed: int = 1_000, **changes: object) -> Facts:
    return facts(state, balance, owed_micro=owed, **changes)


@pytest.mark.parametrize(
    ("given_facts", "of", "state"),
    [
        # 40 % of 1,000 is 400: up to -601 it is too little
        (dues(S.DISCONNECTED, -601, open_meters=1), relay(OPEN), S.DISCONNECTED),
        (dues(S.DISCONNECTED, -600, open_meters=1), relay(OPEN), S.RECONNECTING),
        (dues(S.DISCONNECTED, 1, open_meters=1), relay(OPEN), S.RECONNECTING),
        # a part of a micro-unit is owed whole
        (dues(S.DISCONNECTED, -1, owed=1, open_meters=1), relay(OPEN), S.DISCONNECTED),
        (dues(S.DISCONNECTED, 0, owed=0, open_meters=1), relay(OPEN), S.DISCONNECTED),
        # while the cut is out
        (dues(S.DISCONNECTING, -600), relay(out=CUT), S.RECONNECTING),
        (dues(S.DISCONNECTING, -601), relay(out=CUT), S.DISCONNECTING),
        # on, as long as no more is owed than at the cut
        (dues(S.WARNED, -999, dues_until=NIGHT), relay(), S.WARNED),
        (dues(S.WARNED, -1_000, dues_until=NIGHT), relay(), S.DISCONNECTING),
        # its days are over
        (dues(S.WARNED, -600), relay(), S.DISCONNECTING),
    ],
)
def test_who_pays_a_share_of_the_dues_has_supply_for_a_time(
    given_facts: Facts, of: Relay, state: SupplyState
) -> None:
    settled = settle(given_facts, [of], rules=SHARED, now=NOON)
    assert settled.state is state
    if Fired.DUES_SHARE_PAID in settled.fired:
        assert settled.dues_until == NOON + timedelta(days=30)
        assert settled.again_at is not None
    if settled.state in (S.DISCONNECTING, S.DISCONNECTED):
        share = settled.thresholds.above_micro
        assert share == -(-settled.owed_micro * 4 // 10) - settled.owed_micro - 1 or share == 0
    unshared = settle(given_facts, [of], rules=RULES, now=NOON)
    if given_facts.balance_micro <= 0 and given_facts.dues_until is None:
        assert unshared.state in (S.DISCONNECTING, S.DISCONNECTED)


def test_what_is_owed_is_kept_as_it_is_cut_and_as_it_is_read_open() -> None:
    sent = settle(facts(S.WARNED, -50), [relay()], rules=SHARED, now=NOON)
    assert (sent.owed_micro, sent.thresholds.above_micro) == (50, -31)
    # Use that was read only afterwards is owed too; what was paid meanwhile counts as paid.
    for balance, owed in ((-70, 70), (-40, 50)):
        known = facts(S.DISCONNECTING, balance, owed_micro=50, open_meters=1)
        assert settle(known, [relay(OPEN)], rules=SHARED, now=NOON).owed_micro == owed


@given(accounts(), instants, st.integers(min_value=1, max_value=1_000_000))
def test_a_share_of_dues_never_takes_supply_away(
    account: tuple[Facts, list[Relay]], now: datetime, share_ppm: int
) -> None:
    given_facts, relays = account
    shared = Rules(dues=ShareOfDues(share_ppm=share_ppm, days=7))
    with_share = settle(given_facts, relays, rules=shared, now=now)
    without = settle(given_facts, relays, rules=RULES, now=now)
    assert with_share.decision.is_off <= without.decision.is_off
