"""An account at an instant of a simulation, decided about by the ledger's own rules: pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from prepay_ledger.policies.book import PolicyBook
from prepay_ledger.policies.in_force import PolicyInForce, holds
from prepay_ledger.prepay_agreements.rules import may_cut
from prepay_ledger.prepay_agreements.values import PrepayAgreement, Refused, class_of
from prepay_ledger.procedures.book import ProcedureBook
from prepay_ledger.relays.values import Observed, Relay
from prepay_ledger.supply.decide import Facts, Hold, Rules, is_low, warning
from prepay_ledger.supply.grounds import rules_of
from prepay_ledger.supply.settle import Settled, settle, thresholds_agreed
from prepay_ledger.supply.thresholds import Thresholds, review_thresholds
from prepay_ledger.supply.used import grace_hold, notice_hold
from prepay_ledger.supply.warning_limits import WarningLimit, told_now, warning_limits
from prepay_ledger.what_if.values import History
from prewatt_common.contracts.base import RelayAction
from prewatt_common.contracts.ledger_events_v1 import SupplyState

_LEADS_TO = {
    RelayAction.DISCONNECT: Observed.OPEN,
    RelayAction.RECONNECT: Observed.CLOSED,
    RelayAction.LIMIT: Observed.LIMITED,
}
_EVER = datetime.max.replace(tzinfo=UTC)
_STEPS_MAX = 6
"""A relay that obeys at once comes to rest in fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What holds when: policies, and the law's procedures."""

    policies: PolicyBook
    procedures: ProcedureBook
    _rules: dict[PolicyInForce, Rules] = field(default_factory=dict[PolicyInForce, Rules])

    def rules(self, policy: PolicyInForce) -> Rules:
        """What a policy says to a class, made once."""
        known = self._rules.get(policy)
        if known is None:
            known = self._rules[policy] = rules_of(policy)
        return known


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The account as it was decided about last. Its meters are one, which obeys at once."""

    state: SupplyState
    told: tuple[str, ...]
    owed_micro: int
    dues_until: datetime | None
    low_since: datetime | None
    relay: Relay


class Looked(NamedTuple):
    """What was decided, and when to decide again: at a balance, at an instant."""

    standing: Standing
    thresholds: Thresholds
    again_at: datetime | None
    is_warned: bool


def standing_of(history: History) -> Standing:
    """As the account comes into the range: dark, limited or on."""
    begin = history.account.begin
    observed = Observed.CLOSED
    if begin.is_dark:
        observed = Observed.OPEN
    elif begin.state is SupplyState.LIMITED:
        observed = Observed.LIMITED
    return Standing(
        state=begin.state,
        told=begin.told,
        owed_micro=begin.owed_micro,
        dues_until=begin.dues_until,
        low_since=begin.low_since,
        relay=Relay(meter_id="", observed=observed, observed_limit_w=begin.limit_w),
    )


def look(
    history: History,
    standing: Standing,
    *,
    balance_micro: int,
    last_topup_micro: int | None,
    books: Books,
    zone: ZoneInfo,
    now: datetime,
) -> Looked:
    """Decide about the account, and let its relay obey."""
    agreement = _agreement(history, now)
    policy = books.policies.in_force(class_of(agreement), at=now)
    warned_at = warning_limits(
        policy.terms.warnings,
        own_micro=history.account.low_balance_micro,
        last_topup_micro=last_topup_micro,
        day_micro=history.day_micro,
    )
    quiet = _quiet(history, standing, balance_micro=balance_micro, warned_at=warned_at)
    if quiet is not None:
        return quiet
    rules = books.rules(policy)
    law = _law(agreement, books.procedures, balance_micro=balance_micro, now=now)
    is_warned: bool | None = None
    for _ in range(_STEPS_MAX):
        facts = Facts(
            state=standing.state,
            balance_micro=balance_micro,
            warned_at=warned_at,
            told=standing.told,
            overdraft_micro=history.account.overdraft_micro,
            owed_micro=standing.owed_micro,
            dues_until=standing.dues_until if (standing.dues_until or now) > now else None,
            protected=history.account.is_protected
            or policy.terms.protected
            or any(begin <= now < end for begin, end in history.account.protected),
            meters=int(any(begin <= now < (end or _EVER) for begin, end in history.account.serves)),
            open_meters=int(standing.relay.observed is Observed.OPEN),
            limited_meters=int(standing.relay.observed is Observed.LIMITED),
            parked_meters=0,
            untrusted_meters=0,
            holds=(*_calendar(history, policy, zone=zone, now=now), *law,
                   *_of_use(history, policy, standing, now=now)),
        )  # fmt: skip
        relays = (standing.relay,) if facts.meters else ()
        settled = settle(facts, relays, rules=rules, now=now)
        if is_warned is None:
            is_warned = warning(facts) is not None
        standing = _after(standing, facts, settled, now=now)
        if settled.action is None:
            cut_micro = agreement.terms.cut_micro if agreement else None
            thresholds = thresholds_agreed(settled, cut_micro=cut_micro)
            return Looked(standing, thresholds, settled.again_at, is_warned)
    message = f"account {history.account.id} does not come to rest at {now}"
    raise AssertionError(message)


def _quiet(
    history: History,
    standing: Standing,
    *,
    balance_micro: int,
    warned_at: Sequence[WarningLimit],
) -> Looked | None:
    """Of an account that is on and comes near no limit: `settle` would leave it as it is."""
    if standing.state is not SupplyState.CONNECTED or standing.told or standing.dues_until:
        return None
    thresholds = review_thresholds(
        state=standing.state,
        balance_micro=balance_micro,
        warned_at=warned_at,
        exhausted_micro=-history.account.overdraft_micro,
    )
    if thresholds.crossed_by(balance_micro):
        return None
    return Looked(standing, thresholds, None, is_warned=False)


def _agreement(history: History, now: datetime) -> PrepayAgreement | None:
    begun = [each for each in history.account.agreements if each.terms.valid_from <= now]
    return begun[-1] if begun else None


def _calendar(
    history: History, policy: PolicyInForce, *, zone: ZoneInfo, now: datetime
) -> Iterable[Hold]:
    held = holds(policy, at=now, zone=zone, declared=history.account.periods)
    return (Hold(rule=each.reason, until=each.until) for each in held)


def _law(
    agreement: PrepayAgreement | None,
    procedures: ProcedureBook,
    *,
    balance_micro: int,
    now: datetime,
) -> tuple[Hold, ...]:
    """What was agreed, and whether there is a procedure. Its steps count as done."""
    refused = may_cut(agreement, at=now, balance_micro=balance_micro)
    if refused is None and agreement is not None:
        terms = agreement.terms
        procedure = procedures.in_force(
            jurisdiction=terms.jurisdiction,
            customer_class=terms.customer_class,
            mode=terms.mode,
            at=now,
        )
        refused = None if procedure is not None else Refused.NO_PROCEDURE
    return () if refused is None else (Hold(rule=refused),)


def _of_use(
    history: History, policy: PolicyInForce, standing: Standing, *, now: datetime
) -> Iterable[Hold]:
    """A notice counts as delivered as soon as the balance is low."""
    since = standing.low_since or now
    found = (
        grace_hold(policy.terms, since=history.account.prepaid_since, now=now),
        notice_hold(policy.terms, delivered=(since,), since=since, now=now),
    )
    return (each for each in found if each is not None)


def _after(standing: Standing, facts: Facts, settled: Settled, *, now: datetime) -> Standing:
    """What was decided, and the relay where it was sent; who has no meter is neither on nor dark,
    and the relay of the next one is closed."""
    relay = Relay(meter_id="")
    for moved in settled.moved:
        relay = moved.relay
        if moved.step.action is not None:
            relay = msgspec.structs.replace(
                relay,
                observed=_LEADS_TO[moved.step.action],
                observed_limit_w=relay.limit_w,
            )
    return Standing(
        state=settled.state,
        told=told_now(facts.warned_at, balance_micro=facts.balance_micro, told=facts.told),
        owed_micro=settled.owed_micro,
        dues_until=settled.dues_until,
        low_since=(standing.low_since or now) if is_low(facts) else None,
        relay=relay,
    )
