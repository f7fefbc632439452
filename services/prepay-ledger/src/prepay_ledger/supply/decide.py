"""Whether an account is to have supply, and whether it may be cut now. Decided here and only here.

``decide`` is pure: the same inputs give the same decision, so a stored decision can be replayed.
Where each relay stands towards it, and the next step of each, is `relays.next_step`.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, NamedTuple

import msgspec

from prepay_ledger.relays.values import Limits
from prewatt_common.contracts.ledger_events_v1 import SupplyState

Count = Annotated[int, msgspec.Meta(ge=0)]


class Fired(StrEnum):
    """Rules that call for a state."""

    BALANCE_LOW = "balance_low"
    BALANCE_EXHAUSTED = "balance_exhausted"
    BALANCE_RESTORED = "balance_restored"
    CUT_ENDED = "cut_ended"
    """The balance is not exhausted any more, and nobody has read the relay open."""
    CUSTOMER_PROTECTED = "customer_protected"
    RELAY_NOT_CLOSED = "relay_not_closed"
    """A relay is open, or nobody knows where it is, and supply is due."""
    RELAY_CONFIRMED = "relay_confirmed"
    """The relays are read back where they were sent."""


class Held(StrEnum):
    """What of the account itself holds a cut back; the rest comes as `Hold`. Nothing ever holds a
    reconnection."""

    PROTECTED_CUSTOMER = "protected_customer"
    NO_METER = "no_meter"
    PARKED_METER = "parked_meter"
    UNTRUSTED_READINGS = "untrusted_readings"
    ESTIMATED_READINGS = "estimated_readings"


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """What holds a cut, beside the account itself: an operator, a law's step, the calendar."""

    rule: str
    until: datetime | None = None
    """None: until somebody does something about it."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about an account that a decision rests on; stored with it."""

    state: SupplyState
    balance_micro: int
    low_balance_micro: int
    emergency_credit_micro: int
    protected: bool
    meters: Count
    """That serve the account now."""
    open_meters: Count
    """Of these: how many relays are read back open."""
    parked_meters: Count
    """Of these; what they used is not charged, so the balance is not what it should be."""
    untrusted_meters: Count
    """That serve or served it; what was noticed of their readings then stops cuts until a person
    has looked."""
    estimated_meters: Count = 0
    """That serve it; their last use is estimated."""
    confirms: bool = False
    """By agreement a relay that was open is armed only: the customer closes it, who says by that
    that it is safe."""
    holds: tuple[Hold, ...] = ()
    cut_not_after: datetime | None = None
    """When the next of these begins, as far as is known."""
    procedure: str | None = None
    """What a cut cites: the procedure by law, with its version."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What the policy in force says to the account's class, as far as a decision rests on it."""

    policy: Count = 0
    """The number of the policy's version; 0: what is built in."""
    customer_class: str = "default"
    balance_above_micro: int = 0
    """Who was cut comes back with a balance above this."""
    findings_hold: bool = True
    """Findings that wait for a person hold a cut."""
    estimates_hold: bool = False
    """A last use that is estimated holds a cut."""
    limits: Limits = Limits()


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """Whether supply is due, what may be done now, why, and when to look again."""

    is_exhausted: bool
    """The account is to have no supply, were it not for what holds that."""
    is_off: bool
    """Its relays are to be open."""
    fired: tuple[Fired, ...]
    held: tuple[str, ...] = ()
    """Why no relay may be opened now; those that are open stay so."""
    hold_ends_at: datetime | None = None
    """When the first of these that ends by itself is over."""
    cut_not_after: datetime | None = None
    """When the next of these begins: no cut may be made after that."""

    @property
    def may_cut(self) -> bool:
        """Nothing holds a cut."""
        return self.is_off and not self.held


_CUT = frozenset({SupplyState.DISCONNECTING, SupplyState.DISCONNECTED})


def is_exhausted(facts: Facts) -> bool:
    """Nothing is left, emergency credit included."""
    return facts.balance_micro <= -facts.emergency_credit_micro


