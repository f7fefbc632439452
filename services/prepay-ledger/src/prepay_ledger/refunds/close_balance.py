"""Before anything is paid out, what the account owes is paid, and its deposits become balance."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from prepay_ledger.balances.values import Account
from prepay_ledger.debts.move_debt import move
from prepay_ledger.debts.rules import is_held
from prepay_ledger.debts.values import DEBT
from prepay_ledger.deposits.move_deposit import between, keep
from prepay_ledger.deposits.values import Place, Step, StepAction
from prepay_ledger.facts.values import Decided
from prepay_ledger.refunds.ports import Unit
from prewatt_common.contracts.ledger_events_v1 import DebtNews
from prewatt_common.ids import new_id


async def close_balance(
    unit: Unit, account: Account, *, refund_id: UUID, today: date, decided: Decided
) -> None:
    """The account is locked. What lies in deposits in cash goes to the balance; from that its debts
    are paid, the oldest first. A debt that a person has paused is left: the balance keeps what it
    comes to."""
    balance_micro = account.balance_micro
    for number, deposit in enumerate(await unit.deposits.cash_left_of(account.id)):
        micro = deposit.left_micro
        step = Step(
            id=new_id(),
            deposit_id=deposit.id,
            action=StepAction.RELEASE,
            amount_micro=micro,
            place=Place.BALANCE,
            debt_id=None,
            key=f"refund/{refund_id}/{number}",
            decided=decided,
        )
        after = replace(deposit, released_micro=deposit.released_micro + micro)
        await unit.deposits.put(after)
        journal_id, _ = await between(unit, after, -micro, step)
        await keep(unit, after, replace(step, journal_id=journal_id))
        balance_micro += micro
    for debt in await unit.debts.lock_of(account.id):
        micro = min(debt.left_micro, balance_micro)
        if micro <= 0 or is_held(debt, today):
            continue
        await unit.debts.put_paid(replace(debt, paid_micro=debt.paid_micro + micro))
        await move(unit, debt, -micro, source=f"{DEBT}/{debt.id}/{refund_id}", at=decided.at)
        await unit.debt_news.add(account.id, DebtNews.PAID, micro, at=decided.at)
        balance_micro -= micro
