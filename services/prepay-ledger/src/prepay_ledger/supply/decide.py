"""Whether an account's supply stays, goes or comes back. A cut is decided here and only here.

``decide`` is pure: the same inputs give the same decision, so a stored decision can be replayed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import assert_never

import msgspec

from prewatt_common.contracts.base import RelayAction
from prewatt_common.contracts.ledger_events_v1 import SupplyState

POLICY_VERSION = 1


class Fired(StrEnum):
    """Rules that call for a state."""

    BALANCE_LOW = "balance_low"
    BALANCE_EXHAUSTED = "balance_exhausted"
    BALANCE_RESTORED = "balance_restored"
    COMMAND_CONFIRMED = "command_confirmed"
    COMMAND_FAILED = "command_failed"
    CUSTOMER_PROTECTED = "customer_protected"
    RELAY_UNCERTAIN = "relay_uncertain"


class Held(StrEnum):
    """Rules that hold a cut back. Nothing ever holds a reconnection."""

    PROTECTED_CUSTOMER = "protected_customer"
    FRIENDLY_HOURS = "friendly_hours"
    RETRY_PAUSE = "retry_pause"
    NO_METER = "no_meter"
    PARKED_METER = "parked_meter"
    UNTRUSTED_READINGS = "untrusted_readings"


_BY_A_PERSON = frozenset(
    {Held.PROTECTED_CUSTOMER, Held.NO_METER, Held.PARKED_METER, Held.UNTRUSTED_READINGS}
)


class CommandOutcome(StrEnum):
    """How the commands of the last decision stand, taken together."""

    NONE = "none"
    IN_FLIGHT = "in_flight"
    CONFIRMED = "confirmed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Policy:
    """What the utility allows. Friendly hours are local times, half-open, may pass midnight."""

    friendly_hours: tuple[tuple[time, time], ...]
    retry_after: timedelta


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a decision rests on; stored with it."""

    state: SupplyState
    balance_micro: int
    low_balance_micro: int
    emergency_credit_micro: int
    protected: bool
    meters: int
    """That serve the account now."""
    parked_meters: int
    """Of these; what they used is not charged, so the balance is not what it should be."""
    untrusted_meters: int
    """That serve or served it; what was noticed of their readings then stops cuts until a person
    has looked."""
    outcome: CommandOutcome
    """Of the last commands that were issued, however long ago."""
    last_action: RelayAction | None
    """What those commands asked for; none where there never was one."""
    retry_pause: bool
    """A step failed less than the policy's pause ago."""
    local_time: time
    """The utility's wall clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The state to be in, the command to issue, why, and when to look again."""

    state: SupplyState
    action: RelayAction | None
    fired: tuple[Fired, ...]
    held: tuple[Held, ...] = ()
    recheck_after: timedelta | None = None


def is_exhausted(facts: Facts) -> bool:
    """Nothing is left, emergency credit included."""
    return facts.balance_micro <= -facts.emergency_credit_micro


def is_restored(facts: Facts) -> bool:
    """Enough is there to be connected again: emergency credit used must be repaid first."""
    return facts.balance_micro > 0


def is_low(facts: Facts) -> bool:
    """The customer should be told."""
    return facts.balance_micro <= facts.low_balance_micro


def decide(*, facts: Facts, policy: Policy) -> Decision:
    """The supply state that ``facts`` call for under ``policy``."""
    match facts.state:
        case SupplyState.DISCONNECTING:
            return _while_disconnecting(facts, policy)
        case SupplyState.DISCONNECTED:
            return _back(facts) or _stay(SupplyState.DISCONNECTED)
        case SupplyState.RECONNECTING:
            return _while_reconnecting(facts, policy)
        case SupplyState.CONNECTED | SupplyState.WARNED | SupplyState.PENDING:
            return _while_connected(facts, policy, ())
    assert_never(facts.state)


def _while_connected(facts: Facts, policy: Policy, fired: tuple[Fired, ...]) -> Decision:
    cut_before = facts.last_action is RelayAction.DISCONNECT
    if cut_before and (facts.protected or not is_exhausted(facts)):
        # A cut that failed or expired may have opened the relay all the same, its answer lost.
        return _reconnect(*fired, Fired.RELAY_UNCERTAIN)
    if not is_exhausted(facts):
        if is_low(facts):
            return _stay(SupplyState.WARNED, *fired, Fired.BALANCE_LOW)
        return _stay(SupplyState.CONNECTED, *fired)
    fired = (*fired, Fired.BALANCE_EXHAUSTED)
    if cut_before and facts.outcome is CommandOutcome.CONFIRMED:
        # The answer of a cut that had been given up came late.
        return _stay(SupplyState.DISCONNECTED, *fired, Fired.COMMAND_CONFIRMED)
    held = _holds(facts, policy)
    if held:
        return _hold(*fired, held=held, again_after=_recheck(held, policy))
    return _cut(*fired)


