"""The old mode is closed on the readings of the change's instant, and the new one opened: one
transaction, so that nobody ever sees one without the other."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from prepay_ledger.agreements.decide_agreement import DecideAgreement
from prepay_ledger.agreements.values import Agreement
from prepay_ledger.debts.local_day import local_day
from prepay_ledger.debts.move_debt import record_debt
from prepay_ledger.debts.plan_debt import plan_debt
from prepay_ledger.debts.rules import months_after
from prepay_ledger.debts.values import BillCause, NewDebt, Origin
from prepay_ledger.events import account_event
from prepay_ledger.facts.values import Decided
from prepay_ledger.mandates.settle_request import suspend
from prepay_ledger.mode_changes.note_step import end_gate, note_step
from prepay_ledger.mode_changes.ports import Unit
from prepay_ledger.mode_changes.request_change import next_agreement, open_agreement
from prepay_ledger.mode_changes.rules import closing_micro, owed_micro
from prepay_ledger.mode_changes.values import LEDGER, ChangeState, ModeChange, StepAction
from prepay_ledger.prepay_agreements.sign_agreement import end_agreement
from prepay_ledger.supply.review_supply import SupplyReview
from prewatt_common.contracts.mode_events_v1 import AccountModeChanged
from prewatt_common.contracts.procedure_v1 import Mode

_DAY = timedelta(days=1)


async def close_mode(
    unit: Unit,
    change: ModeChange,
    *,
    decide: DecideAgreement,
    review: SupplyReview,
    now: datetime,
) -> ModeChange:
    """The caller holds the account's decisions and the change. Raises a refusal where the tariff
    does not rate the account any more."""
    decided = Decided(by=LEDGER, reason=f"mode change {change.id}", at=now)
    account_id, to = change.account_id, change.terms.to
    # Before the account's row: readings lock their meter first, and then the account.
    await decide.hold(unit, account_id)
    last = open_agreement(await unit.agreements.of_account(account_id), change.terms)
    opened = next_agreement(last, change.terms)
    # Nothing contradicts it from here on: it is what it waited for.
    change = replace(
        change, state=ChangeState.DONE, agreement_id=opened.id, waits_for="", look_at=None
    )
    await unit.mode_changes.put(change)
    if to is Mode.ARREARS:
        # Before the supply is looked at by what charges differ: nobody is cut in between.
        await _end_prepayment(unit, account_id, decided)
    await decide.set(unit=unit, agreement=opened, decided=decided)
    account = await unit.balances.lock(account_id)
    assert account is not None, "an account stays"
    closed_micro = closing_micro(
        balance_micro=account.balance_micro,
        opened_micro=await unit.mode_changes.charged_micro(opened.id),
    )
    debt_micro = owed_micro(change, closed_micro)
    debt_id = None
    if debt_micro:
        debt_id = await _owe(
            unit, change, last, micro=debt_micro, currency=account.currency, decided=decided
        )
    if to is Mode.PREPAY:
        await unit.modes.put(account_id, to)
    else:
        await unit.statements.look_on(account_id, change.terms.first_day)
    change = replace(
        change,
        closing_micro=closed_micro,
        # Under the account's lock, as the balance above: a payment is in both, or in neither.
        closing_paid_micro=await unit.statements.paid_micro(account_id),
        debt_id=debt_id,
    )
    await unit.mode_changes.put(change)
    await end_gate(unit, change, decided)
    await note_step(unit, change, StepAction.CLOSE, decided)
    event = AccountModeChanged(
        account_id=account_id,
        change_id=change.id,
        mode=to,
        effective_at=change.effective_at,
        balance_micro=account.balance_micro + debt_micro,
        currency=account.currency,
        at=now,
    )
    await unit.publish([account_event(event, account_id=account_id, at=now)])
    await review(unit, [account_id], now=now, caused_at=now)
    return change


async def _end_prepayment(unit: Unit, account_id: UUID, decided: Decided) -> None:
    """What the balance has stays, and what is owed stays owed; what was agreed about prepayment is
    over, and nobody asks for top-ups any more."""
    await unit.balances.lock(account_id)
    await unit.modes.put(account_id, Mode.ARREARS)
    signed = await unit.prepay_agreements.last(account_id)
    if signed is not None and not signed.terms.is_ended:
        ends_at = max(decided.at, signed.terms.valid_from + timedelta(microseconds=1))
        await end_agreement(unit=unit, account_id=account_id, ends_at=ends_at, decided=decided)
    mandate = await unit.mandates.live(account_id)
    if mandate is not None:
        await suspend(unit, mandate, why="the account is post-paid now", who=LEDGER, now=decided.at)


async def _owe(
    unit: Unit,
    change: ModeChange,
    last: Agreement,
    *,
    micro: int,
    currency: str,
    decided: Decided,
) -> UUID:
    """A debt of the last period before the change, so that what is corrected of it later is taken
    off the debt first; with instalments, from a month after today on."""
    source = f"mode-change/{change.id}"
    period_first = await unit.mode_changes.last_period(last.id)
    origin = Origin(last.id, period_first or last.first_day)
    new = NewDebt(
        account_id=change.account_id,
        source=source,
        origin=origin,
        cause=BillCause.MODE_CHANGE,
        our_fault=False,
        used_until=change.terms.first_day - _DAY,
        amount_micro=micro,
        currency=currency,
    )
    await record_debt(unit=unit, new=new, at=decided.at)
    debts = await unit.debts.lock_of(change.account_id)
    (debt,) = (each for each in debts if each.source == source)
    first_due = months_after(await local_day(unit, debt, at=decided.at), 1)
    await plan_debt(
        unit=unit,
        debt_id=debt.id,
        instalments=min(change.rules.instalments, micro),
        first_due=first_due,
        decided=decided,
    )
    return debt.id
