"""What is charged for a statement's late days from now on is posted, as the difference."""

from datetime import datetime
from typing import Protocol

from prepay_ledger.adjustments.tell_balance import tell_balance
from prepay_ledger.balances.values import Account
from prepay_ledger.events import Publishes
from prepay_ledger.journal.ports import HasJournals
from prepay_ledger.journal.values import Balance, Entry, Journal, UtilityAccount
from prepay_ledger.late_charges.ports import HasLateCharges
from prepay_ledger.late_charges.values import LATE_CHARGE, Change, LateChargeRow, Posted
from prewatt_common.ids import new_id


class Posts(HasLateCharges, HasJournals, Publishes, Protocol):
    """What a transaction that posts them has."""


async def post_charge(
    unit: Posts, account: Account, *, before: Posted, after: Change, now: datetime
) -> tuple[LateChargeRow, Balance] | None:
    """With the balance as it is now; none where nothing is charged otherwise. The caller holds the
    account, so the statement's next number is nobody else's."""
    amount_micro = after.posted.charged_micro - before.charged_micro
    if amount_micro == 0:
        return None
    row_id, number = new_id(), before.number + 1
    journal = Journal(
        kind=LATE_CHARGE,
        source=f"{after.statement_id}/{number}",
        currency=account.currency,
        entries=(Entry(account.id, -amount_micro),),
        postings={UtilityAccount.REVENUE_LATE: amount_micro},
    )
    journal_id, (balance,) = await unit.journals.post(journal, at=now)
    row = LateChargeRow(
        id=row_id,
        statement_id=after.statement_id,
        account_id=account.id,
        number=number,
        through=after.through,
        amount_micro=amount_micro,
        accrued_micro=after.posted.accrued_micro,
        waived_micro=after.posted.waived_micro,
        currency=account.currency,
        policy_number=after.policy_number,
        customer_class=after.customer_class,
        spans=after.spans,
        journal_id=journal_id,
        at=now,
    )
    await unit.late_charges.add(row)
    await tell_balance(unit, journal, balance, source=row_id, at=now)
    return row, balance
