"""Use case: an event that was read becomes money that moves, or a named reason why it does not."""

import logging
from dataclasses import dataclass
from datetime import datetime

from prepay_ledger.mandates.settle_request import SettleRequest, mandate_gone
from prepay_ledger.pay_links.settle_attempt import attempt_failed, attempt_paid
from prepay_ledger.payments.ports import Unit
from prepay_ledger.payments.read_event import (
    Applicable,
    Gone,
    Moved,
    NotPaid,
    Paid,
    ReadEvent,
    payment_id_of,
)
from prepay_ledger.payments.take_movement import (
    GivenOtherwise,
    MovementConflict,
    TakeMovement,
    excess_reason,
)
from prepay_ledger.payments.take_payment import (
    PaymentConflict,
    PaymentResult,
    TakePayment,
    result_of,
)
from prepay_ledger.payments.values import (
    EventOutcome,
    PaymentOutcome,
)
from prepay_ledger.providers.reading import storable
from prewatt_common.db.database import is_passing_fault

logger = logging.getLogger(__name__)

_REASON_CHARACTERS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of an event; ``payment`` where it tells of one that is known by now."""

    outcome: EventOutcome
    reason: str
    payment: PaymentResult | None


class ApplyPaymentEvent:
    """Applies an event that was read as we know them today."""

    def __init__(
        self, *, take_payment: TakePayment, take_movement: TakeMovement, settle: SettleRequest
    ) -> None:
        self._take_payment = take_payment
        self._take_movement = take_movement
        self._settle = settle

    async def __call__(self, unit: Unit, *, read: Applicable, now: datetime) -> Applied:
        """Never raises but for what trying again can help: a fault of ours is an outcome too, or
        the event would be lost with it."""
        try:
            async with unit.savepoint():
                return await self.in_whole(unit, read=read, now=now)
        except Exception as error:  # noqa: BLE001 - raised again where that helps
            return await self.not_applied(unit, read, error, now=now)

    async def not_applied(
        self, unit: Unit, read: ReadEvent, error: Exception, *, now: datetime
    ) -> Applied:
        """What becomes of an event whose applying failed by ``error``, and was undone. Raises it
        again where trying again can help."""
        if is_passing_fault(error):
            raise error
        if isinstance(error, PaymentConflict | MovementConflict):
            if isinstance(error, GivenOtherwise):
                await self._take_movement.keep(unit, error, now=now)
            return Applied(EventOutcome.CONFLICT, str(error), None)
        logger.error("event %s about payment %s", read.type, payment_id_of(read), exc_info=error)
        reason = f"a fault of ours, replay it once that is mended: {error!r}"
        reason = storable(reason, characters_max=_REASON_CHARACTERS_MAX)
        return Applied(EventOutcome.FAILED, reason, None)

    async def in_whole(self, unit: Unit, *, read: Applicable, now: datetime) -> Applied:
        """Whatever raises, the transaction is of no use: see `not_applied`."""
        match read:
            case Paid():
                return await self._paid(unit, read, now=now)
            case Moved():
                return await self._moved(unit, read, now=now)
            case NotPaid():
                return await self._not_paid(unit, read, now=now)
            case Gone():
                return await self._gone(unit, read, now=now)

    async def _paid(self, unit: Unit, read: Paid, *, now: datetime) -> Applied:
        """The money first, whatever is known of a request for it."""
        payment = read.payment
        result = await self._take_payment(unit, payment=payment, now=now)
        await self._settle.paid(
            unit,
            provider=payment.provider,
            request_id=read.request_id,
            payment_id=payment.payment_id,
            now=now,
        )
        await attempt_paid(
            unit,
            provider=payment.provider,
            request_id=read.request_id,
            payment_id=payment.payment_id,
            amount_micro=payment.amount_micro,
            currency=payment.currency,
            now=now,
        )
        if result.repeated:
            return Applied(EventOutcome.REPEATED, "", result)
        credited = result.outcome is PaymentOutcome.CREDITED
        outcome = EventOutcome.CREDITED if credited else EventOutcome.SUSPENSE
        return Applied(outcome, result.reason, result)

    async def _moved(self, unit: Unit, read: Moved, *, now: datetime) -> Applied:
        moved = await self._take_movement(unit, provider=read.provider, told=read.told, now=now)
        result = await result_of(unit, moved.payment) if moved.payment else None
        if result is None:
            # Also where it was told before: it still waits, and is still on somebody's list.
            reason = f"payment {read.told.payment_id} has not come yet"
            return Applied(EventOutcome.PARKED, reason, None)
        if moved.repeated:
            return Applied(EventOutcome.REPEATED, "", result)
        if moved.excess_micro:
            return Applied(EventOutcome.EXCESS, excess_reason(moved.excess_micro), result)
        return Applied(EventOutcome.TAKEN_BACK, "", result)

    async def _not_paid(self, unit: Unit, read: NotPaid, *, now: datetime) -> Applied:
        await self._settle.failed(
            unit,
            provider=read.provider,
            request_id=read.request_id,
            payment_id=read.payment_id,
            now=now,
        )
        await attempt_failed(unit, provider=read.provider, request_id=read.request_id, now=now)
        reason = f"payment {read.payment_id} was not paid: there is nothing to apply"
        return Applied(EventOutcome.NOT_PAID, reason, None)

    async def _gone(self, unit: Unit, read: Gone, *, now: datetime) -> Applied:
        suspended = await mandate_gone(
            unit, provider=read.provider, reference=read.reference, why=read.type, now=now
        )
        reason = f"{suspended} mandates are suspended: nothing can be asked for by {read.reference}"
        return Applied(EventOutcome.MANDATE_GONE, reason, None)
