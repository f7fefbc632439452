"""Use case: a deposit or a bank's guarantee is held for an account."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from prepay_ledger.approvals.act_alone import takes_two
from prepay_ledger.approvals.propose import propose, proposed_before
from prepay_ledger.approvals.values import ApprovalTerms, Proposal
from prepay_ledger.balances.refusals import UnknownAccount
from prepay_ledger.balances.values import Account
from prepay_ledger.deposits.acts import act_of_hold
from prepay_ledger.deposits.move_deposit import asked_before, between, keep, key_used, refuse
from prepay_ledger.deposits.ports import Review, UnitT
from prepay_ledger.deposits.rules import why_not_held
from prepay_ledger.deposits.values import Deposit, DepositKind, Place, Step, StepAction, Terms
from prepay_ledger.facts.values import Decided
from prewatt_common.ids import new_id


async def hold_deposit(
    *,
    unit: UnitT,
    review: Review[UnitT],
    account_id: UUID,
    terms: Terms,
    place: Place | None,
    key: str,
    today: date,
    decided: Decided,
    approvals: ApprovalTerms,
) -> Deposit | Proposal:
    """The deposit as it stands; of much from the bank, in cash or by a guarantee the proposal that
    waits for a second person. The same again under the same key changes nothing. ``today``: the
    utility's day. Raises `UnknownAccount`, `DepositRefused`, `KeyUsedBefore` or `AnotherWaits`."""
    account = await unit.balances.lock(account_id)
    if account is None:
        message = f"account {account_id} does not exist"
        raise UnknownAccount(message)
    deposit = Deposit(id=new_id(), account_id=account_id, terms=terms)
    step = Step(
        id=new_id(),
        deposit_id=deposit.id,
        action=StepAction.HOLD,
        amount_micro=terms.amount_micro,
        place=place,
        debt_id=None,
        key=key,
        decided=decided,
    )
    known = await asked_before(unit, step, None)
    if known is not None:
        found = await unit.deposits.deposit(known.deposit_id)
        assert found is not None, "a deposit is never deleted"
        if (found.account_id, found.terms) != (account_id, terms):
            raise key_used(step, known)
        return found
    act = act_of_hold(account_id, terms, step)
    waiting = await proposed_before(unit=unit, act=act, who=decided.by)
    if waiting is not None:
        return waiting
    refuse(why_not_held(terms, place=place, today=today) or _why_not_of(account, terms, place))
    # What comes from the balance was there before: nobody invents it.
    if place is not Place.BALANCE and await takes_two(
        unit=unit, act=act, about=[str(account_id)], terms=approvals, decided=decided
    ):
        return await propose(unit=unit, act=act, decided=decided, term=approvals.term)
    if not await unit.deposits.add(deposit):
        refuse(f"{terms.reference} of {terms.issuer} is held already")
    if terms.kind is DepositKind.CASH:
        journal_id, balance = await between(unit, deposit, terms.amount_micro, step)
        step = replace(step, journal_id=journal_id)
        if balance is not None and balance.is_due:
            await review(unit, [account_id], decided.at)
    await keep(unit, deposit, step)
    return deposit


def _why_not_of(account: Account, terms: Terms, place: Place | None) -> str | None:
    if terms.currency != account.currency:
        return f"account {account.number} is in {account.currency}, not {terms.currency}"
    if place is Place.BALANCE and terms.amount_micro > account.balance_micro:
        return (
            f"the balance of {account.balance_micro} micro-units is less than "
            f"{terms.amount_micro}: nobody goes below zero for a deposit"
        )
    return None
