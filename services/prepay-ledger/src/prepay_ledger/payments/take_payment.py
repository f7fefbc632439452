"""Use case: a payment that a provider reports is credited once, or kept in suspense."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.balances.values import Account
from prepay_ledger.debts.values import Collecting
from prepay_ledger.events import keyed_event
from prepay_ledger.journal.values import Journal, UtilityAccount, clearing
from prepay_ledger.payments.credit import Decided, credit
from prepay_ledger.payments.find_account import NoAccount, find_account
from prepay_ledger.payments.ports import Unit
from prepay_ledger.payments.take_movement import excess_reason, settle_taken_back
from prepay_ledger.payments.values import (
    EventOutcome,
    KnownPayment,
    Payment,
    PaymentOutcome,
    Resolution,
    ResolutionAction,
)
from prepay_ledger.supply.review_supply import SupplyReview
from prewatt_common.contracts.ledger_events_v1 import PaymentSuspended
from prewatt_common.ids import new_id


class PaymentConflict(Exception):
    """A payment id came again with another amount, account or currency. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class PaymentResult:
    """What became of a payment; ``repeated`` where it was known already and nothing changed."""

    outcome: PaymentOutcome
    repeated: bool
    reason: str
    """Why it is in suspense; empty where it is not."""
    account_id: UUID | None
    balance_micro: int | None


