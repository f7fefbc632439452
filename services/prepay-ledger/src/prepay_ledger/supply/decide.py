"""Whether an account is to have supply, and whether it may be cut now. Decided here and only here.

``decide`` is pure: the same inputs give the same decision, so a stored decision can be replayed.
Where each relay stands towards it, and the next step of each, is `relays.next_step`.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec

from prepay_ledger.balances.values import CUT
from prepay_ledger.relays.values import Limits
from prepay_ledger.supply.warning_limits import WarningLimit, to_tell
from prewatt_common.contracts.ledger_events_v1 import SupplyState

Count = Annotated[int, msgspec.Meta(ge=0)]


class Fired(StrEnum):
    """Rules that call for a state."""

    BALANCE_LOW = "balance_low"
    BALANCE_EXHAUSTED = "balance_exhausted"
    BALANCE_RESTORED = "balance_restored"
    DUES_SHARE_PAID = "dues_share_paid"
    """Of what was owed at the cut as much is paid as policy asks for."""
    EMERGENCY_CREDIT = "emergency_credit"
    """The customer has accepted emergency credit since the cut, and it is not used up."""
    POST_PAID = "post_paid"
    """The account pays after use by now, which was cut for its balance."""
    CUT_ENDED = "cut_ended"
    """The balance is not exhausted any more, and nobody has read the relay open."""
    CUSTOMER_PROTECTED = "customer_protected"
    RELAY_NOT_CLOSED = "relay_not_closed"
    """A relay is open, or nobody knows where it is, and supply is due."""
    RELAY_CONFIRMED = "relay_confirmed"
    """The relays are read back where they were sent."""


class Held(StrEnum):
    """What of the account itself holds a cut back; the rest comes as `Hold`. Nothing of it ever
    holds a reconnection."""

    PROTECTED_CUSTOMER = "protected_customer"
    NO_METER = "no_meter"
    PARKED_METER = "parked_meter"
    UNTRUSTED_READINGS = "untrusted_readings"
    ESTIMATED_READINGS = "estimated_readings"
    SMALL_LOAD = "small_load"
    """It uses so little that a cut is worth nothing to the utility."""
    GRACE_AFTER_CONVERSION = "grace_after_conversion"
    EMERGENCY_CREDIT_OFFERED = "emergency_credit_offered"
    """The customer has the time to accept emergency credit."""
    NOT_NOTIFIED = "not_notified"
    """No low-balance notice was delivered, or not long enough ago."""


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """What holds a cut, beside the account itself: an operator, a law's step, the calendar."""

    rule: str
    until: datetime | None = None
    """None: until somebody does something about it."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about an account that a decision rests on; stored with it."""

    state: SupplyState
    balance_micro: int
    warned_at: tuple[WarningLimit, ...]
    """The limits at which the customer is warned, the highest first; at least one."""
    told: tuple[str, ...] = ()
    """Of these, by key, what the customer was told and is still so."""
    overdraft_micro: int
    emergency_credit_micro: Count = 0
    """Accepted and not repaid: it may be used below the overdraft."""
    owed_micro: Count = 0
    """When it was cut the last time."""
    dues_until: datetime | None = None
    """Until then it is on though it owes, for a share was paid: up to what it owed."""
    protected: bool
    meters: Count
    """That serve the account now."""
    open_meters: Count
    """Of these: how many relays are read back open."""
    limited_meters: Count = 0
    """Of these: how many relays are read back limited."""
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
    post_paid: bool = False
    """It pays after use: its balance cuts nobody, and warns nobody."""
    holds: tuple[Hold, ...] = ()
    cut_not_after: datetime | None = None
    """When the next of these begins, as far as is known."""
    procedure: str | None = None
    """What a cut cites: the procedure by law, with its version."""


class ShareOfDues(msgspec.Struct, frozen=True, kw_only=True):
    """Who pays ``share_ppm`` of what was owed at the cut has supply for ``days`` days, and as long
    as no more is owed than then."""

    share_ppm: Count
    days: Count


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What the policy in force says to the account's class, as far as a decision rests on it."""

    policy: Count = 0
    """The number of the policy's version; 0: what is built in."""
    customer_class: str = "default"
    balance_above_micro: int = 0
    """Who was cut comes back with a balance above this."""
    dues: ShareOfDues | None = None
    """Or with this share of what was owed at the cut."""
    findings_hold: bool = True
    """Findings that wait for a person hold a cut."""
    estimates_hold: bool = False
    """A last use that is estimated holds a cut."""
    load_limit_w: int | None = None
    """Whoever would be cut is limited to so much."""
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


