"""Which instalments of debts a mandate collects, and when. Pure."""

from collections.abc import Sequence
from datetime import date, timedelta

from prepay_ledger.debts.rules import due_micro
from prepay_ledger.debts.values import Collected, Debt, Instalment
from prepay_ledger.mandates.rules import is_over, month_of
from prepay_ledger.mandates.values import (
    Mandate,
    MandateState,
    Standing,
    TopUpPolicy,
    TopUpRequest,
    Waits,
)
from prepay_ledger.providers.amounts import whole_minor


def next_instalment(
    debt: Debt, *, today: date, days_ahead: int, collected: Sequence[Collected]
) -> Instalment | None:
    """What of the debt is to be asked for by ``today``, and the day on which it is due: today or
    later. None where that is more than ``days_ahead`` away, it is asked for already, or a person
    has paused the debt."""
    ahead = debt.ahead
    if not ahead or any(each.debt_id == debt.id and each.is_open for each in collected):
        return None
    due_on = max(ahead[0].due_on, today)
    if due_on > today + timedelta(days=days_ahead):
        return None
    # What is less than the smallest coin no bank can take: that is left to the balance.
    micro = whole_minor(due_micro(debt, due_on, collected=collected), debt.currency)
    return Instalment(due_on, micro) if micro else None


def may_collect(
    mandate: Mandate,
    standing: Standing,
    instalment: Instalment,
    policy: TopUpPolicy,
    *,
    cap_micro: int | None,
) -> bool:
    """Whether the mandate covers it now. ``standing``: of the month in which it is due.
    ``cap_micro``: the terms' for what it is; none: they do not cover it."""
    terms, month, micro = mandate.terms, standing.month, instalment.amount_micro
    is_covered = (
        mandate.state is MandateState.ACTIVE
        and cap_micro is not None
        and micro <= cap_micro
        and terms.valid_from <= instalment.due_on
        and not is_over(terms, instalment.due_on)
    )
    return (
        is_covered
        and standing.has_meter
        and not standing.is_disputed
        and month.nothing < policy.month_nothing_max
        and month.counted < terms.month_requests_max
        and month.counted_micro + micro <= terms.month_micro_max
        and (mandate.retry_on is None or standing.today >= mandate.retry_on)
    )


def why_not_now(mandate: Mandate, request: TopUpRequest, standing: Standing) -> str | None:
    """Why a request for an instalment or a statement is not to reach the bank any more, whatever is
    still owed; none: nothing speaks against it."""
    if mandate.state is not MandateState.ACTIVE or is_over(mandate.terms, standing.today):
        return f"mandate-{mandate.state}"
    if not standing.has_meter:
        return Waits.NO_METER
    if standing.is_disputed:
        return Waits.DISPUTED
    if month_of(standing.today) > month_of(request.requested_on):
        return "month-over"
    return None


def why_not_collected(
    mandate: Mandate,
    request: TopUpRequest,
    standing: Standing,
    debt: Debt | None,
    collected: Sequence[Collected],
) -> str | None:
    """Likewise of an instalment. ``debt``: none where nothing is left of it."""
    why = why_not_now(mandate, request, standing)
    day = max(request.requested_on, standing.today)
    due = due_micro(debt, day, collected=collected) if debt is not None else 0
    return why or ("instalment-not-due" if due < request.amount_micro else None)
