"""Use case: a deposit, or a part of it, is the customer's again."""

from dataclasses import replace
from uuid import UUID

from prepay_ledger.approvals.act_alone import takes_two
from prepay_ledger.approvals.propose import propose, proposed_before
from prepay_ledger.approvals.values import ApprovalTerms, Proposal
from prepay_ledger.deposits.acts import act_of_release
from prepay_ledger.deposits.move_deposit import asked_before, between, keep, locked_deposit, refuse
from prepay_ledger.deposits.ports import Review, UnitT
from prepay_ledger.deposits.rules import why_not_released
from prepay_ledger.deposits.values import Deposit, DepositKind, Place, Step, StepAction
from prepay_ledger.facts.values import Decided
from prewatt_common.ids import new_id


async def release_deposit(
    *,
    unit: UnitT,
    review: Review[UnitT],
    deposit_id: UUID,
    amount_micro: int,
    place: Place | None,
    key: str,
    decided: Decided,
    approvals: ApprovalTerms,
) -> Deposit | Proposal:
    """So much goes back, to the place; of a guarantee so much of the paper is given up. Of much the
    proposal that waits for a second person. The same again under the same key changes nothing.
    Raises `UnknownDeposit`, `DepositRefused`, `KeyUsedBefore` or `AnotherWaits`."""
    deposit = await locked_deposit(unit, deposit_id)
    step = Step(
        id=new_id(),
        deposit_id=deposit.id,
        action=StepAction.RELEASE,
        amount_micro=amount_micro,
        place=place,
        debt_id=None,
        key=key,
        decided=decided,
    )
    if await asked_before(unit, step, deposit_id) is not None:
        return deposit
    act = act_of_release(deposit, step)
    waiting = await proposed_before(unit=unit, act=act, who=decided.by)
    if waiting is not None:
        return waiting
    refuse(why_not_released(deposit, amount_micro, place=place))
    if await takes_two(
        unit=unit, act=act, about=[str(deposit.account_id)], terms=approvals, decided=decided
    ):
        return await propose(unit=unit, act=act, decided=decided, term=approvals.term)
    deposit = replace(deposit, released_micro=deposit.released_micro + amount_micro)
    await unit.deposits.put(deposit)
    if deposit.terms.kind is DepositKind.CASH:
        journal_id, balance = await between(unit, deposit, -amount_micro, step)
        step = replace(step, journal_id=journal_id)
        if balance is not None and balance.is_due:
            await review(unit, [deposit.account_id], decided.at)
    await keep(unit, deposit, step)
    return deposit
