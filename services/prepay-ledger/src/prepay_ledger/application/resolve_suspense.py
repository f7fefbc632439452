"""Use cases: money in suspense is given to an account, or sent back to its payer."""

from datetime import datetime
from http import HTTPStatus
from uuid import UUID

from prepay_ledger.application.credit import Decided, credit
from prepay_ledger.application.manage_accounts import UnknownAccount
from prepay_ledger.application.ports import KnownPayment, Resolution, ResolutionAction, Unit
from prepay_ledger.application.review_supply import SupplyReview
from prepay_ledger.domain.accounts import Account, PaymentOutcome
from prepay_ledger.domain.journal import Journal, UtilityAccount, refund_due
from prepay_ledger.events import keyed_event
from prewatt_common.contracts.ledger_events_v1 import PaymentReturned
from prewatt_common.refusals import Refusal


class UnknownPayment(Refusal):
    """No such payment."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-payment"


class NotInSuspense(Refusal):
    """The payment's money was placed before, otherwise than is asked now."""

    kind = "not-in-suspense"


class OtherCurrency(Refusal):
    """Money is not changed into another currency."""

    kind = "other-currency"


class AssignPayment:
    """Gives money in suspense to an account, which reconnects as with any payment."""

    def __init__(self, *, review: SupplyReview) -> None:
        self._review = review

    async def __call__(
        self,
        *,
        unit: Unit,
        payment: UUID,
        account_id: UUID | None,
        account_number: str | None,
        decided: Decided,
        now: datetime,
    ) -> None:
        """The account by id or by number. Asked again for the same account, nothing changes.

        Raises `UnknownPayment`, `UnknownAccount`, `NotInSuspense` or `OtherCurrency`.
        """
        known = await _locked(unit, payment)
        account = await _account(unit, account_id=account_id, number=account_number)
        if not await _is_in_suspense(
            unit, known, asked=ResolutionAction.ASSIGNED, account_id=account.id
        ):
            return
        if account.currency != known.payment.currency:
            message = (
                f"account {account.number} is in {account.currency}, the payment in "
                f"{known.payment.currency}: choose an account in {known.payment.currency} or "
                "return the payment; nothing was changed"
            )
            raise OtherCurrency(message)
        journal_id = await credit(
            unit,
            review=self._review,
            payment=known.payment,
            account=account,
            kind="suspense-assigned",
            taken_from=UtilityAccount.SUSPENSE,
            decided=decided,
            now=now,
        )
        await unit.payments.resolve(
            payment,
            Resolution(
                action=ResolutionAction.ASSIGNED,
                account_id=account.id,
                who=decided.who,
                reason=decided.reason,
                journal_id=journal_id,
                at=now,
            ),
            outcome=PaymentOutcome.CREDITED,
        )


async def return_payment(*, unit: Unit, payment: UUID, decided: Decided, now: datetime) -> None:
    """The money is owed back to its payer from now on. Asked again, nothing changes.

    Raises `UnknownPayment` or `NotInSuspense`.
    """
    known = await _locked(unit, payment)
    if not await _is_in_suspense(unit, known, asked=ResolutionAction.RETURNED, account_id=None):
        return
    paid = known.payment
    journal_id, _ = await unit.journals.post(
        Journal(
            kind="suspense-returned",
            source=f"{paid.provider}/{paid.payment_id}",
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


async def _locked(unit: Unit, payment: UUID) -> KnownPayment:
    known = await unit.payments.lock(payment)
    if known is None:
        message = f"payment {payment} does not exist"
        raise UnknownPayment(message)
    return known


async def _account(unit: Unit, *, account_id: UUID | None, number: str | None) -> Account:
    if account_id is not None:
        account = await unit.accounts.lock(account_id)
    else:
        assert number is not None, "the API asks for one of them"
        account = await unit.accounts.lock_by_number(number)
    if account is None:
        message = f"account {account_id or number} does not exist; nothing was changed"
        raise UnknownAccount(message)
    return account


async def _is_in_suspense(
    unit: Unit, known: KnownPayment, *, asked: ResolutionAction, account_id: UUID | None
) -> bool:
    """False where just what is asked was done before. Raises `NotInSuspense` for anything else."""
    if known.outcome is PaymentOutcome.SUSPENSE:
        return True
    done = await unit.payments.resolution(known.id)
    if done is not None and (done.action, done.account_id) == (asked, account_id):
        return False
    how = f"by {done.who} ({done.reason})" if done else "when it came"
    to = f" to account {known.account_id}" if known.account_id else ""
    message = (
        f"payment {known.payment.payment_id} of {known.payment.provider} is not in suspense: "
        f"{known.outcome}{to} {how}; nothing was changed"
    )
    raise NotInSuspense(message)
