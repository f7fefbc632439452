"""Use case: both sides of some payments of a provider are compared, and its differences follow."""

from collections.abc import Collection, Sequence
from datetime import datetime

from prepay_ledger.settlement_files.values import SettledDays
from prepay_ledger.settlements.ports import HasSettlements
from prepay_ledger.settlements.rules import changes, findings_of, gone_reason
from prepay_ledger.settlements.values import Difference, Finding, State
from prewatt_common.ids import new_id


async def compare_payments(
    *,
    unit: HasSettlements,
    provider: str,
    payment_ids: Collection[str],
    days: SettledDays,
    now: datetime,
) -> None:
    """The provider is locked. Whatever was found before and is so no more closes by itself."""
    if not payment_ids:
        return
    settled = await unit.settlements.settled_days(provider)
    findings: list[Finding] = []
    for sides in await unit.settlements.sides(provider, payment_ids, days):
        findings += findings_of(sides, settled)
    before = await unit.settlements.differences(provider, payment_ids)
    found, gone = changes(before, findings)
    await _close(unit, gone, findings, now=now)
    await unit.settlements.add_differences(
        [
            Difference(id=new_id(), provider=provider, finding=each, state=State.OPEN, found_at=now)
            for each in found
        ]
    )


async def _close(
    unit: HasSettlements,
    gone: Sequence[Difference],
    findings: Sequence[Finding],
    *,
    now: datetime,
) -> None:
    by_payment: dict[str, list[Finding]] = {}
    for each in findings:
        by_payment.setdefault(each.payment_id, []).append(each)
    reasons = [gone_reason(each, by_payment.get(each.finding.payment_id, ())) for each in gone]
    await unit.settlements.close([each.id for each in gone], reasons, at=now)
