"""What a charge changed of periods goes where it belongs: balance, debt, or written off."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from prepay_ledger.charging.charge_agreement import Charged
from prepay_ledger.charging.ports import Unit
from prepay_ledger.charging.pricing import DAY
from prepay_ledger.debts.split_bills import PeriodBill, split_bills
from prepay_ledger.debts.values import Bill, BillCause, Origin


class Cause(NamedTuple):
    """Why a bill changed, and whether the utility's own error is behind it."""

    cause: BillCause
    our_fault: bool = False


READ = Cause(BillCause.READING)
"""What was used, or fell due, is billed for the first time."""
_RECENT = timedelta(days=2)
"""No policy has less: most readings are asked for nothing more."""


async def split_charged(
    unit: Unit, charged: Iterable[Charged], cause: Cause, *, now: datetime
) -> None:
    """To be called once all of ``charged`` is posted, before the supply is reviewed. A period's
    differences count together. ``now``: also of the local day on which it is billed, in UTC: a
    limit of days or months is not a matter of hours."""
    found: dict[Origin, PeriodBill] = {}
    since = now.date() - _RECENT
    for each in charged:
        if cause is READ and each.state.period.end > since:
            continue
        if each.delta_micro:
            one = period_bill(each, cause, billed_on=now.date())
            before = found.get(one.origin)
            if before is not None:
                micro = before.bill.amount_micro + one.bill.amount_micro
                one = replace(one, bill=replace(one.bill, amount_micro=micro))
            found[one.origin] = one
    if found:
        await split_bills(unit, found.values(), at=now)


def period_bill(charged: Charged, cause: Cause, *, billed_on: date) -> PeriodBill:
    """The difference to the bill of a period. Of one that goes on, use is up to ``billed_on``."""
    state = charged.state
    return PeriodBill(
        account_id=state.account_id,
        origin=Origin(state.agreement_id, state.period.first),
        # Whoever charges the period again raises its version.
        source=f"bill/{state.agreement_id}/{state.period.first}/{state.version}",
        bill=Bill(
            cause=cause.cause,
            used_from=state.period.first,
            used_until=min(state.period.end - DAY, billed_on),
            billed_on=billed_on,
            our_fault=cause.our_fault,
            amount_micro=charged.delta_micro,
        ),
    )
