"""Use case: a payment that a provider reports is credited once, or kept in suspense."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from prepay_ledger.application.events import account_event, keyed_event
from prepay_ledger.application.ports import Unit
from prepay_ledger.application.review_supply import SupplyReview
from prepay_ledger.domain.accounts import Account, Payment, PaymentOutcome
from prepay_ledger.domain.journal import Entry, Journal, UtilityAccount, clearing
from prewatt_common.contracts.ledger_events_v1 import PaymentSuspended, ToppedUp


class PaymentConflict(Exception):
    """A payment id came again with another amount, account or currency. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class PaymentResult:
    """What became of a payment; ``repeated`` where it was known already and nothing changed."""

    outcome: PaymentOutcome
    repeated: bool
    account_id: UUID | None
    balance_micro: int | None


class TakePayment:
    """Credits payments. Known by the provider's payment id, whatever event brings it."""

    def __init__(self, *, review: SupplyReview) -> None:
        self._review = review

    async def __call__(
        self, unit: Unit, *, payment: Payment, event_id: str, body: bytes, now: datetime
    ) -> PaymentResult:
        """Raises `PaymentConflict`. The account's row is locked, so payments queue up behind
        each other and behind charges."""
        account = await unit.accounts.lock_by_number(payment.account_number)
        known = await unit.payments.payment(
            provider=payment.provider, payment_id=payment.payment_id
        )
        if known is not None:
            return _repeated(payment, known, account)
        credited = account is not None and account.currency == payment.currency
        outcome = PaymentOutcome.CREDITED if credited else PaymentOutcome.SUSPENSE
        fresh = await unit.payments.add_event(
            provider=payment.provider, event_id=event_id, body=body, outcome=outcome, at=now
        )
        if not fresh:
            message = f"event {event_id} was used before for another payment"
            raise PaymentConflict(message)
        if account is None or not credited:
            return await self._suspend(unit, payment, now=now)
        return await self._credit(unit, payment, account, now=now)

    async def _credit(
        self, unit: Unit, payment: Payment, account: Account, *, now: datetime
    ) -> PaymentResult:
        journal_id, _ = await unit.journals.post(
            Journal(
                kind="top-up",
                source=f"{payment.provider}/{payment.payment_id}",
                entries=(Entry(account.id, payment.amount_micro),),
                postings={clearing(payment.provider): -payment.amount_micro},
            ),
            at=now,
        )
        await unit.payments.add_payment(
            payment,
            account_id=account.id,
            outcome=PaymentOutcome.CREDITED,
            journal_id=journal_id,
            at=now,
        )
        balance_micro = account.balance_micro + payment.amount_micro
        event = ToppedUp(
            account_id=account.id,
            payment_id=payment.payment_id,
            provider=payment.provider,
            amount_micro=payment.amount_micro,
            balance_micro=balance_micro,
            currency=payment.currency,
            at=now,
        )
        await unit.publish([account_event(event, account_id=account.id, at=now)])
        await self._review(unit, [account.id], now=now, caused_at=now)
        return PaymentResult(PaymentOutcome.CREDITED, False, account.id, balance_micro)

    async def _suspend(self, unit: Unit, payment: Payment, *, now: datetime) -> PaymentResult:
        journal_id, _ = await unit.journals.post(
            Journal(
                kind="suspense",
                source=f"{payment.provider}/{payment.payment_id}",
                entries=(),
                postings={
                    UtilityAccount.SUSPENSE: payment.amount_micro,
                    clearing(payment.provider): -payment.amount_micro,
                },
            ),
            at=now,
        )
        await unit.payments.add_payment(
            payment,
            account_id=None,
            outcome=PaymentOutcome.SUSPENSE,
            journal_id=journal_id,
            at=now,
        )
        event = PaymentSuspended(
            payment_id=payment.payment_id,
            provider=payment.provider,
            amount_micro=payment.amount_micro,
            currency=payment.currency,
            reference=payment.account_number,
            at=now,
        )
        await unit.publish([keyed_event(event, key=payment.payment_id, at=now)])
        return PaymentResult(PaymentOutcome.SUSPENSE, False, None, None)


def _repeated(
    payment: Payment, known: tuple[Payment, PaymentOutcome], account: Account | None
) -> PaymentResult:
    before, outcome = known
    if before != payment:
        message = (
            f"payment {payment.payment_id} is known with other content; the first is kept: "
            f"{before.amount_micro} micro-units {before.currency} for {before.account_number}"
        )
        raise PaymentConflict(message)
    credited = account if outcome is PaymentOutcome.CREDITED else None
    return PaymentResult(
        outcome,
        True,
        credited.id if credited else None,
        credited.balance_micro if credited else None,
    )
