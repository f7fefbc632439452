"""Use case: a deposit, or a part of it, is the customer's again."""

from dataclasses import replace
from uuid import UUID

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
) -> Deposit:
    """So much goes back, to the place; of a guarantee so much of the paper is given up. The same
    again under the same key changes nothing. Raises `UnknownDeposit`, `DepositRefused` or
    `KeyUsedBefore`."""
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
    refuse(why_not_released(deposit, amount_micro, place=place))
    deposit = replace(deposit, released_micro=deposit.released_micro + amount_micro)
    await unit.deposits.put(deposit)
    if deposit.terms.kind is DepositKind.CASH:
        journal_id, balance = await between(unit, deposit, -amount_micro, step)
        step = replace(step, journal_id=journal_id)
        if balance is not None and balance.is_due:
            await review(unit, [deposit.account_id], decided.at)
    await keep(unit, deposit, step)
    return deposit
