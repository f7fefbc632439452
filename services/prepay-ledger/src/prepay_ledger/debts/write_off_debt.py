"""Use case: a person proposes to write off something of a debt, another one approves it."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from prepay_ledger.approvals.propose import propose
from prepay_ledger.approvals.values import Act, ActKind, Proposal
from prepay_ledger.debts.move_debt import forgive
from prepay_ledger.debts.ports import WriteOffUnit
from prepay_ledger.debts.refusals import UnknownDebt, WriteOffRefused
from prepay_ledger.debts.values import Corrected, Debt
from prepay_ledger.facts.tell import tell
from prepay_ledger.facts.values import Decided
from prewatt_common.contracts.ledger_facts_v1 import DebtWrittenOff


async def propose_write_off(
    *,
    unit: WriteOffUnit,
    debt_id: UUID,
    amount_micro: int | None,
    term: timedelta,
    decided: Decided,
) -> Proposal:
    """So much of the debt, none: all that is left, is not to be asked for any more; of whatever
    amount nothing changes before another person approves it, within ``term``. The same again
    changes nothing. Raises `UnknownDebt`, `WriteOffRefused` where less is left, or
    `AnotherWaits`."""
    debt = await unit.debts.lock(debt_id)
    if debt is None:
        message = f"there is no debt {debt_id}"
        raise UnknownDebt(message)
    micro = debt.left_micro if amount_micro is None else amount_micro
    _check_left(debt, micro)
    act = Act(
        kind=ActKind.DEBT_WRITE_OFF,
        subject=str(debt_id),
        key=None,
        parameters={"account_id": str(debt.account_id), "amount_micro": micro},
        amount_micro=micro,
        currency=debt.currency,
    )
    return await propose(unit=unit, act=act, decided=decided, term=term)


async def carry_out_write_off(unit: WriteOffUnit, proposal: Proposal, *, approved: Decided) -> None:
    """What a second person has approved: what is owed is less, the balance stays. Raises
    `WriteOffRefused` where less is left by now."""
    debt, micro = await _held(unit, UUID(proposal.act.subject)), proposal.act.amount_micro
    _check_left(debt, micro)
    debt = replace(debt, written_off_micro=debt.written_off_micro + micro)
    await unit.debts.put_written_off(debt)
    # What a later correction of the period gives back is at first what nobody was asked for.
    before = await unit.debts.corrected(debt.origin)
    now = Corrected(given_micro=before.given_micro, barred_micro=before.barred_micro + micro)
    await unit.debts.put_corrected(debt.origin, debt.account_id, now)
    await forgive(unit, debt, micro, source=f"write-off/{proposal.id}", at=approved.at)
    event = DebtWrittenOff(
        write_off_id=proposal.id,
        debt_id=debt.id,
        account_id=debt.account_id,
        amount_micro=micro,
        left_micro=debt.left_micro,
        currency=debt.currency,
        drafted_by=proposal.proposed.by,
        drafted_reason=proposal.proposed.reason,
        by=approved.by,
        reason=approved.reason,
        at=approved.at,
    )
    await tell(unit, [(str(debt.account_id), str(debt.id), event)], approved)


async def _held(unit: WriteOffUnit, debt_id: UUID) -> Debt:
    """The account's row first, as whoever pays a debt locks them."""
    account_id = await unit.debts.account_of(debt_id)
    assert account_id is not None, "a debt is never deleted"
    await unit.balances.lock(account_id)
    debt = await unit.debts.lock(debt_id)
    assert debt is not None, "a debt is never deleted"
    return debt


def _check_left(debt: Debt, micro: int) -> None:
    if not 0 < micro <= debt.left_micro:
        message = (
            f"{debt.left_micro} micro-units are left of debt {debt.id}, not {micro}; nothing was "
            "written off"
        )
        raise WriteOffRefused(message)
