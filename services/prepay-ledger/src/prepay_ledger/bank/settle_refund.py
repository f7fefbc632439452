"""Use case: a person says which line of the bank a refund went as, or came back by."""

from uuid import UUID

from prepay_ledger.bank.ports import Unit
from prepay_ledger.bank.receive_refund import ReceiveRefund, may_be_refund, why_not
from prepay_ledger.bank.refusals import UnknownLine
from prepay_ledger.facts.values import Decided
from prepay_ledger.refunds.move_refund import done_before, locked_refund
from prepay_ledger.refunds.refusals import RefundNotSo
from prepay_ledger.refunds.values import Refund, Step, StepAction
from prewatt_common.ids import new_id


async def settle_refund(
    *,
    unit: Unit,
    receive_refund: ReceiveRefund,
    refund_id: UUID,
    line_id: UUID,
    key: str,
    decided: Decided,
) -> Refund:
    """The line is locked first, then the refund's account. The same under the same key changes
    nothing. Raises `UnknownRefund`, `UnknownLine`, `RefundNotSo` or `KeyUsedBefore`."""
    line = await unit.bank.lock(line_id)
    if line is None:
        message = f"there is no bank line {line_id}"
        raise UnknownLine(message)
    refund = await locked_refund(unit, refund_id)
    asked = Step(
        id=new_id(),
        refund_id=refund_id,
        action=StepAction.PAY if line.line.amount_micro < 0 else StepAction.RETURN,
        amount_micro=abs(line.line.amount_micro),
        key=key,
        decided=decided,
        journal_id=0,
        bank_line=line_id,
    )
    if await done_before(unit, asked):
        return refund
    why = why_not(refund, line) if may_be_refund(line) else f"the line is {line.state}"
    if why:
        message = f"bank line {line_id} is not refund {refund_id}: {why}; nothing was changed"
        raise RefundNotSo(message)
    await unit.bank.change(
        await receive_refund.receive(unit, refund, line, key=key, decided=decided)
    )
    found = await unit.refunds.refund(refund_id)
    assert found is not None, "a refund stays"
    return found
