"""What a policy asks of an account's use, money and notices; nobody else is looked up."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from prepay_ledger.policies.in_force import PolicyInForce
from prepay_ledger.prepay_agreements.values import ContactChannel
from prepay_ledger.procedures.values import Evidence, EvidenceKind
from prepay_ledger.supply.decide import Held, Hold
from prepay_ledger.supply.ports import Unit
from prepay_ledger.supply.values import KeptForecast, SupplyView
from prepay_ledger.supply.warning_limits import tomorrow
from prewatt_common.contracts.procedure_v1 import NOTICE_TEMPLATES
from prewatt_common.contracts.supply_policy_v1 import ClassPolicy, Warnings
from prewatt_metering.calendar.instants import DAY_US, us_of
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.forecast.run_out import Course


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """``day_micro``: what a day has cost of late; none, as the top-up, where nobody asks, or knows.
    ``days_micro``: what so many days ahead will cost, as forecast."""

    holds: tuple[Hold, ...] = ()
    last_topup_micro: int | None = None
    day_micro: int | None = None
    days_micro: Mapping[int, int] = field(default_factory=dict[int, int])


UNASKED = Used()
_COURSE = {10: Course.HIGH, 50: Course.MIDDLE, 90: Course.LOW}
"""Who uses most runs out first: by the probability that money has ended, in percent."""


async def used_by(
    unit: Unit,
    views: Sequence[SupplyView],
    policies: Mapping[UUID, PolicyInForce],
    *,
    short: Collection[UUID],
    zone: ZoneInfo,
    now: datetime,
) -> Mapping[UUID, Used]:
    """Of those accounts of whose class a policy asks something; a statement for each question that
    is asked of any. ``short``: those that there is a question of cutting."""
    terms = {account_id: policy.terms for account_id, policy in policies.items()}
    cut = {account_id: terms[account_id] for account_id in short}
    topups = [one for one, each in terms.items() if each.warnings.below_topup_ppm]
    days = [one for one, each in terms.items() if each.warnings.days_left]
    converted = [one for one, each in cut.items() if each.grace_days_after_conversion]
    told = [
        one for one, each in cut.items() if each.evidence.low_balance_notice_minutes is not None
    ]
    by_days: dict[int, list[UUID]] = {}
    for account_id, each in cut.items():
        if each.small_load is not None:
            by_days.setdefault(each.small_load.days, []).append(account_id)
    asked = {*topups, *days, *converted, *told, *(one for some in by_days.values() for one in some)}
    if not asked:
        return {}
    none: Mapping[UUID, int] = {}
    last_topups = await unit.used.last_topups(topups) if topups else none
    forecast: Mapping[UUID, KeptForecast] = {}
    if days:
        forecast = await unit.used.forecasts(days, now=now)
    ahead = {one: _days_micro(each, terms[one].warnings, now=now) for one, each in forecast.items()}
    rest = [one for one in days if set(terms[one].warnings.days_left) - set(ahead.get(one, {}))]
    day_costs = await unit.used.day_costs(rest, now=now) if rest else none
    since: Mapping[UUID, datetime] = {}
    if converted:
        since = await unit.used.prepaid_since(converted, now=now)
    evidence: Mapping[UUID, Sequence[Evidence]] = {}
    if told:
        evidence = await unit.evidence.standing(told)
    used_wh = await _used_wh(unit, by_days, zone=zone, now=now)
    found: dict[UUID, Used] = {}
    for view in views:
        account_id = view.account.id
        if account_id not in asked:
            continue
        policy = policies[account_id]
        holds: tuple[Hold | None, ...] = ()
        if account_id in short:
            holds = (
                _small_load(view, policy, used_wh, zone=zone, now=now),
                grace_hold(policy.terms, since=since.get(account_id), now=now),
                notice_hold(
                    policy.terms,
                    delivered=_delivered(evidence.get(account_id, ())),
                    since=view.low_since or now,
                    now=now,
                ),
            )
        found[account_id] = Used(
            holds=tuple(each for each in holds if each is not None),
            last_topup_micro=last_topups.get(account_id),
            day_micro=day_costs.get(account_id),
            days_micro=ahead.get(account_id, {}),
        )
    return found


def _days_micro(kept: KeptForecast, warnings: Warnings, *, now: datetime) -> dict[int, int]:
    """What each number of days that is warned of will cost from now on, as far as was looked."""
    course = _COURSE[warnings.days_left_percentile]
    found: dict[int, int] = {}
    for days in warnings.days_left:
        micro = kept.costs.within(now_us=us_of(now), ahead_us=days * DAY_US, course=course)
        if micro is not None:
            found[days] = micro
    return found


async def _used_wh(
    unit: Unit, by_days: Mapping[int, Collection[UUID]], *, zone: ZoneInfo, now: datetime
) -> Mapping[UUID, int]:
    today = LocalCalendar(zone).day_of(us_of(now))
    found: dict[UUID, int] = {}
    for days, account_ids in by_days.items():
        first = today - timedelta(days=days)
        found |= await unit.used.used_wh(account_ids, first=first, end=today)
    return found


def _small_load(
    view: SupplyView,
    policy: PolicyInForce,
    used_wh: Mapping[UUID, int],
    *,
    zone: ZoneInfo,
    now: datetime,
) -> Hold | None:
    """Of an account that has been there for all of the days."""
    terms, account = policy.terms.small_load, view.account
    if terms is None:
        return None
    calendar = LocalCalendar(zone)
    first = calendar.day_of(us_of(now)) - timedelta(days=terms.days)
    if us_of(account.opened_at) > calendar.first_instant_us(first):
        return None
    if used_wh.get(account.id, 0) >= terms.below_wh:
        return None
    return Hold(rule=Held.SMALL_LOAD, until=tomorrow(account.id, zone=zone, now=now))


def grace_hold(terms: ClassPolicy, *, since: datetime | None, now: datetime) -> Hold | None:
    """Of an account that is prepaid since then."""
    if since is None or not terms.grace_days_after_conversion:
        return None
    until = since + timedelta(days=terms.grace_days_after_conversion)
    return Hold(rule=Held.GRACE_AFTER_CONVERSION, until=until) if now < until else None


def notice_hold(
    terms: ClassPolicy, *, delivered: Sequence[datetime], since: datetime, now: datetime
) -> Hold | None:
    """The first notice of this shortfall, which began at ``since``, that was delivered counts, be
    there others later."""
    minutes = terms.evidence.low_balance_notice_minutes
    if minutes is None:
        return None
    of_it = [each for each in delivered if each >= since]
    if not of_it:
        return Hold(rule=Held.NOT_NOTIFIED)
    until = min(of_it) + timedelta(minutes=minutes)
    return Hold(rule=Held.NOT_NOTIFIED, until=until) if now < until else None


def _delivered(evidence: Sequence[Evidence]) -> Sequence[datetime]:
    """A notice that was only logged has reached nobody: a procedure may name that form, for
    demonstrations, and this gate does not."""
    return [
        each.at
        for each in evidence
        if each.kind is EvidenceKind.NOTICE
        and each.name in NOTICE_TEMPLATES
        and each.form != ContactChannel.LOG
    ]
