"""Use case: what a provider took back of a payment leaves the account that has the money."""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from prepay_ledger.debts.follow_topup import follow_topup
from prepay_ledger.emergency_credits.follow_money import reopen_credit
from prepay_ledger.events import account_event
from prepay_ledger.journal.values import Entry, Journal, UtilityAccount, clearing, refund_due
from prepay_ledger.payments.ports import Unit
from prepay_ledger.payments.taken_back import (
    OF_REFUNDS,
    Movement,
    TakenBack,
    refunds_micro,
    refunds_told,
    taken_back,
)
from prepay_ledger.payments.values import KnownPayment, PaymentOutcome
from prepay_ledger.providers.values import Kind, Told
from prepay_ledger.refunds.back import given_otherwise, otherwise_reason
from prepay_ledger.refunds.follow_refunds import follow_refunds, name_refund
from prepay_ledger.refunds.move_refund import locked_refund
from prepay_ledger.refunds.values import BACK_OPEN, Given
from prepay_ledger.supply.review_supply import SupplyReview
from prewatt_common.contracts.ledger_events_v1 import PaymentTakenBack

logger = logging.getLogger(__name__)


class MovementConflict(Exception):
    """It contradicts what was told before. Nothing was changed."""


class GivenOtherwise(MovementConflict):
    """A refund that we asked for is told with another amount: see `TakeMovement.keep`."""

    def __init__(self, message: str, *, provider: str, told: Told, refund_id: UUID) -> None:
        super().__init__(message)
        self.provider = provider
        self.told = told
        self.refund_id = refund_id


@dataclass(frozen=True, slots=True)
class MovementResult:
    """``payment``: none where it has not come yet; the movement is applied as it does.
    ``repeated``: it was known."""

    payment: KnownPayment | None
    repeated: bool
    excess_micro: int


class TakeMovement:
    """Keeps what is told of a payment, and moves what follows from all of it together."""

    def __init__(self, *, review: SupplyReview) -> None:
        self._review = review

    async def __call__(
        self, unit: Unit, *, provider: str, told: Told, now: datetime
    ) -> MovementResult:
        """First the payment is locked, then the account's row. Raises `MovementConflict`, and where
        it is a refund of ours of another amount `GivenOtherwise`."""
        known = await unit.payments.lock_by_payment_id(
            provider=provider, payment_id=told.payment_id
        )
        movement = movement_of(told)
        earlier = await unit.payments.movements(provider=provider, payment_id=told.payment_id)
        is_known = movement in earlier
        is_new = await _name_refund(unit, known, told, provider=provider, is_known=is_known)
        if is_known:
            if known is not None and is_new:
                # A refund of ours, told before by an event that did not name it.
                await settle_taken_back(unit, self._review, known, earlier, now=now)
            return MovementResult(known, repeated=True, excess_micro=0)
        if any(movement.contradicts(each) for each in earlier):
            message = (
                f"{told.kind} {told.movement_id} of payment {told.payment_id} was told before with "
                "another amount"
            )
            raise MovementConflict(message)
        if known is not None and known.payment.currency != told.currency:
            message = (
                f"payment {told.payment_id} was in {known.payment.currency}, not {told.currency}"
            )
            raise MovementConflict(message)
        await unit.payments.add_movement(
            movement,
            provider=provider,
            payment_id=told.payment_id,
            happened_at=told.at,
            now=now,
        )
        if known is None:
            return MovementResult(None, repeated=False, excess_micro=0)
        after = await settle_taken_back(unit, self._review, known, [*earlier, movement], now=now)
        return MovementResult(known, repeated=False, excess_micro=after.excess_micro)

    async def keep(self, unit: Unit, otherwise: GivenOtherwise, *, now: datetime) -> None:
        """What was asked for and what was given come to a person, in the transaction in which that
        was told and nothing else was done of it."""
        told = otherwise.told
        await unit.payments.lock_by_payment_id(
            provider=otherwise.provider, payment_id=told.payment_id
        )
        await locked_refund(unit, otherwise.refund_id)
        back = await unit.backs.of_refund(otherwise.refund_id)
        assert back is not None, "it was named by it"
        logger.error("refund %s: %s", otherwise.refund_id, otherwise)
        if told.kind is Kind.REFUNDED and back.state in BACK_OPEN:
            after = given_otherwise(
                back, told.movement_id, given_micro=told.amount_micro, code=str(otherwise), now=now
            )
            await unit.backs.put(after)

    async def again(self, unit: Unit, *, provider: str, payment_id: str, now: datetime) -> None:
        """Of a payment whose movements are known better than as they were told: which of them are
        refunds of ours. The payment is locked."""
        known = await unit.payments.by_payment_id(provider=provider, payment_id=payment_id)
        assert known is not None, "a payment stays"
        movements = await unit.payments.movements(provider=provider, payment_id=payment_id)
        await settle_taken_back(unit, self._review, known, movements, now=now)


