"""Use case: a bank's answer is kept with all that it says, and applied, once. No answer moves
money: that is the statement's."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.debit_files.keep_result import Kept, Upload, known_result, result_of, uuid_in
from prepay_ledger.debit_formats.values import DebitAnswer
from prepay_ledger.transfer_files.ports import Unit
from prepay_ledger.transfer_files.rules import follows_of
from prepay_ledger.transfer_files.values import Answer, AnswerState, ItemState, TransferItem
from prewatt_common.ids import new_id


async def keep_transfer_result(*, unit: Unit, upload: Upload, now: datetime) -> Kept:
    """All of it, or nothing. Raises `KeyUsedBefore`."""
    answers = await _of_lines(unit, upload.answers)
    result = result_of(upload, answers=len(answers), at=now)
    if not await unit.transfers.add_result(result, upload.body):
        return Kept(await known_result(unit.transfers, upload), repeated=True)
    for number, each in enumerate(answers, 1):
        answer = Answer(
            id=new_id(),
            result_id=result.id,
            bank=upload.provider,
            number=number,
            kind=each.kind,
            named=each.id,
            code=each.code,
            amount_micro=each.amount_micro,
            place=each.place,
            state=AnswerState.UNKNOWN,
        )
        of_file = uuid_in(each.file_id)
        await unit.transfers.add_answer(await _applied(unit, answer, of_file=of_file))
    return Kept(result, repeated=False)


async def _applied(unit: Unit, answer: Answer, *, of_file: UUID | None) -> Answer:
    """The file is locked first: a person who marks it and two answers at once are seen in turn."""
    found = await _named(unit, answer, of_file=of_file)
    if not found:
        return replace(answer, reason="no line of ours has that id", open=True)
    answer = replace(answer, refund_id=found[0].refund_id)
    if len(found) > 1:
        # A late answer to a file that was cancelled must not speak of the one that is under way.
        reason = "several files have it, and the answer does not say which it is of"
        return replace(answer, state=AnswerState.OTHERWISE, reason=reason, open=True)
    answer = replace(answer, file_id=found[0].file_id)
    item = await _locked(unit, answer, found[0])
    if answer.amount_micro not in {None, item.amount_micro}:
        reason = f"{item.amount_micro} micro-units were to be paid"
        return replace(answer, state=AnswerState.OTHER_AMOUNT, reason=reason, open=True)
    file = await unit.transfers.file(item.file_id)
    refund = await unit.refunds.refund(item.refund_id)
    assert file is not None, "a file stays"
    assert refund is not None, "a refund stays"
    follows = follows_of(answer.kind, answer.code, item=item, file=file.state, refund=refund.state)
    if follows.item is not item.state:
        refused = follows.item is ItemState.REFUSED
        await unit.transfers.put_item(
            replace(
                item,
                state=follows.item,
                code=answer.code if refused else item.code,
                live=not refused and item.live,
            )
        )
    return replace(answer, state=follows.answer, reason=follows.reason, open=follows.open)


async def _named(unit: Unit, answer: Answer, *, of_file: UUID | None) -> Sequence[TransferItem]:
    refund_id = uuid_in(answer.named)
    if refund_id is None:
        return ()
    found = await unit.transfers.items_of(answer.bank, refund_id)
    return [each for each in found if of_file in {None, each.file_id}]


async def _locked(unit: Unit, answer: Answer, item: TransferItem) -> TransferItem:
    await unit.transfers.lock_file(item.file_id)
    again = await unit.transfers.items_of(answer.bank, item.refund_id)
    return next(each for each in again if each.file_id == item.file_id)


async def _of_lines(unit: Unit, answers: Sequence[DebitAnswer]) -> Sequence[DebitAnswer]:
    """What is said of a whole file is said of each of its lines."""
    found: list[DebitAnswer] = []
    for each in answers:
        file_id = None if each.id else uuid_in(each.file_id)
        items = await unit.transfers.items(file_id) if file_id else ()
        found += [replace(each, id=item.name) for item in items] or [each]
    return found