def _while_disconnecting(facts: Facts, policy: Policy) -> Decision:
    # A newer reconnect supersedes the disconnect wherever it is on its way.
    back = _back(facts)
    if back is not None:
        return back
    if facts.outcome is CommandOutcome.CONFIRMED:
        return _stay(SupplyState.DISCONNECTED, Fired.COMMAND_CONFIRMED)
    if facts.outcome is CommandOutcome.IN_FLIGHT:
        return _stay(SupplyState.DISCONNECTING)
    if not is_exhausted(facts):
        return _while_connected(facts, policy, (Fired.COMMAND_FAILED,))
    return _hold(
        Fired.COMMAND_FAILED,
        Fired.BALANCE_EXHAUSTED,
        held=(Held.RETRY_PAUSE,),
        again_after=policy.retry_after,
    )


def _while_reconnecting(facts: Facts, policy: Policy) -> Decision:
    if facts.outcome is CommandOutcome.CONFIRMED:
        return _while_connected(facts, policy, (Fired.COMMAND_CONFIRMED,))
    if facts.outcome is CommandOutcome.IN_FLIGHT:
        return _stay(SupplyState.RECONNECTING)
    if facts.retry_pause:
        return _stay(SupplyState.RECONNECTING, Fired.COMMAND_FAILED, again_after=policy.retry_after)
    return _reconnect(Fired.COMMAND_FAILED)


def _back(facts: Facts) -> Decision | None:
    """What ends a cut: money, or that the customer is protected by now."""
    if is_restored(facts):
        return _reconnect(Fired.BALANCE_RESTORED)
    return _reconnect(Fired.CUSTOMER_PROTECTED) if facts.protected else None


def _stay(state: SupplyState, *fired: Fired, again_after: timedelta | None = None) -> Decision:
    """Nothing is asked of the meters."""
    return Decision(state=state, action=None, fired=fired, recheck_after=again_after)


def _hold(*fired: Fired, held: tuple[Held, ...], again_after: timedelta | None) -> Decision:
    """A cut is due, and must not be made now."""
    return Decision(
        state=SupplyState.PENDING, action=None, fired=fired, held=held, recheck_after=again_after
    )


def _cut(*fired: Fired) -> Decision:
    return Decision(state=SupplyState.DISCONNECTING, action=RelayAction.DISCONNECT, fired=fired)


def _reconnect(*fired: Fired) -> Decision:
    return Decision(state=SupplyState.RECONNECTING, action=RelayAction.RECONNECT, fired=fired)


def _holds(facts: Facts, policy: Policy) -> tuple[Held, ...]:
    held: list[Held] = []
    if facts.meters == 0:
        held.append(Held.NO_METER)
    if facts.parked_meters:
        held.append(Held.PARKED_METER)
    if facts.untrusted_meters:
        held.append(Held.UNTRUSTED_READINGS)
    if facts.protected:
        held.append(Held.PROTECTED_CUSTOMER)
    if any(_within(facts.local_time, hours) for hours in policy.friendly_hours):
        held.append(Held.FRIENDLY_HOURS)
    if facts.retry_pause:
        held.append(Held.RETRY_PAUSE)
    return tuple(held)


def _recheck(held: Sequence[Held], policy: Policy) -> timedelta | None:
    """What a person has to change is looked at again when somebody does, not by the clock."""
    if not _BY_A_PERSON.isdisjoint(held):
        return None
    return policy.retry_after


def _within(now: time, hours: tuple[time, time]) -> bool:
    start, end = hours
    return start <= now < end if start <= end else now >= start or now < end


class Warned(StrEnum):
    """What a customer is told of the balance."""

    LOW = "low"
    EXHAUSTED = "exhausted"


def warnings(*, facts: Facts, decision: Decision) -> tuple[Warned, ...]:
    """What the customer was not told yet, in the order in which the balance passed it: one charge
    may pass both. Nobody is warned of a limit that lies where the balance is exhausted anyhow."""
    due: list[Warned] = []
    low_comes_first = facts.low_balance_micro > -facts.emergency_credit_micro
    if facts.state is SupplyState.CONNECTED and low_comes_first and is_low(facts):
        due.append(Warned.LOW)
    cut_under_way = facts.state in (SupplyState.PENDING, SupplyState.DISCONNECTING)
    if Fired.BALANCE_EXHAUSTED in decision.fired and not cut_under_way:
        due.append(Warned.EXHAUSTED)
    return tuple(due)


def review_threshold_micro(*, decision: Decision, facts: Facts) -> int | None:
    """The balance at or below which the next decision is due, none where balance alone does not
    lead to one."""
    match decision.state:
        case SupplyState.CONNECTED:
            return first_review_micro(
                low_balance_micro=facts.low_balance_micro,
                emergency_credit_micro=facts.emergency_credit_micro,
            )
        case SupplyState.WARNED:
            return -facts.emergency_credit_micro
        case (
            SupplyState.PENDING
            | SupplyState.DISCONNECTING
            | SupplyState.DISCONNECTED
            | SupplyState.RECONNECTING
        ):
            return None
    assert_never(decision.state)


def first_review_micro(*, low_balance_micro: int, emergency_credit_micro: int) -> int:
    """The balance at or below which an account that is connected is looked at first."""
    return max(low_balance_micro, -emergency_credit_micro)


def local_time_of(instant: datetime) -> time:
    """The wall clock of a local instant, without its zone: what friendly hours are given in."""
    return instant.time().replace(tzinfo=None)
