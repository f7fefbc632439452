"""What an event has a customer told of debts, statements and what is collected from a bank."""

from datetime import timedelta

from notifier.notices.call import Call, with_pay_url
from notifier.notices.values import NO_MONEY, Facts, Template
from prewatt_common.contracts.ledger_events_v1 import (
    AutoTopUpFailed,
    DebtChanged,
    DebtNews,
    MandateSuspended,
    PaymentReminder,
)

_OF_DEBT = {
    DebtNews.OWED: Template.DEBT_OWED,
    DebtNews.LOWERED: Template.DEBT_LOWERED,
    DebtNews.WRITTEN_OFF: Template.DEBT_WRITTEN_OFF,
    DebtNews.PAID: Template.DEBT_PAID,
}


def called_for_what_is_owed(event: DebtChanged | PaymentReminder) -> Call:
    """Apart from the balance, or by a statement that is overdue."""
    if isinstance(event, DebtChanged):
        return Call(_OF_DEBT[event.news], _facts_of_debt(event))
    facts = Facts(
        at=event.at,
        currency=event.currency,
        amount_micro=event.open_micro,
        statement_number=event.statement_number,
        period_first=event.period_first,
        period_last=event.period_end - timedelta(days=1),
        due_on=event.due_on,
        late_micro=event.late_micro or None,
    )
    facts = with_pay_url(facts, event)
    return Call(Template.PAYMENT_REMINDER, facts, event.settled_at_micro - 1)


def called_for_mandate(event: AutoTopUpFailed | MandateSuspended) -> Call | None:
    """Nobody says what the balance is. Where a top-up is not tried again, that the mandate is
    suspended says so; where what was not collected suspends it, that says so."""
    if isinstance(event, MandateSuspended):
        if event.request_id is not None:
            return None
        return Call(Template.MANDATE_SUSPENDED, Facts(at=event.at, currency=NO_MONEY))
    if event.why is not None:
        return _called_for_collection(event)
    if event.retry_on is None:
        return None
    facts = Facts(
        at=event.at,
        currency=event.currency,
        amount_micro=event.amount_micro,
        retry_on=event.retry_on,
    )
    return Call(Template.AUTO_TOP_UP_FAILED, with_pay_url(facts, event))


def _called_for_collection(event: AutoTopUpFailed) -> Call:
    """Of an instalment or a statement: as much paid of that as was to be collected settles it,
    unless it says besides that nothing is collected any more, which nothing else does."""
    facts = Facts(
        at=event.at,
        currency=event.currency,
        amount_micro=event.amount_micro,
        statement_number=event.statement_number,
        retry_on=event.retry_on,
        why=event.why,
        debt_id=event.debt_id,
    )
    settled_above_micro = None
    if event.retry_on is not None:
        # What pays an instalment is never in the balance.
        before_micro = event.balance_micro if event.debt_id is None else 0
        settled_above_micro = before_micro + event.amount_micro - 1
    return Call(Template.COLLECTION_FAILED, with_pay_url(facts, event), settled_above_micro)


def _facts_of_debt(event: DebtChanged) -> Facts:
    return Facts(
        at=event.at,
        currency=event.currency,
        balance_micro=event.balance_micro,
        amount_micro=event.amount_micro,
        owed_micro=event.owed_micro,
        after_days=event.after_days,
        instalments=event.instalments or None,
        next_due=event.next_due,
    )