async def _name_refund(
    unit: Unit, known: KnownPayment | None, told: Told, *, provider: str, is_known: bool
) -> bool:
    """Notes which refund of ours the movement is; whether that was not known before. ``is_known``:
    the movement is. Raises `GivenOtherwise` where it is of another amount."""
    if known is None or known.account_id is None or told.kind not in OF_REFUNDS:
        return False
    ours = await name_refund(
        unit,
        payment=known.id,
        account_id=known.account_id,
        request_id=told.request_id,
        movement_id=told.movement_id,
    )
    if ours is None:
        return False
    fits = told.amount_micro == ours.amount_micro
    if told.kind is Kind.REFUND_FAILED:
        # Another amount that went may fail as well; told once more, nobody waits for it any longer.
        fits = fits or is_known or told.amount_micro == ours.other_micro
    if not told.cumulative and not fits:
        message = otherwise_reason(
            f"{told.kind} {told.movement_id} of payment {told.payment_id}",
            asked_micro=ours.amount_micro,
            given_micro=told.amount_micro,
        )
        raise GivenOtherwise(message, provider=provider, told=told, refund_id=ours.refund_id)
    return ours.is_new


def movement_of(told: Told) -> Movement:
    """As it is kept."""
    return Movement(
        kind=told.kind,
        movement_id=told.movement_id,
        amount_micro=told.amount_micro,
        currency=told.currency,
        is_total=told.cumulative,
    )


async def settle_taken_back(
    unit: Unit,
    review: SupplyReview,
    known: KnownPayment,
    movements: Collection[Movement],
    *,
    now: datetime,
) -> TakenBack:
    """Moves the difference between what was taken back by ``movements`` and what was moved of that
    before. What of it went by refunds of ours has left its account before. The payment is locked.
    Of another currency than its own nothing is moved."""
    movements = [each for each in movements if each.currency == known.payment.currency]
    after = taken_back(movements, paid_micro=known.payment.amount_micro)
    given = Given(0, 0, is_moved=False)
    if known.account_id is not None:
        given = await follow_refunds(
            unit,
            payment=known.id,
            account_id=known.account_id,
            went=refunds_told(movements),
            said_micro=refunds_micro(movements),
            at=now,
        )
    delta_micro = after.amount_micro - known.taken_back_micro - given.moved_micro
    if delta_micro:
        left_micro = known.payment.amount_micro - after.amount_micro + given.given_micro
        await _move(unit, review, known, delta_micro, left_micro=left_micro, now=now)
    elif given.is_moved and known.account_id is not None:
        await review(unit, [known.account_id], now=now, caused_at=now)
    if after.amount_micro != known.taken_back_micro:
        await unit.payments.set_taken_back(known.id, after.amount_micro)
    return after


def excess_reason(micro: int) -> str:
    """What a person reads who has to look."""
    return f"{micro} micro-units more than was paid went back"


async def _move(
    unit: Unit,
    review: SupplyReview,
    known: KnownPayment,
    delta_micro: int,
    *,
    left_micro: int,
    now: datetime,
) -> None:
    """Of the payment ``delta_micro`` more are taken back by now: below zero where a dispute was
    won, or a refund came back. Whoever has the money has ``left_micro`` of it yet, or has had them
    paid out."""
    paid = known.payment
    has_money = {
        PaymentOutcome.SUSPENSE: UtilityAccount.SUSPENSE,
        PaymentOutcome.RETURNED: refund_due(paid.provider),
    }
    account = None
    entries: tuple[Entry, ...] = ()
    postings: dict[str, int] = {clearing(paid.provider): delta_micro}
    if known.outcome is PaymentOutcome.CREDITED:
        assert known.account_id is not None, "an account has what was credited"
        account = await unit.balances.lock(known.account_id)
        entries = (Entry(known.account_id, -delta_micro),)
    else:
        postings[has_money[known.outcome]] = -delta_micro
    journal_id, balances = await unit.journals.post(
        Journal(
            kind="taken-back",
            source=f"{paid.provider}/{paid.payment_id}",
            currency=paid.currency,
            entries=entries,
            postings=postings,
        ),
        at=now,
    )
    if account is None:
        return
    (moved,) = balances
    # Before supply is reviewed, so that what had paid a debt is no reason to open the relay.
    followed = await follow_topup(
        unit=unit,
        account=account,
        payment=known.id,
        left_micro=left_micro,
        moved=moved,
        journal_id=journal_id,
        at=now,
    )
    event = PaymentTakenBack(
        account_id=account.id,
        payment_id=paid.payment_id,
        provider=paid.provider,
        journal_id=journal_id,
        amount_micro=delta_micro,
        balance_micro=followed.balance.balance_micro,
        balance_number=followed.balance.number,
        currency=paid.currency,
        at=now,
        owed_again_micro=followed.owed_again_micro,
    )
    await unit.publish([account_event(event, account_id=account.id, at=now)])
    assert known.received_at is not None, "it was read from its row"
    await reopen_credit(
        unit,
        account,
        balance=followed.balance,
        since=known.received_at,
        now=now,
    )
    await review(unit, [account.id], now=now, caused_at=now)
