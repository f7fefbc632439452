"""Use case: money moves between an account's balance and what it owes apart from it."""

from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from prepay_ledger.debts.ports import PayingUnit, PostingUnit
from prepay_ledger.debts.rules import due_micro, payable_micro
from prepay_ledger.debts.values import DEBT, Debt, NewDebt
from prepay_ledger.events import account_event
from prepay_ledger.journal.values import Entry, Journal, SubAccount
from prewatt_common.contracts.ledger_events_v1 import Credited
from prewatt_common.ids import new_id


async def record_debt(*, unit: PostingUnit, new: NewDebt, at: datetime) -> None:
    """What was posted to the balance is owed apart from it, in the same transaction: before the
    supply is reviewed, so it starts no cut. The caller holds the account. The same source again
    changes nothing."""
    debt = Debt(
        id=new_id(),
        account_id=new.account_id,
        source=new.source,
        cause=new.cause,
        our_fault=new.our_fault,
        used_until=new.used_until,
        currency=new.currency,
        amount_micro=new.amount_micro,
        paid_micro=0,
        created_at=at,
    )
    if await unit.debts.add(debt):
        await _move(unit, debt, new.amount_micro, source=f"debt/{debt.id}", at=at)


async def pay_off(*, unit: PayingUnit, account_id: UUID, today: date, at: datetime) -> int:
    """What is due of the account's debts is taken from its balance, as far as that stays above
    where the customer is warned; gives how much. The account's row is locked, then its debts."""
    account = await unit.balances.lock(account_id)
    assert account is not None, "whoever owes has an account"
    balance_micro, taken_micro = account.balance_micro, 0
    keep_above_micro = max(account.low_balance_micro, -account.emergency_credit_micro)
    for debt in await unit.debts.lock_of(account_id):
        micro = payable_micro(
            due_micro(debt, today),
            balance_micro=balance_micro - taken_micro,
            keep_above_micro=keep_above_micro,
        )
        if micro:
            paid = replace(debt, paid_micro=debt.paid_micro + micro)
            await unit.debts.put_paid(paid)
            source = f"debt/{debt.id}/{paid.paid_micro}"
            await _move(unit, debt, -micro, source=source, at=at)
            taken_micro += micro
    return taken_micro


async def _move(unit: PostingUnit, debt: Debt, micro: int, *, source: str, at: datetime) -> None:
    """To the balance from the debt; from the balance where it is below zero."""
    _, (balance,) = await unit.journals.post(
        Journal(
            kind=DEBT,
            source=source,
            currency=debt.currency,
            entries=(
                Entry(debt.account_id, micro),
                Entry(debt.account_id, -micro, sub_account=SubAccount.DEBT),
            ),
            postings={},
        ),
        at=at,
    )
    event = Credited(
        account_id=debt.account_id,
        kind=DEBT,
        source=source,
        amount_micro=micro,
        balance_micro=balance.balance_micro,
        balance_number=balance.number,
        currency=debt.currency,
        at=at,
    )
    await unit.publish([account_event(event, account_id=debt.account_id, at=at)])
