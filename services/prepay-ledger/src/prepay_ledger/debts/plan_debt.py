"""Use case: a person agrees with a customer by which instalments a debt is paid off."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from prepay_ledger.debts.local_day import local_day
from prepay_ledger.debts.ports import PlanningUnit
from prepay_ledger.debts.refusals import PlanRefused, UnknownDebt
from prepay_ledger.debts.rules import plan_of
from prepay_ledger.debts.values import Debt
from prepay_ledger.facts.tell import tell
from prepay_ledger.facts.values import Decided
from prewatt_common.contracts.ledger_facts_v1 import DebtPlanned


async def plan_debt(
    *,
    unit: PlanningUnit,
    debt_id: UUID,
    instalments: int | None,
    first_due: date | None,
    topup_share_ppm: int | None = None,
    decided: Decided,
) -> Debt:
    """What is left of the debt is to be paid in so many instalments, a month apart, or by a part of
    each top-up; what was paid before stays so. The debt as it stands now; the same again changes
    nothing, whatever was paid meanwhile.

    Raises `UnknownDebt` or `PlanRefused`.
    """
    debt = await unit.debts.lock(debt_id)
    if debt is None:
        message = f"there is no debt {debt_id}"
        raise UnknownDebt(message)
    asked = (instalments, first_due, topup_share_ppm)
    if debt.planned and (debt.instalments, debt.first_due, debt.topup_share_ppm) == asked:
        return debt
    if debt.left_micro == 0:
        message = f"debt {debt_id} is paid; nothing was changed"
        raise PlanRefused(message)
    if first_due is not None and first_due < await local_day(unit, debt, at=decided.at):
        message = f"the first instalment's day, {first_due}, is past; nothing was changed"
        raise PlanRefused(message)
    try:
        plan = (
            ()
            if instalments is None or first_due is None
            else plan_of(debt.left_micro, instalments=instalments, first_due=first_due)
        )
    except ValueError as error:
        message = f"{error}; nothing was changed"
        raise PlanRefused(message) from error
    debt = replace(
        debt,
        plan=plan,
        instalments=instalments,
        first_due=first_due,
        plan_paid_micro=debt.paid_micro,
        topup_share_ppm=topup_share_ppm,
        planned=decided,
    )
    await unit.debts.put_plan(debt)
    event = DebtPlanned(
        debt_id=debt.id,
        account_id=debt.account_id,
        left_micro=debt.left_micro,
        currency=debt.currency,
        instalments=instalments,
        first_due=first_due,
        topup_share_ppm=topup_share_ppm,
        by=decided.by,
        reason=decided.reason,
        at=decided.at,
    )
    await tell(unit, [(str(debt.account_id), str(debt.id), event)], decided)
    return debt
