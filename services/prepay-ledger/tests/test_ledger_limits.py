"""A load limit instead of a cut: which accounts, what holds it, and the ways there and back."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from prepay_ledger.relays.news import after_limiter, after_progress, after_report, after_silence
from prepay_ledger.relays.next_step import REST, Waits, next_step
from prepay_ledger.relays.open_spans import RelayStep, limited_spans, open_spans
from prepay_ledger.relays.values import (
    CommandProgress,
    Desired,
    Limits,
    Observed,
    Outstanding,
    Relay,
)
from prepay_ledger.supply.decide import Facts, Fired, Hold, Rules
from prepay_ledger.supply.replay import inputs_of, replay
from prepay_ledger.supply.settle import settle
from prepay_ledger.supply.warning_limits import WarningLimit
from prewatt_common.contracts.base import CommandStatus, RelayAction, RelayState
from prewatt_common.contracts.ledger_events_v1 import SupplyState, WarnedBy
from prewatt_metering.registers.spans import Limited, Span

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
S = SupplyState
OPEN, CLOSED, LIMITED, UNKNOWN = Observed.OPEN, Observed.CLOSED, Observed.LIMITED, Observed.UNKNOWN
CUT, BACK, ARM, LIMIT = (
    RelayAction.DISCONNECT, RelayAction.RECONNECT, RelayAction.ARM, RelayAction.LIMIT,
)  # fmt: skip
CUTTING, LIMITING, GENEROUS = Rules(), Rules(load_limit_w=400), Rules(load_limit_w=1_000)
NIGHT = (Hold(rule="friendly_hours", until=NOW + timedelta(hours=9)),)


def out(action: RelayAction, limit_w: int | None = None) -> Outstanding:
    return Outstanding(
        command_id=UUID(int=1),
        action=action,
        limit_w=limit_w,
        issued_at=NOW,
        deadline_at=NOW + timedelta(seconds=30),
        expires_at=NOW + timedelta(seconds=60),
    )


def relay(
    observed: Observed = CLOSED,
    *,
    w: int | None = None,
    asked: Outstanding | None = None,
    desired: tuple[Desired, int | None] = (Desired.CLOSED, None),
) -> Relay:
    return Relay(
        meter_id="m-1",
        desired=desired[0],
        limit_w=desired[1],
        observed=observed,
        observed_limit_w=w,
        outstanding=asked,
    )


def facts(state: SupplyState, balance: int, of: Relay, **changes: object) -> Facts:
    known = {
        "state": state,
        "balance_micro": balance,
        "warned_at": (WarningLimit(micro=50, by=WarnedBy.ACCOUNT),),
        "overdraft_micro": 0,
        "protected": False,
        "meters": 1,
        "open_meters": int(of.observed is OPEN),
        "limited_meters": int(of.observed is LIMITED),
        "parked_meters": 0,
        "untrusted_meters": 0,
    }
    return Facts(**(known | changes))  # type: ignore[arg-type]


TO_400 = (Desired.LIMITED, 400)


@pytest.mark.parametrize(
    ("why", "state", "balance", "of", "changes", "rules", "then"),
    [
        ("used up", S.WARNED, 0, relay(), {}, LIMITING, (S.DISCONNECTING, LIMIT, 400)),
        ("on its way", S.DISCONNECTING, 0, relay(asked=out(LIMIT, 400), desired=TO_400), {},
         LIMITING, (S.DISCONNECTING, None, 400)),
        ("there", S.DISCONNECTING, 0, relay(LIMITED, w=400, desired=TO_400), {}, LIMITING,
         (S.LIMITED, None, 400)),
        ("the night holds it", S.WARNED, 0, relay(), {"holds": NIGHT}, LIMITING,
         (S.PENDING, None, 400)),
        ("protected", S.WARNED, 0, relay(), {"protected": True}, LIMITING, (S.PENDING, None, None)),
        ("called back", S.DISCONNECTING, 0, relay(asked=out(LIMIT, 400), desired=TO_400),
         {"holds": NIGHT}, LIMITING, (S.PENDING, BACK, None)),
        ("paid", S.LIMITED, 1, relay(LIMITED, w=400, desired=TO_400), {"holds": NIGHT}, LIMITING,
         (S.RECONNECTING, BACK, None)),
        ("paid, and the customer would close what is open", S.LIMITED, 1,
         relay(LIMITED, w=400, desired=TO_400), {"confirms": True}, LIMITING,
         (S.RECONNECTING, ARM, None)),
        ("not enough was paid", S.LIMITED, 0, relay(LIMITED, w=400, desired=TO_400), {}, LIMITING,
         (S.LIMITED, None, 400)),
        ("emergency credit does not lift it", S.LIMITED, 0,
         relay(LIMITED, w=400, desired=TO_400), {"overdraft_micro": 50}, LIMITING,
         (S.LIMITED, None, 400)),
        ("the policy has no limit any more", S.LIMITED, 0, relay(LIMITED, w=400, desired=TO_400),
         {}, CUTTING, (S.DISCONNECTING, CUT, None)),
        ("nor at night, when nobody is cut", S.LIMITED, 0,
         relay(LIMITED, w=400, desired=TO_400), {"holds": NIGHT}, CUTTING, (S.LIMITED, None, None)),
        ("that cut is called back to the limit", S.DISCONNECTING, 0,
         relay(LIMITED, w=400, asked=out(CUT), desired=(Desired.OPEN, None)), {"holds": NIGHT},
         CUTTING, (S.LIMITED, LIMIT, 400)),
        ("cut, and the policy limits by now, whatever holds cuts", S.DISCONNECTED, 0,
         relay(OPEN, desired=(Desired.OPEN, None)), {"holds": NIGHT}, LIMITING,
         (S.DISCONNECTED, LIMIT, 400)),
        ("cut, and only the customer closes it", S.DISCONNECTED, 0,
         relay(OPEN, desired=(Desired.OPEN, None)), {"confirms": True}, LIMITING,
         (S.DISCONNECTED, None, None)),
        ("more is let through, whatever holds cuts", S.LIMITED, 0,
         relay(LIMITED, w=400, desired=TO_400), {"holds": NIGHT}, GENEROUS,
         (S.LIMITED, LIMIT, 1_000)),
        ("less is let through", S.LIMITED, 0,
         relay(LIMITED, w=1_000, desired=(Desired.LIMITED, 1_000)), {}, LIMITING,
         (S.DISCONNECTING, LIMIT, 400)),
        ("not at night", S.LIMITED, 0,
         relay(LIMITED, w=1_000, desired=(Desired.LIMITED, 1_000)), {"holds": NIGHT}, LIMITING,
         (S.LIMITED, None, 400)),
        ("used up again at night while the limit is lifted", S.RECONNECTING, 0,
         relay(LIMITED, w=400, asked=out(BACK)), {"holds": NIGHT}, LIMITING,
         (S.LIMITED, None, 400)),
        ("by day", S.RECONNECTING, 0, relay(LIMITED, w=400, asked=out(BACK)), {}, LIMITING,
         (S.DISCONNECTING, LIMIT, 400)),
        ("nobody knows where it is", S.DISCONNECTING, 0, relay(UNKNOWN, desired=TO_400), {},
         LIMITING, (S.DISCONNECTING, LIMIT, 400)),
    ],
)  # fmt: skip
def test_who_is_limited(*, why, state, balance, of, changes, rules, then):
    settled = settle(facts(state, balance, of, **changes), [of], rules=rules, now=NOW)
    (moved,) = settled.moved
    assert (settled.state, moved.step.action, moved.relay.limit_w) == then, why


def test_a_limit_that_takes_supply_away_is_a_cut_to_every_hold_and_one_that_gives_some_is_none():
    of = relay(desired=TO_400)
    taking = next_step(of, may_cut=False, cut_not_after=None, limits=Limits(), now=NOW)
    assert taking.waits is Waits.CUT_IS_HELD
    begins_at = NOW + timedelta(seconds=20)
    taking = next_step(of, may_cut=True, cut_not_after=begins_at, limits=Limits(), now=NOW)
    assert (taking.action, taking.expires_at) == (LIMIT, begins_at)
    giving = next_step(
        replace(of, observed=OPEN), may_cut=False, cut_not_after=None, limits=Limits(), now=NOW
    )
    assert (giving.action, giving.expires_at) == (LIMIT, NOW + timedelta(hours=24))


def test_a_limit_counts_for_the_fleet_breaker_where_it_takes_supply_away():
    for of, cuts in [(relay(), True), (relay(OPEN), False)]:
        state = S.DISCONNECTED if of.observed is OPEN else S.WARNED
        assert settle(facts(state, 0, of), [of], rules=LIMITING, now=NOW).cuts is cuts


def answer(status: CommandStatus, state: RelayState | None, number: int = 1) -> CommandProgress:
    return CommandProgress(
        command_id=UUID(int=number), meter_id="m-1", status=status, relay=state, detail="", at=NOW
    )


def step(of: Relay) -> RelayAction | None:
    return next_step(of, may_cut=True, cut_not_after=None, limits=Limits(), now=NOW).action


def test_to_how_many_watts_it_is_limited_is_known_by_the_command_that_was_answered():
    asked = relay(asked=out(LIMIT, 400), desired=TO_400)
    done = after_progress(asked, answer(CommandStatus.SUCCEEDED, RelayState.LIMITED), now=NOW)
    assert (done.observed, done.observed_limit_w, step(done)) == (LIMITED, 400, None)
    # What the meter tells of itself, before its answer or after it, changes nothing of that.
    assert after_report(done, RelayState.LIMITED, at=NOW) == replace(
        done, observed_from=after_report(done, RelayState.LIMITED, at=NOW).observed_from
    )
    told = after_report(asked, RelayState.LIMITED, at=NOW)
    assert (told.observed_limit_w, told.outstanding) == (None, asked.outstanding)
    assert after_progress(
        told, answer(CommandStatus.SUCCEEDED, RelayState.LIMITED), now=NOW
    ).is_there
    # An answer to another command does not say: it is asked once more.
    other = after_progress(asked, answer(CommandStatus.SUCCEEDED, RelayState.LIMITED, 2), now=NOW)
    lost = after_silence(other, limits=Limits(), now=NOW + timedelta(minutes=2))
    assert lost.observed is UNKNOWN
    assert step(lost) is LIMIT


def test_a_relay_that_its_own_limiter_opens_is_limited_and_nothing_is_asked_of_it():
    limited = relay(LIMITED, w=400, desired=TO_400)
    for state in (RelayState.OPEN, RelayState.CLOSED, RelayState.LIMITED):
        assert after_limiter(limited, state, at=NOW) == limited
    # Nobody has set a limit: it is open, and is left time to close by itself.
    opened = after_limiter(relay(), RelayState.OPEN, at=NOW)
    assert (opened.observed, step(opened)) == (OPEN, None)
    # Somebody else has opened it.
    by_hand = after_report(limited, RelayState.OPEN, at=NOW)
    assert (by_hand.observed, by_hand.observed_limit_w, step(by_hand)) == (OPEN, None, LIMIT)


def test_a_limit_ends_the_time_in_which_nothing_can_flow():
    steps = [RelayStep(CUT, 10, 20), RelayStep(LIMIT, 50, None)]
    assert open_spans(steps) == (Span(20, 50),)


def test_a_load_is_limited_from_the_answer_until_the_next_command_or_another_device():
    steps = [RelayStep(LIMIT, 10, None, 20, 400), RelayStep(LIMIT, 50, None, 60, 800)]
    first, second = Limited(Span(20, 50), 400), Limited(Span(60, None), 800)
    assert limited_spans(steps) == (first, second)
    assert limited_spans(steps, changed_us=[70]) == (first, Limited(Span(60, 70), 800))
    assert limited_spans([*steps, RelayStep(CUT, 65, None)]) == (first, Limited(Span(60, 65), 800))
    assert limited_spans([RelayStep(LIMIT, 10, None, None, 400)]) == ()


@st.composite
def accounts(draw: st.DrawFn) -> tuple[Facts, Relay, Rules]:
    observed = draw(st.sampled_from(Observed))
    desired = draw(st.sampled_from(Desired))
    asked = draw(st.none() | st.sampled_from([out(CUT), out(BACK), out(ARM), out(LIMIT, 400)]))
    watts = st.sampled_from([300, 400, 500])
    of = relay(
        observed,
        w=draw(st.none() | watts) if observed is LIMITED else None,
        asked=asked,
        desired=(desired, draw(watts) if desired is Desired.LIMITED else None),
    )
    given_facts = facts(
        draw(st.sampled_from(SupplyState)),
        draw(st.integers(-2, 2)),
        of,
        protected=draw(st.booleans()),
        confirms=draw(st.booleans()),
        holds=draw(st.sampled_from([(), NIGHT])),
    )
    return given_facts, of, draw(st.sampled_from([CUTTING, LIMITING]))


@given(accounts())
def test_whatever_was_before_nothing_that_holds_a_cut_is_passed_over(account):
    given_facts, of, rules = account
    settled = settle(given_facts, [of], rules=rules, now=NOW)
    (moved,) = settled.moved
    if settled.cuts:
        assert given_facts.balance_micro <= 0
        assert not given_facts.protected
        assert not given_facts.holds
        assert Fired.BALANCE_EXHAUSTED in settled.decision.fired
        assert moved.step.action is (LIMIT if moved.relay.limit_w else CUT)
    if given_facts.balance_micro > 0:
        assert moved.relay.desired in (Desired.CLOSED, Desired.ARMED)
        assert settled.state not in (S.LIMITED, S.DISCONNECTING, S.DISCONNECTED, S.PENDING)
    if settled.state in (S.LIMITED, S.DISCONNECTED) and moved.step == REST:
        assert moved.relay.observed is (LIMITED if settled.state is S.LIMITED else OPEN)
        assert settled.held == ()


@given(accounts())
def test_a_stored_decision_replays(account):
    given_facts, of, rules = account
    settled = settle(given_facts, [of], rules=rules, now=NOW)
    stored = inputs_of(facts=given_facts, relays=[of], settled=settled, rules=rules, now=NOW)
    again = replay(json.loads(msgspec.json.encode(stored)))
    for name in ("decision", "state", "fired", "held", "action", "thresholds"):
        assert getattr(again, name) == getattr(settled, name)
