"""Use cases: cuts are held in an area, or everywhere, over a period; it ends before its time."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from prepay_ledger.facts.tell import tell
from prepay_ledger.facts.values import Decided
from prepay_ledger.policies.ports import Unit
from prepay_ledger.policies.refusals import PeriodRefused, UnknownPeriod
from prepay_ledger.policies.values import Area, ProtectedPeriod
from prewatt_common.contracts.ledger_facts_v1 import ProtectedPeriodSet
from prewatt_common.contracts.supply_calendar_v1 import PeriodKind
from prewatt_common.ids import new_id

SUBJECT = "protected-periods"
LONGEST = timedelta(days=366)


async def declare_period(
    *,
    unit: Unit,
    kind: PeriodKind,
    name: str,
    area: Area | None,
    begins_at: datetime | None,
    ends_at: datetime,
    decided: Decided,
) -> ProtectedPeriod:
    """A period from ``begins_at`` on (none: now). Raises `PeriodRefused`."""
    begins_at = begins_at or decided.at
    if ends_at <= max(begins_at, decided.at):
        message = f"it would end at {ends_at:%Y-%m-%d %H:%M} UTC, before it holds any cut"
        raise PeriodRefused(message)
    if ends_at - begins_at > LONGEST:
        message = f"it would last longer than {LONGEST.days} days; declare it anew by then"
        raise PeriodRefused(message)
    period = ProtectedPeriod(
        id=new_id(),
        kind=kind,
        name=name,
        area=area,
        begins_at=begins_at,
        ends_at=ends_at,
        decided=decided,
    )
    await unit.protected_periods.add(period)
    await _tell(unit, period)
    return period


async def end_period(*, unit: Unit, period_id: UUID, decided: Decided) -> ProtectedPeriod:
    """The period, which ends now; as it stands where it is over. Raises `UnknownPeriod`."""
    period = await unit.protected_periods.lock(period_id)
    if period is None:
        message = f"there is no protected period {period_id}"
        raise UnknownPeriod(message)
    if period.ends_at <= decided.at:
        return period
    period = replace(
        period,
        # One that was to begin later is over before it has begun.
        begins_at=min(period.begins_at, decided.at),
        ends_at=decided.at,
        decided=decided,
        revision=period.revision + 1,
    )
    await unit.protected_periods.change(period)
    await _tell(unit, period)
    return period


async def _tell(unit: Unit, period: ProtectedPeriod) -> None:
    decided, area = period.decided, period.area
    event = ProtectedPeriodSet(
        period_id=period.id,
        revision=period.revision,
        kind=period.kind,
        name=period.name,
        area_level=None if area is None else area.level,
        area=None if area is None else area.name,
        begins_at=period.begins_at,
        ends_at=period.ends_at,
        by=decided.by,
        reason=decided.reason,
        at=decided.at,
    )
    await tell(unit, [(SUBJECT, str(period.id), event)], decided)