def is_restored(facts: Facts, rules: Rules) -> bool:
    """Enough is there to be connected again: emergency credit used must be repaid first."""
    return facts.balance_micro > rules.balance_above_micro


def is_low(facts: Facts) -> bool:
    """The customer should be told."""
    return facts.balance_micro <= facts.low_balance_micro


def decide(facts: Facts, rules: Rules) -> Decision:
    """What ``facts`` call for.

    Who was cut needs a restored balance; who was not, only one that is not exhausted: a cut on its
    way is called back by emergency credit or a small payment.
    """
    was_cut = facts.state in _CUT and facts.open_meters > 0
    exhausted = is_exhausted(facts) or (was_cut and not is_restored(facts, rules))
    if not exhausted:
        return Decision(is_exhausted=False, is_off=False, fired=_why_on(facts, rules))
    is_off = not facts.protected
    fired = [Fired.BALANCE_EXHAUSTED]
    if facts.protected and facts.state in _CUT:
        fired = [Fired.CUSTOMER_PROTECTED]
    return Decision(
        is_exhausted=True,
        is_off=is_off,
        fired=tuple(fired),
        held=(*_own_holds(facts, rules), *(each.rule for each in facts.holds)),
        hold_ends_at=earliest(each.until for each in facts.holds) if is_off else None,
        cut_not_after=facts.cut_not_after,
    )


def earliest(instants: Iterable[datetime | None]) -> datetime | None:
    """Of those that are known; none where none is."""
    return min((each for each in instants if each is not None), default=None)


def _why_on(facts: Facts, rules: Rules) -> tuple[Fired, ...]:
    fired: list[Fired] = []
    if facts.state in _CUT:
        fired.append(Fired.BALANCE_RESTORED if is_restored(facts, rules) else Fired.CUT_ENDED)
    if is_low(facts):
        fired.append(Fired.BALANCE_LOW)
    return tuple(fired)


def _own_holds(facts: Facts, rules: Rules) -> Iterable[Held]:
    if facts.meters == 0:
        yield Held.NO_METER
    if facts.parked_meters:
        yield Held.PARKED_METER
    if facts.estimated_meters and rules.estimates_hold:
        yield Held.ESTIMATED_READINGS
    if facts.untrusted_meters and rules.findings_hold:
        yield Held.UNTRUSTED_READINGS
    if facts.protected:
        yield Held.PROTECTED_CUSTOMER


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
    if decision.is_exhausted and facts.state not in (SupplyState.PENDING, *_CUT):
        due.append(Warned.EXHAUSTED)
    return tuple(due)


class Thresholds(NamedTuple):
    """Balances that lead to the next decision: one at or below the first, one above the second;
    none where balance alone leads to none that way."""

    at_micro: int | None
    above_micro: int | None

    def crossed_by(self, balance_micro: int) -> bool:
        """A balance that leads to the next decision."""
        return (self.at_micro is not None and balance_micro <= self.at_micro) or (
            self.above_micro is not None and balance_micro > self.above_micro
        )


def review_thresholds(
    *,
    state: SupplyState,
    low_balance_micro: int,
    emergency_credit_micro: int,
    restored_above_micro: int | None = None,
) -> Thresholds:
    """Of an account in ``state``. ``restored_above_micro``: what brings it back, where a relay of
    it is read back open."""
    exhausted_micro = -emergency_credit_micro
    match state:
        case SupplyState.CONNECTED:
            return Thresholds(max(low_balance_micro, exhausted_micro), None)
        case SupplyState.WARNED:
            return Thresholds(exhausted_micro, low_balance_micro)
        case SupplyState.RECONNECTING | SupplyState.ARMED:
            return Thresholds(exhausted_micro, None)
        case SupplyState.PENDING:
            return Thresholds(None, exhausted_micro)
        case SupplyState.DISCONNECTING | SupplyState.DISCONNECTED:
            above = exhausted_micro if restored_above_micro is None else restored_above_micro
            return Thresholds(None, above)
