"""Use cases: a person has all refunds that wait for a transfer paid by a file; a second person
approves one of much money."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from hashlib import sha256
from uuid import UUID

from prepay_ledger.approvals.propose import propose
from prepay_ledger.approvals.values import Act, ActKind, ApprovalTerms, Proposal
from prepay_ledger.business_days import BusinessDays
from prepay_ledger.debit_files.refusals import KeyUsedBefore
from prepay_ledger.debit_files.values import Body
from prepay_ledger.debit_formats.configured import TransferProfile
from prepay_ledger.debit_formats.values import Unwritable
from prepay_ledger.debit_formats.write_file import write_transfer_file
from prepay_ledger.facts.values import Decided
from prepay_ledger.refunds.values import RefundState
from prepay_ledger.transfer_files.ports import ToPay, Unit
from prepay_ledger.transfer_files.refusals import (
    FileNotSo,
    NothingToPay,
    PayDayRefused,
    TransferUnwritable,
)
from prepay_ledger.transfer_files.rules import file_of
from prepay_ledger.transfer_files.values import (
    FileState,
    Step,
    StepAction,
    TransferFileRow,
    TransferItem,
)
from prewatt_common.ids import new_id

LINES_MAX = 1_000
"""Of one file: it is written first, then made in one transaction, which holds each line's account
while its rows are written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A file of a bank for a day, under an Idempotency-Key, without the refunds ``without``."""

    bank: str
    pay_on: date
    without: Collection[UUID]
    key: str
    decided: Decided


async def make_file(
    unit: Unit,
    *,
    asked: Asked,
    profile: TransferProfile,
    days: BusinessDays,
    today: date,
    terms: ApprovalTerms,
) -> TransferFileRow:
    """Its lines, its bytes and its state in one transaction: whoever dies in it has made nothing.
    Above the terms' amount it waits for a second person. The same again changes nothing. Raises
    `KeyUsedBefore`, `PayDayRefused`, `NothingToPay` or `TransferUnwritable`."""
    found = await unit.transfers.to_pay(profile.currency, without=asked.without, limit=LINES_MAX)
    # After that: whoever finds nothing, as the same request has made the file meanwhile, sees it.
    known = await unit.transfers.file_of_key(asked.key)
    if known is not None:
        return _same(known, asked)
    _check_day(asked.pay_on, days=days, today=today)
    file = TransferFileRow(
        id=new_id(),
        key=asked.key,
        bank=asked.bank,
        currency=profile.currency,
        pay_on=asked.pay_on,
        made_at=asked.decided.at,
        state=FileState.MADE,
        lines=0,
        sum_micro=0,
    )
    file, items, body = _filled(file, found, profile=profile, terms=terms)
    left = await _held(unit, items)
    # By the same request, that came twice at once: it has committed by now.
    known = await unit.transfers.file_of_key(asked.key)
    if known is not None:
        return _same(known, asked)
    if len(left) < len(items):
        # Some were cancelled, paid, or put into another file while it was written.
        some = [each for each in found if each.refund_id in left]
        file, items, body = _filled(file, some, profile=profile, terms=terms)
    if not await unit.transfers.add_file(file):
        # Under the same key somebody has paid others meanwhile.
        raise _key_used(asked)
    await unit.transfers.add_items(items)
    await unit.transfers.add_body(body)
    await unit.transfers.add_step(file.id, _step(StepAction.MAKE, asked.decided))
    if file.state is FileState.PROPOSED:
        await _propose(unit, file, body, term=terms.term, decided=asked.decided)
    return file


async def approve_file(unit: Unit, proposal: Proposal, *, approved: Decided) -> None:
    """A second person has seen its total: its bytes may go to the bank. Raises `FileNotSo` where
    it was cancelled meanwhile, or one of its refunds went otherwise: the bytes stay as they are,
    and would pay that twice."""
    file = await unit.transfers.lock_file(UUID(proposal.act.subject))
    assert file is not None, "a file stays"
    if file.state is not FileState.PROPOSED:
        message = f"transfer file {file.id} is {file.state}; nothing was changed"
        raise FileNotSo(message)
    for each in await unit.transfers.items(file.id):
        refund = await unit.refunds.refund(each.refund_id)
        assert refund is not None, "a refund stays"
        if refund.state is not RefundState.IN_TRANSIT:
            message = (
                f"transfer file {file.id} pays refund {refund.id}, which is {refund.state} by now: "
                "cancel the file, and make another; nothing was changed"
            )
            raise FileNotSo(message)
    await unit.transfers.put_file(replace(file, state=FileState.MADE))
    await unit.transfers.add_step(file.id, _step(StepAction.APPROVE, approved))


def _filled(
    file: TransferFileRow,
    found: Sequence[ToPay],
    *,
    profile: TransferProfile,
    terms: ApprovalTerms,
) -> tuple[TransferFileRow, Sequence[TransferItem], Body]:
    if not found:
        message = f"no refund in {file.currency} waits for a transfer; nothing was made"
        raise NothingToPay(message)
    items = [
        TransferItem(
            file_id=file.id,
            number=number,
            refund_id=each.refund_id,
            account_id=each.account_id,
            account_number=each.account_number,
            payee=each.payee,
            amount_micro=each.amount_micro,
            currency=file.currency,
        )
        for number, each in enumerate(found, 1)
    ]
    total = sum(each.amount_micro for each in items)
    state = FileState.PROPOSED if terms.needs_two(total) else FileState.MADE
    file = replace(file, lines=len(items), sum_micro=total, state=state)
    return file, items, _written(file, items, profile)


async def _held(unit: Unit, items: Sequence[TransferItem]) -> Collection[UUID]:
    """The refunds of these that are to be paid still: their accounts are held from here on, so
    that nobody cancels one before the file is there. Whoever reads a meter waits for no more than
    that the file's rows are written."""
    await unit.balances.lock_all(sorted({each.account_id for each in items}))
    return await unit.transfers.still_to_pay([each.refund_id for each in items])


