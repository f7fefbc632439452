"""Use case: money in suspense goes back to its payer."""

from datetime import datetime
from uuid import UUID

from prepay_ledger.approvals.act_alone import takes_two
from prepay_ledger.approvals.propose import propose
from prepay_ledger.approvals.values import Act, ActKind, ApprovalTerms, Proposal
from prepay_ledger.events import keyed_event
from prepay_ledger.facts import values as facts
from prepay_ledger.journal.values import Journal, UtilityAccount, refund_due
from prepay_ledger.payments.credit import Decided
from prepay_ledger.payments.ports import Unit
from prepay_ledger.payments.suspense import check_is_left, is_in_suspense, left_of, locked
from prepay_ledger.payments.values import KnownPayment, PaymentOutcome, Resolution, ResolutionAction
from prewatt_common.contracts.ledger_events_v1 import PaymentReturned


async def return_payment(
    *,
    unit: Unit,
    payment: UUID,
    decided: Decided,
    terms: ApprovalTerms,
    now: datetime,
) -> Proposal | None:
    """The money is owed back to its payer from now on. Asked again, nothing changes. Of a high
    amount the proposal that waits for a second person.

    Raises `UnknownPayment`, `NotInSuspense` or `AnotherWaits`.
    """
    known = await locked(unit, payment)
    if not await is_in_suspense(unit, known, asked=ResolutionAction.RETURNED, account_id=None):
        return None
    left = left_of(known)
    act = Act(
        kind=ActKind.SUSPENSE_RETURN,
        subject=str(known.id),
        key=None,
        parameters={"provider": left.provider, "payment_id": left.payment_id},
        amount_micro=left.amount_micro,
        currency=left.currency,
    )
    by = facts.Decided(by=decided.who, reason=decided.reason, at=now)
    if await takes_two(unit=unit, act=act, about=[act.subject], terms=terms, decided=by):
        return await propose(unit=unit, act=act, decided=by, term=terms.term)
    await _return(unit, known, decided=decided, now=now)
    return None


async def carry_out_return(unit: Unit, proposal: Proposal, *, approved: facts.Decided) -> None:
    """What a second person has approved. Raises `NotInSuspense` or `LessIsLeft` where its money
    went elsewhere meanwhile."""
    by = proposal.proposed
    known = await locked(unit, UUID(proposal.act.subject))
    if await is_in_suspense(unit, known, asked=ResolutionAction.RETURNED, account_id=None):
        check_is_left(known, proposal.act.amount_micro)
        await _return(unit, known, decided=Decided(by.by, by.reason), now=approved.at)


async def _return(unit: Unit, known: KnownPayment, *, decided: Decided, now: datetime) -> None:
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
        known.id,
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
