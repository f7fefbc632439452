"""What a decision rests on beside the account and its relays: the policy of its class, protection,
and what holds a cut by calendar, law, agreement, or people."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from prepay_ledger.balances.values import CUT
from prepay_ledger.breakers.admit_cuts import cut_holds_of
from prepay_ledger.breakers.values import Cause, Limit
from prepay_ledger.breakers.values import Hold as BreakerHold
from prepay_ledger.breakers.values import Limits as CutLimits
from prepay_ledger.conditions.rules import obeyed
from prepay_ledger.conditions.values import Standing as Told
from prepay_ledger.emergency_credits.values import Followed
from prepay_ledger.policies.in_force import PolicyInForce, concerning, holds, next_hold_begins
from prepay_ledger.policies.values import Area, ProtectedPeriod, Standing
from prepay_ledger.prepay_agreements import values as signed
from prepay_ledger.prepay_agreements.load_grounds import load_grounds
from prepay_ledger.prepay_agreements.rules import is_prepaid, lawful
from prepay_ledger.procedures.values import Shortfall
from prepay_ledger.reconnections.values import Sla
from prepay_ledger.relays.values import Limits
from prepay_ledger.supply.decide import Hold, Rules, ShareOfDues, earliest
from prepay_ledger.supply.emergency import answer_hold, credits_of, follow_credit
from prepay_ledger.supply.ports import Unit
from prepay_ledger.supply.used import UNASKED, used_by
from prepay_ledger.supply.values import SupplyView
from prepay_ledger.supply.warning_limits import WarningLimit, next_look, warning_limits
from prewatt_common.contracts.procedure_v1 import Mode
from prewatt_common.contracts.supply_policy_v1 import (
    ComingBack,
    CutLimit,
    FleetBreaker,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """Of one account at one instant."""

    policy: PolicyInForce
    rules: Rules
    sla: Sla
    protected: bool
    confirms: bool
    """By agreement the customer closes the relay."""
    holds: tuple[Hold, ...]
    stopped: tuple[Hold, ...]
    """What people hold, and the fleet breaker."""
    cut_limits: CutLimits
    cut_not_after: datetime | None
    """When the next hold begins, as far as it is known."""
    changes_at: datetime | None
    """When a protection begins or ends, or another policy comes to hold."""
    procedure: str | None
    """What a cut cites."""
    cut_micro: int | None
    """At or below this balance a cut was agreed."""
    in_list: bool
    """It is in a day's list of cuts."""
    warned_at: tuple[WarningLimit, ...]
    """The limits at which the customer is warned, the highest first; at least one."""
    credit: Followed
    """What becomes of its emergency credit."""
    look_at: datetime | None
    """When what it used is looked at anew, as far as anything of it rests on that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _AgainstCuts:
    """What speaks against cuts, of the accounts that there is a question of cutting."""

    standing: Mapping[UUID, Standing]
    declared: Sequence[ProtectedPeriod]
    areas: Mapping[UUID, frozenset[Area]]
    stopped: Mapping[UUID, tuple[BreakerHold, ...]]


_NOTHING = _AgainstCuts(standing={}, declared=(), areas={}, stopped={})


async def _against_cuts(unit: Unit, short: Collection[UUID], *, now: datetime) -> _AgainstCuts:
    if not short:
        return _NOTHING
    ids = list(short)
    declared = await unit.protected_periods.declared(now=now)
    areas: Mapping[UUID, frozenset[Area]] = {}
    if any(each.area is not None for each in declared):
        areas = await unit.supply.areas(ids, now=now)
    return _AgainstCuts(
        standing=await unit.protections.standing(ids, now=now),
        declared=declared,
        areas=areas,
        stopped=await cut_holds_of(unit, ids, now=now),
    )


def _is_on_anyhow(view: SupplyView, policy: PolicyInForce) -> bool:
    """It has money, and if it was cut enough to come back: there is no question of cutting it."""
    account = view.account
    is_enough = account.balance_micro > policy.terms.coming_back.balance_above_micro
    return is_enough or (account.balance_micro > 0 and account.supply_state not in CUT)


async def grounds_of(
    unit: Unit, views: Sequence[SupplyView], *, zone: ZoneInfo, now: datetime
) -> list[Grounds]:
    """Of each of the accounts, which are locked."""
    ids = [each.account.id for each in views]
    book = await unit.policies.book()
    agreed = await load_grounds(unit, ids, at=now)
    limits = _limits(book.version(now).document.fleet_breaker)
    policies = {
        account_id: book.in_force(signed.class_of(legal.agreement), at=now)
        for account_id, legal in agreed.items()
    }
    short = {
        view.account.id for view in views if not _is_on_anyhow(view, policies[view.account.id])
    }
    credits_ = await credits_of(unit, views, policies, now=now)
    against = await _against_cuts(unit, short | credits_.keys(), now=now)
    told = await _told(unit, {each: policies[each] for each in short}, now=now)
    used = await used_by(unit, views, policies, short=short, zone=zone, now=now)
    found: list[Grounds] = []
    for view in views:
        account_id = view.account.id
        legal, policy = agreed[account_id], policies[account_id]
        terms = legal.agreement.terms if legal.agreement else None
        of_use = used.get(account_id, UNASKED)
        protection = against.standing.get(account_id)
        of_it = concerning(against.declared, against.areas.get(account_id, frozenset()))
        calendar, calendar_not_after = _calendar(policy, of_it, zone=zone, now=now)
        law, law_not_after = _law(legal, view, now=now)
        people = against.stopped.get(account_id, ())
        changes = [book.next_change(now), protection.changes_at if protection else None]
        protected = (
            policy.terms.protected
            or bool(protection and protection.kinds)
            or any(each.cause is Cause.KEPT_ON for each in people)
        )
        credit = follow_credit(
            view.account,
            credits_.get(account_id),
            policy,
            protected=protected,
            agreed=is_prepaid(legal.agreement) and view.account.mode is Mode.PREPAY,
            now=now,
        )
        found.append(
            Grounds(
                policy=policy,
                rules=rules_of(policy),
                sla=Sla(
                    close_within=timedelta(seconds=policy.terms.reconnection.sla_s),
                    credit_micro=policy.terms.reconnection.credit_micro,
                ),
                protected=protected,
                confirms=terms is not None and terms.reconnection is signed.Reconnection.CONFIRMED,
                holds=(
                    *calendar,
                    *law,
                    *of_use.holds,
                    *answer_hold(credit),
                    *_conditions(policy, told.get(account_id)),
                ),
                stopped=holds_of(people),
                cut_limits=limits,
                cut_not_after=earliest([calendar_not_after, law_not_after, *changes]),
                changes_at=earliest(changes),
                procedure=str(legal.procedure) if legal.procedure else None,
                cut_micro=terms.cut_micro if terms else None,
                in_list=legal.listed is not None,
                warned_at=warning_limits(
                    policy.terms.warnings,
                    own_micro=view.account.low_balance_micro,
                    last_topup_micro=of_use.last_topup_micro,
                    day_micro=of_use.day_micro,
                    days_micro=of_use.days_micro,
                ),
                credit=credit,
                look_at=next_look(policy.terms.warnings, account_id=account_id, zone=zone, now=now),
            )
        )
    return found


def rules_of(policy: PolicyInForce) -> Rules:
    """What a policy says to a class, as far as decisions and steps rest on it."""
    terms = policy.terms
    return Rules(
        policy=policy.number,
        customer_class=policy.customer_class,
        balance_above_micro=terms.coming_back.balance_above_micro,
        dues=_dues(terms.coming_back),
        findings_hold=terms.evidence.failed_readings,
        estimates_hold=terms.evidence.estimated_readings,
        load_limit_w=terms.load_limit_w,
        limits=Limits(**msgspec.structs.asdict(terms.commands)),
    )


def _dues(coming_back: ComingBack) -> ShareOfDues | None:
    share_ppm, days = coming_back.dues_share_ppm, coming_back.dues_days
    if share_ppm is None or days is None:
        return None
    return ShareOfDues(share_ppm=share_ppm, days=days)


def _limits(breaker: FleetBreaker) -> CutLimits:
    def limit(of: CutLimit) -> Limit:
        return Limit(paced_per_min=of.paced_per_min, trip_per_min=of.trip_per_min)

    return CutLimits(
        all_accounts=limit(breaker.all_accounts),
        tariff=limit(breaker.tariff),
        area=limit(breaker.area),
    )


def holds_of(some: Iterable[BreakerHold]) -> tuple[Hold, ...]:
    """What people or the fleet breaker hold, or what waits for a later minute."""
    return tuple(Hold(rule=each.cause, until=each.until) for each in some)


def _calendar(
    policy: PolicyInForce, declared: Sequence[ProtectedPeriod], *, zone: ZoneInfo, now: datetime
) -> tuple[tuple[Hold, ...], datetime | None]:
    held = holds(policy, at=now, zone=zone, declared=declared)
    not_after = next_hold_begins(policy, at=now, zone=zone, declared=declared)
    return tuple(Hold(rule=each.reason, until=each.until) for each in held), not_after


def _law(
    legal: signed.Grounds, view: SupplyView, *, now: datetime
) -> tuple[tuple[Hold, ...], datetime | None]:
    """What agreement and procedure hold, and until when they allow the cut."""
    low_since = view.low_since or now
    short = Shortfall(low_since, max(low_since, view.exhausted_since or now))
    law = lawful(legal, short=short, balance_micro=view.account.balance_micro, now=now)
    if law.refused is not None:
        return (Hold(rule=law.refused),), None
    missing = (Hold(rule=f"step:{each.name}", until=each.earliest) for each in law.missing)
    return tuple(missing), law.not_after


async def _told(
    unit: Unit, policies: Mapping[UUID, PolicyInForce], *, now: datetime
) -> Mapping[UUID, Told]:
    """What is told of the accounts; not asked where no policy of theirs heeds it."""
    of_classes = {policy.customer_class: policy for policy in policies.values()}
    if not any(obeyed(policy.terms.evidence) for policy in of_classes.values()):
        return {}
    return await unit.conditions.standing(list(policies), now=now)


def _conditions(policy: PolicyInForce, told: Told | None) -> tuple[Hold, ...]:
    """Those of what is told that the policy lets hold a cut."""
    if not told:
        return ()
    heeded = obeyed(policy.terms.evidence)
    return tuple(Hold(rule=kind, until=told[kind]) for kind in sorted(told) if kind in heeded)
