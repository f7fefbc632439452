"""What a file pays, and what follows from a bank's answer: pure."""

from collections.abc import Sequence
from typing import NamedTuple

from prepay_ledger.debit_formats.values import AnswerKind, Transfer, TransferFile
from prepay_ledger.refunds.values import RefundState
from prepay_ledger.transfer_files.values import (
    Answer,
    AnswerState,
    FileState,
    ItemState,
    TransferFileRow,
    TransferItem,
)


def file_of(row: TransferFileRow, items: Sequence[TransferItem]) -> TransferFile:
    """As it is written."""
    return TransferFile(
        id=row.name,
        pay_on=row.pay_on,
        made_at=row.made_at,
        currency=row.currency,
        transfers=[
            Transfer(
                number=each.number,
                id=each.name,
                holder=each.payee.holder,
                bank_account=each.payee.bank_account,
                bank_code=each.payee.bank_code,
                amount_micro=each.amount_micro,
                account_number=each.account_number,
            )
            for each in items
        ],
    )


class Follows(NamedTuple):
    """``item``: as the line stands then. ``open``: a person has to look."""

    item: ItemState
    answer: AnswerState
    reason: str
    open: bool


def follows_of(
    kind: AnswerKind, code: str, *, item: TransferItem, file: FileState, refund: RefundState
) -> Follows:
    """No answer moves money: that a transfer went, or came back, the bank's statement tells. A
    refused one is a person's, who corrects what was wrong, and until then is in no other file."""
    told = {AnswerKind.PAID: ItemState.CONFIRMED, AnswerKind.REFUSED: ItemState.REFUSED}.get(kind)
    if told is None:
        return _otherwise(item, "it came back: the line of the bank's statement says how much")
    if item.state is told:
        return Follows(told, AnswerState.REPEATED, "", open=False)
    against = (
        # What it answers to it has, whether or not a person has said so yet.
        (
            file not in {FileState.MADE, FileState.SENT},
            f"the file is {file}, and the bank has an answer to it",
        ),
        (item.state is not ItemState.ORDERED, f"the bank had {item.state} it before"),
        (
            told is ItemState.REFUSED and refund is not RefundState.IN_TRANSIT,
            f"the refund is {refund}",
        ),
    )
    for stands, reason in against:
        if stands:
            return _otherwise(item, reason)
    refused = told is ItemState.REFUSED
    why = f"the bank does not pay it: {code or 'no reason'}" if refused else ""
    return Follows(told, AnswerState.APPLIED, why, open=refused)


def why_not_given(state: FileState) -> str | None:
    """Why nobody gets the file's bytes; none: the bank may have them. Of one that was cancelled
    nobody may have approved them, and another file may pay the same."""
    match state:
        case FileState.PROPOSED:
            return "it waits for a second person"
        case FileState.CANCELLED:
            return "it is cancelled"
        case FileState.MADE | FileState.SENT:
            return None


def why_not_cancelled(items: Sequence[TransferItem], *, is_asked: bool) -> str | None:
    """Why a person cannot say that the bank never had the file; none: it can be. What the bank has
    answered to it has had. ``is_asked``: an answer about one of its refunds waits for a person."""
    if any(each.state is not ItemState.ORDERED for each in items):
        return "the bank has answered to it"
    if is_asked:
        return "an answer of the bank about a refund of it waits for a person: close that first"
    return None


def why_not_unpaid(answer: Answer, *, file: TransferFileRow, refund: RefundState) -> str | None:
    """Why a person cannot say of an open answer that by it the bank does not pay the line that
    ``file`` has of its refund; none: it can be."""
    if answer.kind is not AnswerKind.REFUSED:
        return f"the bank says that it is {answer.kind}"
    if answer.file_id not in {None, file.id}:
        return f"it is of transfer file {answer.file_id}, and {file.id} has the refund by now"
    if file.state not in {FileState.MADE, FileState.SENT}:
        return f"the file that has it is {file.state}, and the bank never had that"
    if refund is not RefundState.IN_TRANSIT:
        return f"the refund is {refund}"
    return None


def _otherwise(item: TransferItem, reason: str) -> Follows:
    return Follows(item.state, AnswerState.OTHERWISE, reason, open=True)
