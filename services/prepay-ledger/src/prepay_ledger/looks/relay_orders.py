"""What of a look's findings somebody has to see to at the meter's relay. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from uuid import UUID

from prepay_ledger.looks.look import Look, RecentMeter
from prepay_ledger.work_orders.values import NewWorkOrder, WorkOrderKind
from prewatt_metering.calendar.instants import DAY_US, instant_of
from prewatt_metering.registers.spans import Span
from prewatt_metering.vee.findings import Finding

RELAY_KINDS = (WorkOrderKind.ENERGY_WHILE_OPEN, WorkOrderKind.NONE_WHILE_CLOSED)
ENERGY_WH_MAX = 100
"""So much more than can have flowed while the relay was closed is no question of clocks."""
USED_DAYS = 14
"""On each of so many days before something was used: load is expected."""
_USE_WHILE_OPEN = "VEE-13"
_STANDS = "VEE-11"


def relay_orders(
    meter: RecentMeter, findings: Iterable[Finding], *, relay_open: Sequence[Span], look: Look
) -> Iterator[NewWorkOrder]:
    """``relay_open``: when the relay was open for certain. Where somebody has seen to it, only what
    came after the order was closed opens another one."""
    for each in findings:
        if each.check == _USE_WHILE_OPEN and _flowed_wh(each) > ENERGY_WH_MAX:
            yield _order(
                WorkOrderKind.ENERGY_WHILE_OPEN,
                meter,
                each,
                f"{_flowed_wh(each)} Wh more flowed than an open or limited relay lets through",
            )
        elif each.check == _STANDS and _is_load_missing(meter, each, relay_open, look):
            days = _closed_us(each, relay_open) // DAY_US
            yield _order(
                WorkOrderKind.NONE_WHILE_CLOSED,
                meter,
                each,
                f"nothing was used for {days} days, and every day before; the relay is closed",
            )


def _flowed_wh(finding: Finding) -> int:
    """VEE-13's values: what can have flowed at most, what was used."""
    return (finding.after or 0) - (finding.before or 0)


def _closed_us(stands: Finding, relay_open: Sequence[Span]) -> int:
    """For how long the relay has been closed while the register stands; 0 where it is open."""
    since_us = stands.begin_us
    for each in relay_open:
        if each.begin_us < stands.end_us:
            since_us = max(since_us, stands.end_us if each.end_us is None else each.end_us)
    return max(0, stands.end_us - since_us)


def _is_load_missing(
    meter: RecentMeter, stands: Finding, relay_open: Sequence[Span], look: Look
) -> bool:
    """Not where the finding has ended: energy flows again."""
    least_days = look.none_while_closed_days
    if least_days is None or _closed_us(stands, relay_open) < least_days * DAY_US:
        return False
    if stands.end_us + look.silence_borne_us < look.now_us:
        return False
    begin = look.calendar.day_of(stands.begin_us)
    account_id = _account_of(meter, stands)
    if account_id is None:
        return False
    used = meter.days.get(account_id, {})
    return all(used.get(begin - timedelta(days=n), 0) > 0 for n in range(1, USED_DAYS + 1))


def _account_of(meter: RecentMeter, finding: Finding) -> UUID | None:
    """Whom the meter served when it ended."""
    for each in meter.terms.installed:
        if each.installation.covers(finding.end_us):
            return each.account_id
    return None


def _order(kind: WorkOrderKind, meter: RecentMeter, finding: Finding, reason: str) -> NewWorkOrder:
    return NewWorkOrder(
        kind=kind,
        meter_id=meter.meter_id,
        account_id=_account_of(meter, finding),
        reason=reason,
        evidence={
            "check": finding.check,
            "begin": instant_of(finding.begin_us).isoformat(),
            "end": instant_of(finding.end_us).isoformat(),
            "before": finding.before,
            "after": finding.after,
            "unit": finding.unit,
        },
        known_until=instant_of(finding.end_us),
    )
