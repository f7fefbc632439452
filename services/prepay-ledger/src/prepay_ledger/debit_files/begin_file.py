"""Use case: a person has what is due collected into a file for the bank."""

from dataclasses import dataclass
from datetime import date, datetime

from prepay_ledger.business_days import BusinessDays
from prepay_ledger.debit_files.ports import Unit
from prepay_ledger.debit_files.refusals import CollectDayRefused, FileOpen, KeyUsedBefore
from prepay_ledger.debit_files.values import DebitFileRow, FileState, Step, StepAction
from prepay_ledger.debit_formats.configured import DebitProfile
from prewatt_common.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A file of a bank for a day, under an Idempotency-Key."""

    provider: str
    collect_on: date
    key: str
    who: str
    reason: str


async def begin_file(
    unit: Unit,
    *,
    asked: Asked,
    profile: DebitProfile,
    days: BusinessDays,
    today: date,
    now: datetime,
) -> DebitFileRow:
    """What was asked for until now will be in it; a job puts it there. The same again changes
    nothing. Raises `CollectDayRefused`, `FileOpen` or `KeyUsedBefore`."""
    known = await unit.debit_files.file_of_key(asked.key)
    if known is not None:
        if (known.provider, known.collect_on) != (asked.provider, asked.collect_on):
            message = (
                f"the Idempotency-Key {asked.key} came before with a file of {known.provider} for "
                f"{known.collect_on}, which stands; nothing was changed"
            )
            raise KeyUsedBefore(message)
        return known
    if asked.collect_on <= today or not days.has(asked.collect_on):
        message = (
            f"{asked.collect_on} is over, is today, or banks do not work then; the next business "
            f"day is {days.after(today, 1)}; nothing was begun"
        )
        raise CollectDayRefused(message)
    file = DebitFileRow(
        id=new_id(),
        key=asked.key,
        provider=asked.provider,
        currency=profile.currency,
        collect_on=asked.collect_on,
        cut_off=now,
        state=FileState.COLLECTING,
    )
    if not await unit.debit_files.add_file(file):
        message = (
            f"another file of {asked.provider} is still being made, some seconds: ask again then, "
            "or cancel it where it cannot be made; nothing was begun"
        )
        raise FileOpen(message)
    step = Step(action=StepAction.BEGIN, who=asked.who, reason=asked.reason, at=now)
    await unit.debit_files.add_step(file.id, step)
    return file
