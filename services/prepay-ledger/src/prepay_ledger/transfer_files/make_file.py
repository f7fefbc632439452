"""Use cases: a person has all refunds that wait for a transfer paid by a file; a second person
approves one of much money."""

from collections.abc import Collection
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
"""Of one file: it is made in one transaction, which holds each line's account."""


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
    known = await unit.transfers.file_of_key(asked.key)
    if known is not None:
        return _same(known, asked)
    if asked.pay_on < today or not days.has(asked.pay_on):
        message = (
            f"{asked.pay_on} is over, or banks do not work then; the next business day is "
            f"{days.after(today, 1)}; nothing was made"
        )
        raise PayDayRefused(message)
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
    items = await _gathered(unit, file, without=asked.without)
    if not items:
        message = f"no refund in {file.currency} waits for a transfer; nothing was made"
        raise NothingToPay(message)
    total = sum(each.amount_micro for each in items)
    takes_two = terms.needs_two(total)
    file = replace(
        file,
        lines=len(items),
        sum_micro=total,
        state=FileState.PROPOSED if takes_two else FileState.MADE,
    )
    body = _written(file, items, profile)
    if not await unit.transfers.add_file(file):
        # Somebody else was quicker under the same key, and has committed by now.
        known = await unit.transfers.file_of_key(asked.key)
        assert known is not None, "a file stays"
        return _same(known, asked)
    await unit.transfers.add_items(items)
    await unit.transfers.add_body(body)
    await unit.transfers.add_step(file.id, _step(StepAction.MAKE, asked.decided))
    if takes_two:
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


async def _gathered(
    unit: Unit, file: TransferFileRow, *, without: Collection[UUID]
) -> list[TransferItem]:
    items: list[TransferItem] = []
    for each in await unit.transfers.to_pay(file.currency, without=without, limit=LINES_MAX):
        item = await _item(unit, file, each, number=len(items) + 1)
        if item is not None:
            items.append(item)
    return items


async def _item(
    unit: Unit, file: TransferFileRow, found: ToPay, *, number: int
) -> TransferItem | None:
    """None where it was cancelled, paid, or put into another file meanwhile."""
    account = await unit.balances.lock(found.account_id)
    refund = await unit.refunds.refund(found.refund_id)
    assert account is not None, "an account stays"
    assert refund is not None, "a refund stays"
    if refund.state is not RefundState.IN_TRANSIT:
        return None
    if await unit.transfers.is_paid_by_a_file(refund.id):
        return None
    return TransferItem(
        file_id=file.id,
        number=number,
        refund_id=refund.id,
        account_id=account.id,
        account_number=account.number,
        payee=refund.payee,
        amount_micro=refund.amount_micro,
        currency=refund.currency,
    )


def _written(file: TransferFileRow, items: list[TransferItem], profile: TransferProfile) -> Body:
    """Each line by itself first, so that the refusal says which refund does not fit."""
    for each in items:
        try:
            write_transfer_file(file_of(file, [each]), profile)
        except Unwritable as error:
            message = (
                f"refund {each.refund_id}: {error}; cancel it, or leave it out; nothing was made"
            )
            raise TransferUnwritable(message) from error
    try:
        body = write_transfer_file(file_of(file, items), profile)
    except Unwritable as error:
        message = f"{error}; nothing was made"
        raise TransferUnwritable(message) from error
    return Body(
        file_id=file.id,
        body=body,
        sha256=sha256(body).digest(),
        lines=file.lines,
        sum_micro=file.sum_micro,
        at=file.made_at,
    )


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


def _same(known: TransferFileRow, asked: Asked) -> TransferFileRow:
    if (known.bank, known.pay_on) != (asked.bank, asked.pay_on):
        message = (
            f"the Idempotency-Key {asked.key} came before with a file of {known.bank} for "
            f"{known.pay_on}, which stands; nothing was made"
        )
        raise KeyUsedBefore(message)
    return known


def _step(action: StepAction, decided: Decided) -> Step:
    return Step(action=action, who=decided.by, reason=decided.reason, at=decided.at)
