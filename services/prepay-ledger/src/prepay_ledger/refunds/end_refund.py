"""Use cases: the customer has the cash of a refund; or it is not paid out after all, because a
person says so, or because its provider has refused."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.facts.values import Decided
from prepay_ledger.journal.values import UtilityAccount
from prepay_ledger.refunds.back import closed
from prepay_ledger.refunds.move_refund import check_state, done_before, locked_refund, move_refund
from prepay_ledger.refunds.ports import Review, Unit, UnitT
from prepay_ledger.refunds.refusals import RefundNotSo
from prepay_ledger.refunds.values import (
    Back,
    BackState,
    Refund,
    RefundState,
    Step,
    StepAction,
    Way,
)
from prewatt_common.ids import new_id


async def hand_out(*, unit: Unit, refund_id: UUID, slip: str, key: str, decided: Decided) -> Refund:
    """The customer has signed ``slip`` for the cash. The same again under the same key changes
    nothing. Raises `UnknownRefund`, `RefundNotSo` or `KeyUsedBefore`."""
    refund = await locked_refund(unit, refund_id)
    step = _step(refund, StepAction.HAND_OUT, key=key, decided=decided, slip=slip)
    if await done_before(unit, step):
        return refund
    check_state(refund, RefundState.IN_TRANSIT)
    if refund.way is not Way.CASH:
        message = f"refund {refund.id} goes by the {refund.way}, which ends it; nothing was changed"
        raise RefundNotSo(message)
    refund = replace(refund, state=RefundState.PAID)
    postings: dict[str, int] = {
        UtilityAccount.REFUNDS_IN_TRANSIT: -refund.amount_micro,
        UtilityAccount.CASH: refund.amount_micro,
    }
    await move_refund(unit, refund, step, balance_micro=0, postings=postings)
    return refund


async def cancel_refund(
    *, unit: UnitT, review: Review[UnitT], refund_id: UUID, key: str, decided: Decided
) -> Refund:
    """It was not sent, or nobody fetches it: the account has it again. The same again under the
    same key changes nothing. Raises `UnknownRefund`, `RefundNotSo` or `KeyUsedBefore`."""
    refund = await locked_refund(unit, refund_id)
    step = _step(refund, StepAction.CANCEL, key=key, decided=decided)
    if await done_before(unit, step):
        return refund
    check_state(refund, RefundState.IN_TRANSIT)
    if (file_id := await unit.refunds.in_file(refund.id)) is not None:
        message = (
            f"transfer file {file_id} pays refund {refund.id}: cancel that if the bank never had "
            "it, or wait for its answer; nothing was changed"
        )
        raise RefundNotSo(message)
    back = await unit.backs.of_refund(refund.id)
    if back is not None:
        if back.state is BackState.OTHER_AMOUNT:
            message = (
                f"{back.provider} gave back {back.given_micro} micro-units for refund {refund.id}, "
                f"not {refund.amount_micro}: take that for it; nothing was changed"
            )
            raise RefundNotSo(message)
        if back.state in (BackState.SENDING, BackState.ACCEPTED):
            message = (
                f"{back.provider} was asked for refund {refund.id} and has not told what came of "
                "it: wait for that; nothing was changed"
            )
            raise RefundNotSo(message)
        await unit.backs.put(closed(back, BackState.REFUSED, "cancelled by a person"))
    return await _cancel(unit, review, refund, step)


async def refused_by_provider(
    *, unit: UnitT, review: Review[UnitT], back: Back, code: str, at: datetime
) -> None:
    """Nothing goes back by it: the account has it again, to be paid out another way. The account is
    locked; of a refund that has ended nothing is changed."""
    refund = await unit.refunds.refund(back.refund_id)
    assert refund is not None, "a refund stays"
    if refund.state is not RefundState.IN_TRANSIT or back.state is BackState.OTHER_AMOUNT:
        return
    await unit.backs.put(closed(back, BackState.REFUSED, code))
    decided = Decided(by=back.provider, reason=f"it has refused: {code}", at=at)
    await _cancel(unit, review, refund, _step(refund, StepAction.CANCEL, key="", decided=decided))


async def _cancel(unit: UnitT, review: Review[UnitT], refund: Refund, step: Step) -> Refund:
    refund = replace(refund, state=RefundState.CANCELLED)
    balance = await move_refund(
        unit,
        refund,
        step,
        balance_micro=refund.amount_micro,
        postings={UtilityAccount.REFUNDS_IN_TRANSIT: -refund.amount_micro},
    )
    if balance is not None and balance.is_due:
        await review(unit, [refund.account_id], step.decided.at)
    found = await unit.refunds.refund(refund.id)
    assert found is not None, "a refund stays"
    return found


def _step(
    refund: Refund, action: StepAction, *, key: str, decided: Decided, slip: str = ""
) -> Step:
    return Step(
        id=new_id(),
        refund_id=refund.id,
        action=action,
        amount_micro=refund.amount_micro,
        key=key,
        decided=decided,
        journal_id=0,
        slip=slip,
    )
