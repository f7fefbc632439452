"""Use case: money in suspense goes back to its payer."""

from datetime import datetime
from uuid import UUID

from prepay_ledger.events import keyed_event
from prepay_ledger.journal.values import Journal, UtilityAccount, refund_due
from prepay_ledger.payments.credit import Decided
from prepay_ledger.payments.ports import Unit
from prepay_ledger.payments.suspense import SecondPerson, is_in_suspense, left_of, locked
from prepay_ledger.payments.values import PaymentOutcome, Resolution, ResolutionAction
from prewatt_common.contracts.ledger_events_v1 import PaymentReturned


async def return_payment(
    *,
    unit: Unit,
    payment: UUID,
    decided: Decided,
    second_person: SecondPerson,
    now: datetime,
) -> None:
    """The money is owed back to its payer from now on. Asked again, nothing changes. A high amount
    waits until a second person asks for the same.

    Raises `UnknownPayment` or `NotInSuspense`.
    """
    known = await locked(unit, payment)
    if not await is_in_suspense(unit, known, asked=ResolutionAction.RETURNED, account_id=None):
        return
    if not await second_person.has_agreed(
        unit,
        known,
        asked=ResolutionAction.RETURNED,
        account_id=None,
        decided=decided,
        now=now,
    ):
        return
    paid = left_of(known)
    journal_id, _ = await unit.journals.post(
        Journal(
            kind="suspense-returned",
            source=f"{paid.provider}/{paid.payment_id}",
            currency=paid.currency,
            entries=(),
            postings={
                UtilityAccount.SUSPENSE: -paid.amount_micro,
                refund_due(paid.provider): paid.amount_micro,
            },
        ),
        at=now,
    )
    await unit.payments.resolve(
        payment,
        Resolution(
            action=ResolutionAction.RETURNED,
            account_id=None,
            who=decided.who,
            reason=decided.reason,
            journal_id=journal_id,
            at=now,
        ),
        outcome=PaymentOutcome.RETURNED,
    )
    event = PaymentReturned(
        payment_id=paid.payment_id,
        provider=paid.provider,
        amount_micro=paid.amount_micro,
        currency=paid.currency,
        reference=paid.account_number,
        returned_by=decided.who,
        reason=decided.reason,
        at=now,
    )
    await unit.publish([keyed_event(event, key=paid.payment_id, at=now)])