def _written(
    file: TransferFileRow, items: Sequence[TransferItem], profile: TransferProfile
) -> Body:
    try:
        body = write_transfer_file(file_of(file, items), profile)
    except Unwritable as error:
        raise _unwritable(file, items, profile, error) from error
    return Body(
        file_id=file.id,
        body=body,
        sha256=sha256(body).digest(),
        lines=file.lines,
        sum_micro=file.sum_micro,
        at=file.made_at,
    )


def _unwritable(
    file: TransferFileRow, items: Sequence[TransferItem], profile: TransferProfile, why: Unwritable
) -> TransferUnwritable:
    """Says which refund does not fit, as its line does not by itself."""
    for each in items:
        try:
            write_transfer_file(file_of(file, [each]), profile)
        except Unwritable as error:
            message = (
                f"refund {each.refund_id}: {error}; cancel it, or leave it out; nothing was made"
            )
            return TransferUnwritable(message)
    return TransferUnwritable(f"{why}; nothing was made")


async def _propose(
    unit: Unit, file: TransferFileRow, body: Body, *, term: timedelta, decided: Decided
) -> None:
    act = Act(
        kind=ActKind.TRANSFER_FILE,
        subject=str(file.id),
        key=None,
        parameters={
            "bank": file.bank,
            "pay_on": file.pay_on.isoformat(),
            "lines": file.lines,
            "amount_micro": file.sum_micro,
            "sha256_hex": body.sha256.hex(),
        },
        amount_micro=file.sum_micro,
        currency=file.currency,
    )
    await propose(unit=unit, act=act, decided=decided, term=term)


def _check_day(pay_on: date, *, days: BusinessDays, today: date) -> None:
    if pay_on < today or not days.has(pay_on):
        message = (
            f"{pay_on} is over, or banks do not work then; the next business day is "
            f"{days.after(today, 1)}; nothing was made"
        )
        raise PayDayRefused(message)


def _same(known: TransferFileRow, asked: Asked) -> TransferFileRow:
    if (known.bank, known.pay_on) != (asked.bank, asked.pay_on):
        raise _key_used(asked)
    return known


def _key_used(asked: Asked) -> KeyUsedBefore:
    message = (
        f"the Idempotency-Key {asked.key} came before with another file, which stands; nothing "
        "was made"
    )
    return KeyUsedBefore(message)


def _step(action: StepAction, decided: Decided) -> Step:
    return Step(action=action, who=decided.by, reason=decided.reason, at=decided.at)