class TakePayment:
    """Credits payments. Known by the provider's payment id, whatever event brings it."""

    def __init__(self, *, review: SupplyReview) -> None:
        self._review = review

    async def __call__(
        self,
        unit: Unit,
        *,
        payment: Payment,
        now: datetime,
        by_settlement: bool = False,
        of: Collecting | None = None,
    ) -> PaymentResult:
        """Raises `PaymentConflict`. First the payment is locked, then the account's row: payments
        queue up behind each other and behind charges. ``by_settlement``: it is told by what the
        provider settled, where the account may be missing or only guessed. ``of``: the instalment
        that it was collected for."""
        known = await unit.payments.lock_by_payment_id(
            provider=payment.provider, payment_id=payment.payment_id
        )
        if known is not None:
            if by_settlement:
                return await _repeated(
                    unit, replace(payment, account_number=known.payment.account_number), known
                )
            if known.by_settlement:
                return await self._named_since(unit, payment, known, now=now)
            return await _repeated(unit, payment, known)
        result = await self._place(unit, payment, now=now, by_settlement=by_settlement, of=of)
        movements = await unit.payments.movements(
            provider=payment.provider, payment_id=payment.payment_id
        )
        if not movements:
            return result
        # They were told of before their payment.
        known = await unit.payments.by_payment_id(
            provider=payment.provider, payment_id=payment.payment_id
        )
        assert known is not None, "it was placed above"
        after = await settle_taken_back(unit, self._review, known, movements, now=now)
        outcome, reason = EventOutcome.TAKEN_BACK, ""
        others = {each.currency for each in movements} - {payment.currency}
        if others:
            outcome = EventOutcome.CONFLICT
            reason = f"the payment was in {payment.currency}, not {', '.join(sorted(others))}"
        elif after.excess_micro:
            outcome, reason = EventOutcome.EXCESS, excess_reason(after.excess_micro)
        await unit.payment_events.unpark(
            provider=payment.provider,
            payment_id=payment.payment_id,
            outcome=outcome,
            reason=reason,
        )
        return replace(await result_of(unit, known), repeated=False)

    async def _named_since(
        self, unit: Unit, payment: Payment, known: KnownPayment, *, now: datetime
    ) -> PaymentResult:
        """The webhook of a payment that was known from a settlement file. Where the file named no
        account that there is, the money is in suspense, and goes to the one that is named now."""
        same = replace(payment, account_number=known.payment.account_number)
        result = await _repeated(unit, same, known)
        try:
            account = await find_account(unit, payment.account_number)
        except NoAccount:
            return result
        if known.outcome is PaymentOutcome.CREDITED and account.id == known.account_id:
            return result
        is_waiting = known.outcome is PaymentOutcome.SUSPENSE and known.left.amount_micro > 0
        if not is_waiting or account.currency != payment.currency:
            return await _repeated(unit, payment, known)
        reason = "its settlement came first, and its webhook names the account"
        decided = Decided(payment.provider, reason)
        credited = await credit(
            unit,
            review=self._review,
            payment=known.left,
            payment_id=known.id,
            account=account,
            kind="suspense-assigned",
            taken_from=UtilityAccount.SUSPENSE,
            decided=decided,
            now=now,
        )
        resolution = Resolution(
            action=ResolutionAction.ASSIGNED,
            account_id=account.id,
            who=decided.who,
            reason=reason,
            journal_id=credited.journal_id,
            at=now,
        )
        await unit.payments.resolve(known.id, resolution, outcome=PaymentOutcome.CREDITED)
        return PaymentResult(PaymentOutcome.CREDITED, False, "", account.id, credited.balance_micro)

    async def _place(
        self,
        unit: Unit,
        payment: Payment,
        *,
        now: datetime,
        by_settlement: bool,
        of: Collecting | None,
    ) -> PaymentResult:
        try:
            account = await find_account(unit, payment.account_number)
        except NoAccount as error:
            return await self._suspend(
                unit, payment, reason=str(error), now=now, by_settlement=by_settlement
            )
        if account.currency != payment.currency:
            reason = f"account {account.number} is in {account.currency}, not {payment.currency}"
            return await self._suspend(
                unit, payment, reason=reason, now=now, by_settlement=by_settlement
            )
        return await self._credit(
            unit, payment, account, now=now, by_settlement=by_settlement, of=of
        )

    async def _credit(
        self,
        unit: Unit,
        payment: Payment,
        account: Account,
        *,
        now: datetime,
        by_settlement: bool,
        of: Collecting | None,
    ) -> PaymentResult:
        known = KnownPayment(
            id=new_id(),
            payment=payment,
            outcome=PaymentOutcome.CREDITED,
            reason="",
            account_id=account.id,
            by_settlement=by_settlement,
        )
        credited = await credit(
            unit,
            review=self._review,
            payment=payment,
            payment_id=known.id,
            account=account,
            kind="top-up",
            taken_from=clearing(payment.provider),
            decided=None,
            now=now,
            of=of,
        )
        await unit.payments.add_credited(known, credited, at=now)
        return PaymentResult(known.outcome, False, "", account.id, credited.balance_micro)

    async def _suspend(
        self, unit: Unit, payment: Payment, *, reason: str, now: datetime, by_settlement: bool
    ) -> PaymentResult:
        journal_id, _ = await unit.journals.post(
            Journal(
                kind="suspense",
                source=f"{payment.provider}/{payment.payment_id}",
                currency=payment.currency,
                entries=(),
                postings={
                    UtilityAccount.SUSPENSE: payment.amount_micro,
                    clearing(payment.provider): -payment.amount_micro,
                },
            ),
            at=now,
        )
        known = KnownPayment(
            id=new_id(),
            payment=payment,
            outcome=PaymentOutcome.SUSPENSE,
            reason=reason,
            account_id=None,
            by_settlement=by_settlement,
        )
        await unit.payments.add(known, journal_id=journal_id, at=now)
        event = PaymentSuspended(
            payment_id=payment.payment_id,
            provider=payment.provider,
            amount_micro=payment.amount_micro,
            currency=payment.currency,
            reference=payment.account_number,
            reason=reason,
            at=now,
        )
        await unit.publish([keyed_event(event, key=payment.payment_id, at=now)])
        return PaymentResult(known.outcome, False, reason, None, None)


async def _repeated(unit: Unit, payment: Payment, known: KnownPayment) -> PaymentResult:
    first = known.payment
    if first != payment:
        message = (
            f"payment {payment.payment_id} is known with other content; the first is kept: "
            f"{first.amount_micro} micro-units {first.currency} for {first.account_number}"
        )
        raise PaymentConflict(message)
    return await result_of(unit, known)


async def result_of(unit: Unit, known: KnownPayment) -> PaymentResult:
    """How a payment stands that was taken before, with its account's balance by now."""
    account = await unit.balances.account(known.account_id) if known.account_id else None
    return PaymentResult(
        known.outcome,
        True,
        known.reason if known.outcome is PaymentOutcome.SUSPENSE else "",
        known.account_id,
        account.balance_micro if account else None,
    )
