"""An account's decision and the next step of each of its relays, as one pure function of all that
it rests on."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from prepay_ledger.balances.values import CUT
from prepay_ledger.emergency_credits.values import Followed
from prepay_ledger.prepay_agreements.values import Refused
from prepay_ledger.relays.news import after_silence
from prepay_ledger.relays.next_step import FOR_SAFETY, REST, Step, Waits, next_step
from prepay_ledger.relays.values import Desired, Observed, Relay
from prepay_ledger.supply.decide import (
    Decision,
    Facts,
    Fired,
    Rules,
    back_above_micro,
    credit_micro,
    decide,
    is_low,
)
from prepay_ledger.supply.desired import is_cut_out, wanted
from prepay_ledger.supply.thresholds import Thresholds, review_thresholds
from prewatt_common.contracts.base import RelayAction
from prewatt_common.contracts.ledger_events_v1 import SupplyState


class Moved(NamedTuple):
    """A relay as it is now, with where it should be, and the next step towards that."""

    relay: Relay
    step: Step


class Settled(NamedTuple):
    """What becomes of an account and its relays."""

    decision: Decision
    state: SupplyState
    fired: tuple[Fired, ...]
    held: tuple[str, ...]
    """Why a relay that is to be opened is not: of the account, and of its relays. And why one that
    is to be closed is not: for the safety of whoever is behind it."""
    moved: tuple[Moved, ...]
    thresholds: Thresholds
    again_at: datetime | None
    """When to look again, if nothing makes it due before."""
    owed_micro: int
    """`Facts.owed_micro` from now on."""
    dues_until: datetime | None

    @property
    def cuts(self) -> bool:
        """Supply is to be taken away from a meter now: its relay opened, or its load limited."""
        return any(each.step.action and _is_being_cut(each) for each in self.moved)

    @property
    def action(self) -> RelayAction | None:
        """What is asked of relays now."""
        return next((each.step.action for each in self.moved if each.step.action), None)


def settle(facts: Facts, relays: Sequence[Relay], *, rules: Rules, now: datetime) -> Settled:
    """``relays``: of the account's meters, as they are stored; those that are where they should be
    may be left out (`resting`)."""
    decision = decide(facts, rules)
    moved: list[Moved] = []
    for each in relays:
        relay = after_silence(each, limits=rules.limits, now=now)
        desired = wanted(relay, facts=facts, decision=decision, rules=rules)
        if desired != (relay.desired, relay.limit_w):
            # What failed before was about something else.
            relay = replace(
                relay,
                desired=desired.relay,
                limit_w=desired.limit_w,
                failures=0,
                failed_at=None,
                refused=False,
            )
        step = next_step(
            relay,
            may_cut=decision.may_cut,
            cut_not_after=decision.cut_not_after,
            limits=rules.limits,
            now=now,
        )
        moved.append(Moved(relay, step))
    state = _state(facts, decision, moved)
    is_shut = facts.open_meters + facts.limited_meters > 0 or any(
        each.relay.observed in (Observed.OPEN, Observed.LIMITED) for each in moved
    )
    at = [each.step.again_at for each in moved if each.step.again_at is not None]
    if decision.hold_ends_at is not None and not _is_done(state, moved):
        at.append(decision.hold_ends_at)
    after = _with_dues(facts, decision, state, rules=rules, now=now)
    if after.dues_until is not None:
        at.append(after.dues_until)
    return Settled(
        decision=decision,
        state=state,
        fired=(*decision.fired, *_of_relays(facts, decision, state, moved)),
        held=_held(decision, state, moved),
        moved=tuple(moved),
        thresholds=Thresholds(None, None)
        if facts.post_paid
        else review_thresholds(
            state=state,
            balance_micro=facts.balance_micro,
            warned_at=facts.warned_at,
            exhausted_micro=-credit_micro(after),
            back_above_micro=back_above_micro(after, rules, is_shut=is_shut),
        ),
        again_at=min(at, default=None),
        owed_micro=after.owed_micro,
        dues_until=after.dues_until,
    )


def thresholds_agreed(settled: Settled, *, cut_micro: int | None) -> Thresholds:
    """When balance leads to the next decision. Where less was agreed for a cut (``cut_micro``) than
    what is left of overdraft and emergency credit, that is looked at."""
    if Refused.ABOVE_CUT_THRESHOLD in settled.held:
        return settled.thresholds._replace(at_micro=cut_micro)
    return settled.thresholds


def _with_dues(
    facts: Facts, decision: Decision, state: SupplyState, *, rules: Rules, now: datetime
) -> Facts:
    """What is owed as it is cut, and until when a share that was paid of it is enough."""
    if state in CUT and state is not facts.state:
        # Readings that come after the cut was sent add to what is owed; payments are no less of it.
        known_micro = facts.owed_micro if facts.state in CUT else 0
        return replace(facts, owed_micro=max(known_micro, -facts.balance_micro, 0), dues_until=None)
    if rules.dues is not None and Fired.DUES_SHARE_PAID in decision.fired:
        return replace(facts, dues_until=now + timedelta(days=rules.dues.days))
    if facts.balance_micro > rules.balance_above_micro:
        return replace(facts, dues_until=None)
    return facts


def thresholds_with_credit(thresholds: Thresholds, credit: Followed) -> Thresholds:
    """Where emergency credit may be offered, or is over, it is looked at too."""
    at = [each for each in (thresholds.at_micro, credit.offer_at_micro) if each is not None]
    above = [each for each in (thresholds.above_micro, credit.over_above_micro) if each is not None]
    return Thresholds(max(at, default=None), min(above, default=None))


_AT_REST = {
    SupplyState.DISCONNECTING: frozenset({SupplyState.DISCONNECTED, SupplyState.LIMITED}),
    SupplyState.DISCONNECTED: frozenset({SupplyState.LIMITED}),
    SupplyState.RECONNECTING: frozenset(
        {SupplyState.CONNECTED, SupplyState.WARNED, SupplyState.PENDING, SupplyState.ARMED}
    ),
    SupplyState.ARMED: frozenset({SupplyState.CONNECTED, SupplyState.WARNED}),
}
_SAY_WHY = frozenset(
    {
        Fired.BALANCE_RESTORED,
        Fired.DUES_SHARE_PAID,
        Fired.EMERGENCY_CREDIT,
        Fired.POST_PAID,
        Fired.CUT_ENDED,
        Fired.CUSTOMER_PROTECTED,
    }
)
"""Why a relay is closed that was open or is to be."""


def resting(moved: Sequence[Moved], relays: Sequence[Relay]) -> list[bool]:
    """Of each, whether it was where it should be before and is left alone: the decision is the same
    without it."""
    return [
        each.step == REST and each.relay == relay and relay.observed is not Observed.ARMED
        for each, relay in zip(moved, relays, strict=True)
    ]


def _state(facts: Facts, decision: Decision, moved: Sequence[Moved]) -> SupplyState:
    unsettled = [each for each in moved if not each.step.is_rest]
    if decision.is_off:
        return _state_off(facts, unsettled)
    if unsettled:
        return SupplyState.RECONNECTING
    if any(each.relay.observed is Observed.ARMED for each in moved):
        return SupplyState.ARMED
    if decision.is_exhausted:
        return SupplyState.PENDING
    return SupplyState.WARNED if is_low(facts) else SupplyState.CONNECTED


def _state_off(facts: Facts, unsettled: Sequence[Moved]) -> SupplyState:
    if facts.meters == 0:
        return SupplyState.PENDING
    if any(map(_is_being_cut, unsettled)):
        return SupplyState.DISCONNECTING
    shut = facts.open_meters + facts.limited_meters
    may_close = any(each.relay.desired is Desired.OPEN for each in unsettled)
    if unsettled and (shut < facts.meters or (may_close and not facts.limited_meters)):
        return SupplyState.DISCONNECTING if shut else SupplyState.PENDING
    return SupplyState.LIMITED if facts.limited_meters else SupplyState.DISCONNECTED


def _is_being_cut(moved: Moved) -> bool:
    relay, step = moved
    if step.action is not None:
        return relay.loses_supply(step.action, relay.limit_w)
    return is_cut_out(relay)


def _is_done(state: SupplyState, moved: Sequence[Moved]) -> bool:
    """Cut or limited, and nothing more is to be taken away."""
    if state is SupplyState.LIMITED:
        return all(each.step.is_rest for each in moved)
    return state is SupplyState.DISCONNECTED


def _of_relays(
    facts: Facts, decision: Decision, state: SupplyState, moved: Sequence[Moved]
) -> Iterable[Fired]:
    """What relays call for, or confirm, beside what the account does."""
    if state in _AT_REST.get(facts.state, ()):
        yield Fired.RELAY_CONFIRMED
    is_needed = any(each.step.action or each.step.waits in FOR_SAFETY for each in moved)
    if is_needed and not decision.is_off and _SAY_WHY.isdisjoint(decision.fired):
        yield Fired.RELAY_NOT_CLOSED


def _held(decision: Decision, state: SupplyState, moved: Sequence[Moved]) -> tuple[str, ...]:
    waits = {each.step.waits for each in moved} - {None, Waits.ANSWER, Waits.CUT_IS_HELD}
    if state is SupplyState.RECONNECTING:
        return tuple(sorted(str(each) for each in waits & FOR_SAFETY))
    holding = (SupplyState.PENDING, SupplyState.DISCONNECTING, SupplyState.LIMITED)
    if state not in holding or _is_done(state, moved):
        return ()
    return (*decision.held, *sorted(str(each) for each in waits))
