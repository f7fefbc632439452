"""Use cases: what is owed is paid from a deposit, and a guarantee's issuer pays it."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from prepay_ledger.approvals.act_alone import takes_two
from prepay_ledger.approvals.propose import propose, proposed_before
from prepay_ledger.approvals.values import ApprovalTerms, Proposal
from prepay_ledger.balances.values import Account
from prepay_ledger.debts.move_debt import move
from prepay_ledger.debts.values import DEBT, Debt
from prepay_ledger.deposits.acts import act_of_draw
from prepay_ledger.deposits.move_deposit import (
    asked_before,
    between,
    keep,
    locked_deposit,
    refuse,
    to_balance,
)
from prepay_ledger.deposits.ports import Review, Unit, UnitT
from prepay_ledger.deposits.rules import why_not_drawn, why_not_received
from prepay_ledger.deposits.values import DEPOSIT, Deposit, DepositKind, Step, StepAction
from prepay_ledger.facts.values import Decided
from prepay_ledger.journal.values import Journal, UtilityAccount
from prewatt_common.ids import new_id


async def draw_deposit(
    *,
    unit: UnitT,
    review: Review[UnitT],
    deposit_id: UUID,
    amount_micro: int,
    debt_id: UUID | None,
    key: str,
    today: date,
    decided: Decided,
    approvals: ApprovalTerms,
) -> Deposit | Proposal:
    """So much of the debt (none: of what the balance owes) is paid from the deposit; of much the
    proposal that waits for a second person. The same again under the same key changes nothing. All
    of it commits, or nothing: the deposit, the debt and the balance. ``today``: the utility's day.
    Raises `UnknownDeposit`, `DepositRefused`, `KeyUsedBefore` or `AnotherWaits`."""
    deposit = await locked_deposit(unit, deposit_id)
    step = _step(deposit, StepAction.DRAW, amount_micro, key=key, decided=decided, debt_id=debt_id)
    if await asked_before(unit, step, deposit_id) is not None:
        return deposit
    act = act_of_draw(deposit, step)
    waiting = await proposed_before(unit=unit, act=act, who=decided.by)
    if waiting is not None:
        return waiting
    account = await unit.balances.lock(deposit.account_id)
    assert account is not None, "a deposit is of an account"
    debt = None if debt_id is None else await _debt(unit, deposit, debt_id)
    owed_micro = _owed_micro(account, debt)
    refuse(why_not_drawn(deposit, amount_micro, owed_micro=owed_micro, today=today))
    if await takes_two(
        unit=unit, act=act, about=[str(deposit.account_id)], terms=approvals, decided=decided
    ):
        return await propose(unit=unit, act=act, decided=decided, term=approvals.term)
    deposit = replace(deposit, drawn_micro=deposit.drawn_micro + amount_micro)
    await unit.deposits.put(deposit)
    if deposit.terms.kind is DepositKind.CASH:
        journal_id, balance = await between(unit, deposit, -amount_micro, step)
    else:
        called: dict[str, int] = {UtilityAccount.GUARANTEES_CALLED: -amount_micro}
        journal_id, balance = await to_balance(
            unit, deposit, amount_micro, against=(), postings=called, step=step
        )
    if debt is not None:
        # Through the balance, as whatever pays a debt, which has the same afterwards.
        await unit.debts.put_paid(replace(debt, paid_micro=debt.paid_micro + amount_micro))
        source = f"{DEBT}/{debt.id}/{step.id}"
        await move(unit, debt, -amount_micro, source=source, at=decided.at)
    elif balance is not None and balance.is_due:
        await review(unit, [deposit.account_id], decided.at)
    await keep(unit, deposit, replace(step, journal_id=journal_id))
    return deposit


async def receive_called(
    *, unit: Unit, deposit_id: UUID, amount_micro: int, key: str, decided: Decided
) -> Deposit:
    """The issuer has paid to the bank what it was called on for, or a part; the same again under
    the same key changes nothing. Raises `UnknownDeposit`, `DepositRefused` or `KeyUsedBefore`."""
    deposit = await locked_deposit(unit, deposit_id)
    step = _step(deposit, StepAction.RECEIVE, amount_micro, key=key, decided=decided)
    if await asked_before(unit, step, deposit_id) is not None:
        return deposit
    refuse(why_not_received(deposit, amount_micro))
    deposit = replace(deposit, received_micro=deposit.received_micro + amount_micro)
    await unit.deposits.put(deposit)
    journal = Journal(
        kind=DEPOSIT,
        source=f"{step.action}/{deposit.id}/{step.id}",
        currency=deposit.terms.currency,
        entries=(),
        postings={
            UtilityAccount.GUARANTEES_CALLED: amount_micro,
            UtilityAccount.BANK: -amount_micro,
        },
    )
    journal_id, _ = await unit.journals.post(journal, at=decided.at)
    await keep(unit, deposit, replace(step, journal_id=journal_id))
    return deposit


async def _debt(unit: Unit, deposit: Deposit, debt_id: UUID) -> Debt:
    debt = await unit.debts.lock(debt_id)
    if debt is None or debt.account_id != deposit.account_id:
        refuse(f"account {deposit.account_id} has no debt {debt_id}")
    assert debt is not None, "refused just now"
    return debt


def _owed_micro(account: Account, debt: Debt | None) -> int:
    return max(0, -account.balance_micro) if debt is None else debt.left_micro


def _step(
    deposit: Deposit,
    action: StepAction,
    micro: int,
    *,
    key: str,
    decided: Decided,
    debt_id: UUID | None = None,
) -> Step:
    return Step(
        id=new_id(),
        deposit_id=deposit.id,
        action=action,
        amount_micro=micro,
        place=None,
        debt_id=debt_id,
        key=key,
        decided=decided,
    )