def credit_micro(facts: Facts) -> int:
    """How far below zero there is supply: by overdraft and emergency credit, or while dues are paid
    by shares."""
    owed_micro = 0 if facts.dues_until is None else facts.owed_micro
    return max(_agreed_micro(facts), owed_micro)


def _agreed_micro(facts: Facts) -> int:
    return facts.overdraft_micro + facts.emergency_credit_micro


def _is_credited_since(facts: Facts) -> bool:
    """Emergency credit was accepted after the cut: it reaches below what was owed then. What was
    used up before the cut does not."""
    return facts.emergency_credit_micro > 0 and _agreed_micro(facts) > facts.owed_micro


def is_exhausted(facts: Facts) -> bool:
    """Nothing is left, overdraft and emergency credit included, of who pays beforehand."""
    return not facts.post_paid and facts.balance_micro <= -credit_micro(facts)


def restored_above_micro(facts: Facts, rules: Rules) -> int:
    """A balance above this brings back who was cut: what was used below zero must be repaid first,
    or the share of the dues that policy asks for; or emergency credit was accepted since."""
    if _is_credited_since(facts):
        return min(rules.balance_above_micro, -_agreed_micro(facts))
    if rules.dues is None or facts.owed_micro == 0:
        return rules.balance_above_micro
    share_micro = -(-facts.owed_micro * rules.dues.share_ppm // 1_000_000)
    return min(rules.balance_above_micro, share_micro - facts.owed_micro - 1)


def is_restored(facts: Facts, rules: Rules) -> bool:
    """Enough is there to be connected again, or nothing need be there."""
    return facts.post_paid or facts.balance_micro > restored_above_micro(facts, rules)


def back_above_micro(facts: Facts, rules: Rules, *, is_shut: bool) -> int:
    """What a balance must pass to bring supply back where it is off or on its way to be.
    ``is_shut``: a relay is read back open or limited; else one that is not exhausted is enough."""
    restored_micro = restored_above_micro(facts, rules)
    return restored_micro if is_shut else min(restored_micro, -credit_micro(facts))


def is_low(facts: Facts) -> bool:
    """The customer should be told."""
    return not facts.post_paid and facts.balance_micro <= facts.warned_at[0].micro


def decide(facts: Facts, rules: Rules) -> Decision:
    """What ``facts`` call for.

    Who was cut needs a restored balance; who was not, only one that is not exhausted: a cut on its
    way is called back by emergency credit or a small payment.
    """
    exhausted = is_exhausted(facts)
    if facts.state in CUT:
        is_shut = facts.open_meters + facts.limited_meters > 0
        exhausted = (exhausted or is_shut) and not is_restored(facts, rules)
    if not exhausted:
        return Decision(is_exhausted=False, is_off=False, fired=_why_on(facts, rules))
    is_off = not facts.protected
    fired = [Fired.BALANCE_EXHAUSTED]
    if facts.protected and facts.state in CUT:
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
    if facts.state in CUT:
        fired.append(_why_back(facts, rules))
    if is_low(facts):
        fired.append(Fired.BALANCE_LOW)
    return tuple(fired)


def _why_back(facts: Facts, rules: Rules) -> Fired:
    if facts.post_paid:
        return Fired.POST_PAID
    if facts.balance_micro > rules.balance_above_micro:
        return Fired.BALANCE_RESTORED
    if _is_credited_since(facts):
        return Fired.EMERGENCY_CREDIT
    return Fired.DUES_SHARE_PAID if is_restored(facts, rules) else Fired.CUT_ENDED


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


def warning(facts: Facts) -> WarningLimit | None:
    """The limit that the customer is told of now; none: nothing new. Nobody is warned of a limit
    that lies where the balance is exhausted anyhow."""
    if facts.post_paid or facts.state not in (SupplyState.CONNECTED, SupplyState.WARNED):
        return None
    above = [each for each in facts.warned_at if each.micro > -credit_micro(facts)]
    return to_tell(above, balance_micro=facts.balance_micro, told=facts.told)


def is_told_exhausted(facts: Facts, decision: Decision) -> bool:
    """The customer was not told yet that nothing is left."""
    return decision.is_exhausted and facts.state not in (SupplyState.PENDING, *CUT)
