"""Use case: a person agrees with a customer by which instalments a debt is paid off."""

from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from prepay_ledger.debts.load_terms import load_terms
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
    # The account's row first, as whoever pays a debt locks them.
    account_id = await unit.debts.account_of(debt_id)
    if account_id is not None:
        await unit.balances.lock(account_id)
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
    if topup_share_ppm is not None:
        await _check_shares(unit, debt, topup_share_ppm, at=decided.at)
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


async def _check_shares(
    unit: PlanningUnit, debt: Debt, topup_share_ppm: int, *, at: datetime
) -> None:
    """All of an account's debts together leave of a top-up what the policy has."""
    terms = (await load_terms(unit, [debt.account_id], at=at))[debt.account_id]
    others = [each for each in await unit.debts.lock_of(debt.account_id) if each.id != debt.id]
    others_ppm = sum(each.topup_share_ppm or 0 for each in others)
    if others_ppm + topup_share_ppm > terms.topup_share_max_ppm:
        message = (
            f"debts take {terms.topup_share_max_ppm} ppm of a top-up at most by policy, and the "
            f"account's others take {others_ppm}: {topup_share_ppm} are too many; nothing was "
            "changed"
        )
        raise PlanRefused(message)
