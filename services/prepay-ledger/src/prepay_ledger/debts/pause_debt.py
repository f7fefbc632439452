"""Use case: a person has nothing taken of a debt for a time."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from prepay_ledger.debts.local_day import local_day
from prepay_ledger.debts.ports import PlanningUnit
from prepay_ledger.debts.refusals import PauseRefused, UnknownDebt
from prepay_ledger.debts.values import Debt
from prepay_ledger.facts.tell import tell
from prepay_ledger.facts.values import Decided
from prewatt_common.contracts.ledger_facts_v1 import DebtPaused


async def pause_debt(
    *, unit: PlanningUnit, debt_id: UUID, until: date | None, decided: Decided
) -> Debt:
    """Neither instalments nor parts of top-ups pay it before the day ``until``; none: they do from
    now on. What fell due meanwhile is due then. The debt as it stands now; the same again changes
    nothing.

    Raises `UnknownDebt` or `PauseRefused`.
    """
    debt = await unit.debts.lock(debt_id)
    if debt is None:
        message = f"there is no debt {debt_id}"
        raise UnknownDebt(message)
    if debt.paused_until == until:
        return debt
    if debt.left_micro == 0:
        message = f"nothing is left of debt {debt_id}; nothing was changed"
        raise PauseRefused(message)
    if until is not None and until <= await local_day(unit, debt, at=decided.at):
        message = f"{until} is not to come; nothing was changed"
        raise PauseRefused(message)
    debt = replace(debt, paused_until=until)
    await unit.debts.put_pause(debt)
    event = DebtPaused(
        debt_id=debt.id,
        account_id=debt.account_id,
        until=until,
        by=decided.by,
        reason=decided.reason,
        at=decided.at,
    )
    await tell(unit, [(str(debt.account_id), str(debt.id), event)], decided)
    return debt
