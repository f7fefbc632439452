"""Use case: a person has dealt with an answer of a bank, and may say that by it the bank does not
pay the refund that a file has: what an answer that names no file leaves open."""

from dataclasses import dataclass, replace
from uuid import UUID

from prepay_ledger.approvals.act_alone import takes_two
from prepay_ledger.approvals.propose import propose
from prepay_ledger.approvals.values import Act, ActKind, ApprovalTerms, Proposal
from prepay_ledger.facts.values import Decided
from prepay_ledger.transfer_files.ports import Unit
from prepay_ledger.transfer_files.refusals import AnswerNotOpen, AnswerNotSo
from prepay_ledger.transfer_files.rules import why_not_unpaid
from prepay_ledger.transfer_files.values import Answer, AnswerState, ItemState, TransferItem


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """``not_paid``: the bank does not pay the line that a file has of the answer's refund."""

    answer_id: UUID
    not_paid: bool
    decided: Decided


class CloseAnswer:
    """Does that. What is not paid may go into another file, or be cancelled: much of it takes two
    people, as a bank that pays it all the same pays it twice."""

    def __init__(self, *, terms: ApprovalTerms) -> None:
        self._terms = terms

    async def __call__(self, unit: Unit, *, asked: Closing) -> Proposal | None:
        """The proposal that waits; none: it is closed. Raises `AnswerNotOpen`, `AnswerNotSo` or
        `AnotherWaits`."""
        if not asked.not_paid:
            await _close(unit, asked)
            return None
        answer, item = await _locked(unit, asked.answer_id)
        act = _act_of(answer, item)
        if await takes_two(
            unit=unit,
            act=act,
            about=[str(item.account_id)],
            terms=self._terms,
            decided=asked.decided,
        ):
            return await propose(unit=unit, act=act, decided=asked.decided, term=self._terms.term)
        await _not_paid(unit, answer, item, asked)
        return None

    async def carry_out(self, unit: Unit, proposal: Proposal, *, approved: Decided) -> None:
        """What a second person has approved, by who proposed it. Raises `AnswerNotOpen` or
        `AnswerNotSo` where the answer or the line is otherwise by now."""
        asked = Closing(
            answer_id=UUID(proposal.act.subject),
            not_paid=True,
            decided=replace(proposal.proposed, at=approved.at),
        )
        answer, item = await _locked(unit, asked.answer_id)
        if _act_of(answer, item) != proposal.act:
            message = f"another file pays refund {item.refund_id} by now; nothing was changed"
            raise AnswerNotSo(message)
        await _not_paid(unit, answer, item, asked)


async def _locked(unit: Unit, answer_id: UUID) -> tuple[Answer, TransferItem]:
    """The answer first, then the file that has its refund: a person who marks that and the next
    answer are seen in turn."""
    answer = await unit.transfers.lock_answer(answer_id)
    if answer is None or not answer.open:
        raise _not_open(answer_id)
    item = await _live(unit, answer)
    if item is not None:
        file = await unit.transfers.lock_file(item.file_id)
        assert file is not None, "a file stays"
        item = await _live(unit, answer)
        refund = await unit.refunds.refund(item.refund_id) if item is not None else None
        if item is not None and item.file_id == file.id and refund is not None:
            why = why_not_unpaid(answer, file=file, refund=refund.state)
            if why is None:
                return answer, item
            raise _not_so(answer, why)
    raise _not_so(answer, "no file has its refund")


async def _live(unit: Unit, answer: Answer) -> TransferItem | None:
    if answer.refund_id is None:
        return None
    items = await unit.transfers.items_of(answer.bank, answer.refund_id)
    return next((each for each in items if each.live), None)


async def _not_paid(unit: Unit, answer: Answer, item: TransferItem, asked: Closing) -> None:
    await unit.transfers.put_item(
        replace(item, state=ItemState.REFUSED, code=answer.code, live=False)
    )
    await unit.transfers.put_answer_state(answer.id, AnswerState.APPLIED)
    await _close(unit, asked)


async def _close(unit: Unit, asked: Closing) -> None:
    by = asked.decided
    if not await unit.transfers.close_answer(asked.answer_id, who=by.by, reason=by.reason):
        raise _not_open(asked.answer_id)


def _act_of(answer: Answer, item: TransferItem) -> Act:
    """About the answer."""
    assert answer.refund_id is not None, "a line has its refund"
    return Act(
        kind=ActKind.TRANSFER_NOT_PAID,
        subject=str(answer.id),
        key=None,
        parameters={
            "bank": answer.bank,
            "refund_id": str(answer.refund_id),
            "account_id": str(item.account_id),
            "file_id": str(item.file_id),
            "code": answer.code,
        },
        amount_micro=item.amount_micro,
        currency=item.currency,
    )


def _not_open(answer_id: UUID) -> AnswerNotOpen:
    message = f"there is no transfer answer {answer_id} that is open; nothing was changed"
    return AnswerNotOpen(message)


def _not_so(answer: Answer, why: str) -> AnswerNotSo:
    message = (
        f"transfer answer {answer.id} does not say that a refund is not paid: {why}; nothing was "
        "changed"
    )
    return AnswerNotSo(message)
