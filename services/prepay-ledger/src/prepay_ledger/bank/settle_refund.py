"""Use case: a person says which line of the bank a refund went as, or came back by."""

from dataclasses import dataclass
from uuid import UUID

from prepay_ledger.approvals.act_alone import takes_two
from prepay_ledger.approvals.propose import propose, proposed_before
from prepay_ledger.approvals.values import Act, ActKind, ApprovalTerms, Proposal
from prepay_ledger.bank.ports import Unit
from prepay_ledger.bank.receive_refund import ReceiveRefund, may_be_refund, why_not
from prepay_ledger.bank.refusals import UnknownLine
from prepay_ledger.bank.values import BankLine
from prepay_ledger.facts.values import Decided
from prepay_ledger.refunds.move_refund import done_before, locked_refund
from prepay_ledger.refunds.refusals import RefundNotSo
from prepay_ledger.refunds.values import Refund, RefundState, Step, StepAction
from prewatt_common.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asks for, under an Idempotency-Key."""

    refund_id: UUID
    line_id: UUID
    key: str
    decided: Decided


class SettleRefund:
    """Does that. What moves a balance by it, and is much by itself or with what that person did
    alone, a second person has to approve: a line in doubt may be another customer's money."""

    def __init__(self, *, receive_refund: ReceiveRefund, terms: ApprovalTerms) -> None:
        self._receive_refund = receive_refund
        self._terms = terms

    async def __call__(self, unit: Unit, *, asked: Asked) -> Refund | Proposal:
        """The refund, or the proposal that waits. The line is locked first, then the refund's
        account. The same under the same key changes nothing. Raises `UnknownRefund`, `UnknownLine`,
        `RefundNotSo`, `KeyUsedBefore` or `AnotherWaits`."""
        line, refund = await _locked(unit, asked)
        if await done_before(unit, _step(asked, line)):
            return refund
        act, terms = _act_of(asked, refund, line), self._terms
        waiting = await proposed_before(unit=unit, act=act, who=asked.decided.by)
        if waiting is not None:
            return waiting
        _check(refund, line)
        if _moves_balance(refund, line) and await takes_two(
            unit=unit,
            act=act,
            about=[str(refund.account_id)],
            terms=terms,
            decided=asked.decided,
        ):
            return await propose(unit=unit, act=act, decided=asked.decided, term=terms.term)
        return await self._receive(unit, refund, line, asked)

    async def carry_out(self, unit: Unit, proposal: Proposal, *, approved: Decided) -> None:
        """What a second person has approved, by who proposed it. Raises `RefundNotSo` where the
        line or the refund is another's by now."""
        act, by = proposal.act, proposal.proposed
        assert act.key is not None, "a refund is matched under a key"
        asked = Asked(
            refund_id=UUID(str(act.parameters["refund_id"])),
            line_id=UUID(act.subject),
            key=act.key,
            decided=Decided(by=by.by, reason=by.reason, at=approved.at),
        )
        line, refund = await _locked(unit, asked)
        if not await done_before(unit, _step(asked, line)):
            _check(refund, line)
            await self._receive(unit, refund, line, asked)

    async def _receive(self, unit: Unit, refund: Refund, line: BankLine, asked: Asked) -> Refund:
        await unit.bank.change(
            await self._receive_refund.receive(
                unit, refund, line, key=asked.key, decided=asked.decided
            )
        )
        found = await unit.refunds.refund(refund.id)
        assert found is not None, "a refund stays"
        return found


async def _locked(unit: Unit, asked: Asked) -> tuple[BankLine, Refund]:
    line = await unit.bank.lock(asked.line_id)
    if line is None:
        message = f"there is no bank line {asked.line_id}"
        raise UnknownLine(message)
    return line, await locked_refund(unit, asked.refund_id)


def _check(refund: Refund, line: BankLine) -> None:
    why = why_not(refund, line) if may_be_refund(line) else f"the line is {line.state}"
    if why:
        message = f"bank line {line.id} is not refund {refund.id}: {why}; nothing was changed"
        raise RefundNotSo(message)


def _moves_balance(refund: Refund, line: BankLine) -> bool:
    """What went as it was ordered has left its account before."""
    return line.line.amount_micro > 0 or refund.state is RefundState.CANCELLED


def _step(asked: Asked, line: BankLine) -> Step:
    return Step(
        id=new_id(),
        refund_id=asked.refund_id,
        action=StepAction.PAY if line.line.amount_micro < 0 else StepAction.RETURN,
        amount_micro=abs(line.line.amount_micro),
        key=asked.key,
        decided=asked.decided,
        journal_id=0,
        bank_line=asked.line_id,
    )


def _act_of(asked: Asked, refund: Refund, line: BankLine) -> Act:
    """About the line: it is one refund's."""
    return Act(
        kind=ActKind.REFUND_MATCH,
        subject=str(line.id),
        key=asked.key,
        parameters={
            "refund_id": str(refund.id),
            "account_id": str(refund.account_id),
            "bank_account": line.account,
            "booked_on": line.line.booked_on.isoformat(),
        },
        amount_micro=abs(line.line.amount_micro),
        currency=refund.currency,
    )
