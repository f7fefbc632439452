"""Use cases: a person drafts to write off something of a debt, another one carries it out."""

from dataclasses import replace
from uuid import UUID

from prepay_ledger.debts.move_debt import forgive
from prepay_ledger.debts.ports import WriteOffUnit
from prepay_ledger.debts.refusals import UnknownDebt, UnknownWriteOff, WriteOffRefused
from prepay_ledger.debts.values import Corrected, Debt, WriteOff
from prepay_ledger.facts.tell import tell
from prepay_ledger.facts.values import Decided, DraftState
from prewatt_common.contracts.ledger_facts_v1 import DebtWrittenOff
from prewatt_common.ids import new_id
from prewatt_common.refusals import NeedsSecondPerson


async def draft_write_off(
    *, unit: WriteOffUnit, debt_id: UUID, amount_micro: int | None, decided: Decided
) -> WriteOff:
    """So much of the debt, none: all that is left, is not to be asked for any more; nothing changes
    before another person carries it out. The same again changes nothing. Raises `UnknownDebt`, or
    `WriteOffRefused` where less is left, or another one waits."""
    debt = await unit.debts.lock(debt_id)
    if debt is None:
        message = f"there is no debt {debt_id}"
        raise UnknownDebt(message)
    micro = debt.left_micro if amount_micro is None else amount_micro
    waiting = await unit.write_offs.waiting(debt_id)
    if waiting is not None:
        if (waiting.amount_micro, waiting.drafted.by) == (micro, decided.by):
            return waiting
        message = (
            f"write-off {waiting.id} of debt {debt_id} waits for a second person; release or "
            "withdraw it first"
        )
        raise WriteOffRefused(message)
    _check_left(debt, micro)
    draft = WriteOff(id=new_id(), debt_id=debt_id, amount_micro=micro, drafted=decided)
    await unit.write_offs.add(draft)
    return draft


async def release_write_off(
    *, unit: WriteOffUnit, write_off_id: UUID, decided: Decided
) -> WriteOff:
    """It is carried out: what is owed is less, the balance stays. The same again changes nothing.
    Raises `UnknownWriteOff`, `WriteOffRefused`, `NeedsSecondPerson`."""
    one = await _known(unit, write_off_id)
    if one.state is DraftState.PUBLISHED:
        return one
    if one.state is DraftState.WITHDRAWN:
        message = f"write-off {write_off_id} was withdrawn; draft another one"
        raise WriteOffRefused(message)
    if decided.by == one.drafted.by:
        message = (
            f"somebody else than {one.drafted.by}, who drafted it, must release write-off "
            f"{write_off_id}"
        )
        raise NeedsSecondPerson(message)
    debt = await _held(unit, one)
    _check_left(debt, one.amount_micro)
    debt = replace(debt, written_off_micro=debt.written_off_micro + one.amount_micro)
    await unit.debts.put_written_off(debt)
    # What a later correction of the period gives back is at first what nobody was asked for.
    before = await unit.debts.corrected(debt.origin)
    now = Corrected(
        given_micro=before.given_micro, barred_micro=before.barred_micro + one.amount_micro
    )
    await unit.debts.put_corrected(debt.origin, debt.account_id, now)
    await forgive(unit, debt, one.amount_micro, source=f"write-off/{one.id}", at=decided.at)
    one = replace(one, state=DraftState.PUBLISHED, decided=decided)
    await unit.write_offs.decide(one)
    event = DebtWrittenOff(
        write_off_id=one.id,
        debt_id=debt.id,
        account_id=debt.account_id,
        amount_micro=one.amount_micro,
        left_micro=debt.left_micro,
        currency=debt.currency,
        drafted_by=one.drafted.by,
        drafted_reason=one.drafted.reason,
        by=decided.by,
        reason=decided.reason,
        at=decided.at,
    )
    await tell(unit, [(str(debt.account_id), str(debt.id), event)], decided)
    return one


async def withdraw_write_off(
    *, unit: WriteOffUnit, write_off_id: UUID, decided: Decided
) -> WriteOff:
    """It is not to be carried out; the same again changes nothing. Raises `UnknownWriteOff`, or
    `WriteOffRefused` for one that was."""
    one = await _known(unit, write_off_id)
    if one.state is DraftState.WITHDRAWN:
        return one
    if one.state is DraftState.PUBLISHED:
        message = f"write-off {write_off_id} was carried out and stands"
        raise WriteOffRefused(message)
    one = replace(one, state=DraftState.WITHDRAWN, decided=decided)
    await unit.write_offs.decide(one)
    return one


async def _known(unit: WriteOffUnit, write_off_id: UUID) -> WriteOff:
    one = await unit.write_offs.lock(write_off_id)
    if one is None:
        message = f"there is no write-off {write_off_id}"
        raise UnknownWriteOff(message)
    return one


async def _held(unit: WriteOffUnit, one: WriteOff) -> Debt:
    """The account's row first, as whoever pays a debt locks them."""
    account_id = await unit.debts.account_of(one.debt_id)
    assert account_id is not None, "a debt is never deleted"
    await unit.balances.lock(account_id)
    debt = await unit.debts.lock(one.debt_id)
    assert debt is not None, "a debt is never deleted"
    return debt


def _check_left(debt: Debt, micro: int) -> None:
    if not 0 < micro <= debt.left_micro:
        message = (
            f"{debt.left_micro} micro-units are left of debt {debt.id}, not {micro}; nothing was "
            "written off"
        )
        raise WriteOffRefused(message)
