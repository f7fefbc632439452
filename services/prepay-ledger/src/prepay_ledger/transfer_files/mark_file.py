"""Use case: a person says that the bank has a file, or that it never had it."""

from dataclasses import replace
from uuid import UUID

from prepay_ledger.facts.values import Decided
from prepay_ledger.transfer_files.ports import HasTransfers
from prepay_ledger.transfer_files.refusals import FileNotSo, UnknownTransferFile
from prepay_ledger.transfer_files.rules import why_not_cancelled
from prepay_ledger.transfer_files.values import FileState, Step, StepAction, TransferFileRow


async def send_file(unit: HasTransfers, *, file_id: UUID, decided: Decided) -> None:
    """The same again changes nothing. Raises `UnknownTransferFile` or `FileNotSo`."""
    file = await _locked(unit, file_id)
    if file.state is FileState.SENT:
        return
    if file.state is not FileState.MADE:
        raise _not_so(file, f"it is {file.state}")
    await _put(unit, file, FileState.SENT, StepAction.SEND, decided)


async def cancel_file(unit: HasTransfers, *, file_id: UUID, decided: Decided) -> None:
    """Its refunds may go into another file. The same again changes nothing. Raises
    `UnknownTransferFile` or `FileNotSo`."""
    file = await _locked(unit, file_id)
    if file.state is FileState.CANCELLED:
        return
    items = await unit.transfers.items(file_id)
    is_asked = await unit.transfers.has_open_answer(file_id)
    if (why := why_not_cancelled(items, is_asked=is_asked)) is not None:
        raise _not_so(file, why)
    for each in items:
        await unit.transfers.put_item(replace(each, live=False))
    await _put(unit, file, FileState.CANCELLED, StepAction.CANCEL, decided)


async def _put(
    unit: HasTransfers,
    file: TransferFileRow,
    state: FileState,
    action: StepAction,
    decided: Decided,
) -> None:
    await unit.transfers.put_file(replace(file, state=state))
    step = Step(action=action, who=decided.by, reason=decided.reason, at=decided.at)
    await unit.transfers.add_step(file.id, step)


async def _locked(unit: HasTransfers, file_id: UUID) -> TransferFileRow:
    file = await unit.transfers.lock_file(file_id)
    if file is None:
        message = f"there is no transfer file {file_id}"
        raise UnknownTransferFile(message)
    return file


def _not_so(file: TransferFileRow, why: str) -> FileNotSo:
    message = f"transfer file {file.id}: {why}; nothing was changed"
    return FileNotSo(message)
