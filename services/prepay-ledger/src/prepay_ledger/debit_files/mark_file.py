"""Use case: a person says that the bank has a file, or that it never had it; or gives up one that
cannot be made."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.debit_files.ports import HasDebits
from prepay_ledger.debit_files.refusals import FileNotSo, UnknownDebitFile
from prepay_ledger.debit_files.values import FileState, Step, StepAction

_AFTER = {StepAction.SEND: FileState.SENT, StepAction.CANCEL: FileState.CANCELLED}
_BEFORE = {
    StepAction.SEND: {FileState.MADE},
    # What cannot be written would keep the bank's next file from being begun.
    StepAction.CANCEL: {FileState.MADE, FileState.COLLECTING},
}


async def mark_file(
    unit: HasDebits, *, file_id: UUID, action: StepAction, who: str, reason: str, now: datetime
) -> None:
    """Only one of both, and each once; the same again changes nothing. Raises `UnknownDebitFile` or
    `FileNotSo`."""
    file = await unit.debit_files.lock_file(file_id)
    if file is None:
        message = f"there is no debit file {file_id}"
        raise UnknownDebitFile(message)
    after = _AFTER[action]
    if file.state is after:
        return
    if file.state not in _BEFORE[action]:
        message = f"debit file {file_id} is {file.state}; nothing was changed"
        raise FileNotSo(message)
    await unit.debit_files.change_file(replace(file, state=after))
    step = Step(action=action, who=who, reason=reason, at=now)
    await unit.debit_files.add_step(file_id, step)
