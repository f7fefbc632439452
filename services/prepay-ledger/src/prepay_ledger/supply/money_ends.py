"""When the money of those who are warned will probably end, as the warning tells."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from prepay_ledger.policies.in_force import PolicyInForce, concerning
from prepay_ledger.policies.openings import openings
from prepay_ledger.policies.values import Area, ProtectedPeriod
from prepay_ledger.supply.decide import credit_micro
from prepay_ledger.supply.decided import Decided
from prepay_ledger.supply.ports import Unit
from prepay_ledger.supply.values import KeptForecast
from prewatt_common.contracts.ledger_events_v1 import MoneyEnds
from prewatt_metering.calendar.instants import instant_of, us_of
from prewatt_metering.forecast.run_out import run_out


async def money_ends(
    unit: Unit, decided: Sequence[Decided], *, zone: ZoneInfo, now: datetime
) -> Mapping[UUID, MoneyEnds]:
    """Of those who are warned now and of whom a forecast is kept; a statement or two for all, and
    none where nobody is warned."""
    warned = {each.view.account.id: each for each in decided if each.warns}
    if not warned:
        return {}
    kept = await unit.used.forecasts(warned, now=now)
    if not kept:
        return {}
    declared = await unit.protected_periods.declared(now=now)
    areas: Mapping[UUID, frozenset[Area]] = {}
    if any(each.area is not None for each in declared):
        areas = await unit.supply.areas(list(kept), now=now)
    return {
        account_id: ends_of(
            forecast,
            left_micro=_left_micro(warned[account_id]),
            policy=warned[account_id].grounds.policy,
            declared=concerning(declared, areas.get(account_id, frozenset())),
            zone=zone,
            now=now,
        )
        for account_id, forecast in kept.items()
    }


def _left_micro(decided: Decided) -> int:
    return decided.facts.balance_micro + credit_micro(decided.facts)


def ends_of(
    kept: KeptForecast,
    *,
    left_micro: int,
    policy: PolicyInForce,
    declared: Sequence[ProtectedPeriod],
    zone: ZoneInfo,
    now: datetime,
) -> MoneyEnds:
    """Joined to the calendar."""
    found = run_out(kept.costs, left_micro=left_micro, now_us=us_of(now))
    p10 = _at(found.p10_us)
    around = None
    if p10 is not None:
        around = openings(policy, ends_at=p10, now=now, zone=zone, declared=declared)
    return MoneyEnds(
        p10=p10,
        p50=_at(found.p50_us),
        p90=_at(found.p90_us),
        cut_from=around.cut_from if around else None,
        buy_by=around.buy_by if around else None,
        timezone=kept.timezone,
    )


def _at(at_us: int | None) -> datetime | None:
    return None if at_us is None else instant_of(at_us)
