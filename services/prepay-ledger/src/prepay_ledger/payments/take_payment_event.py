"""Use case: every signed event is kept as it came, and applied where we understand it."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from prepay_ledger.mandates.settle_request import SettleRequest, mandate_gone
from prepay_ledger.pay_links.settle_attempt import attempt_failed, attempt_paid
from prepay_ledger.payments.ports import OpenHolding, Unit
from prepay_ledger.payments.read_event import (
    Applicable,
    Gone,
    Moved,
    NotApplied,
    NotPaid,
    Paid,
    ReadEvent,
    payment_id_of,
    read_event,
)
from prepay_ledger.payments.take_movement import (
    GivenOtherwise,
    MovementConflict,
    TakeMovement,
    excess_reason,
    movement_of,
)
from prepay_ledger.payments.take_payment import (
    PaymentConflict,
    PaymentResult,
    TakePayment,
    result_of,
)
from prepay_ledger.payments.values import (
    APPLIED,
    OPEN,
    EventOutcome,
    PaymentEventRow,
    PaymentOutcome,
    event_lock,
    payment_lock,
)
from prepay_ledger.providers.configured import Providers
from prepay_ledger.providers.reading import storable
from prewatt_common.db.database import is_passing_fault
from prewatt_common.ids import new_id

logger = logging.getLogger(__name__)

_REASON_CHARACTERS_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedEvent:
    """A call whose signature held: raw bytes, the headers that prove them, and the bytes that are
    read."""

    provider: str
    event_id: str
    headers: Mapping[str, str]
    body: bytes
    plain: bytes


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of an event; ``payment`` where it tells of one that is known by now."""

    outcome: EventOutcome
    reason: str
    payment: PaymentResult | None


@dataclass(frozen=True, slots=True)
class EventAnswer:
    """What the provider is told. ``repeated``: it was known, and nothing was changed."""

    applied: Applied
    repeated: bool


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


class TakePaymentEvent:
    """Keeps and applies an event in one transaction: what was answered 2xx is committed whole."""

    def __init__(
        self, *, open_unit: OpenHolding, apply: ApplyPaymentEvent, providers: Providers
    ) -> None:
        self._open_unit = open_unit
        self._apply = apply
        self._providers = providers

    async def __call__(self, *, event: SignedEvent, now: datetime) -> EventAnswer:
        """The same event again changes nothing and is answered the same. The same id with another
        body is kept as a conflict, unless it only tells the same again. One that cannot be applied
        is kept by a transaction of its own, and nothing else of it."""
        reading = self._providers[event.provider].read(event.plain)
        read = read_event(provider=event.provider, reading=reading)
        locks = _locks(event, read)
        try:
            async with self._open_unit(locks) as unit:
                return await self._take(unit, event, read, failed=None, now=now)
        except Exception as error:
            if is_passing_fault(error):
                raise
            failed = error
        async with self._open_unit(locks) as unit:
            return await self._take(unit, event, read, failed=failed, now=now)

    async def _take(
        self,
        unit: Unit,
        event: SignedEvent,
        read: ReadEvent,
        *,
        failed: Exception | None,
        now: datetime,
    ) -> EventAnswer:
        """``failed``: by what it could not be applied."""
        body_sha256 = sha256(event.body).digest()
        earlier = await unit.payment_events.lock(provider=event.provider, event_id=event.event_id)
        for each in earlier:
            if each.body_sha256 == body_sha256 or _tells_the_same(each, read):
                return EventAnswer(await _as_kept(unit, each), repeated=True)
        if earlier and isinstance(read, Moved) and await _told_before(unit, read):
            # Providers that sign or encrypt the body send other bytes each time.
            return EventAnswer(await _as_kept(unit, earlier[0]), repeated=True)
        if failed is None:
            came_before = bool(earlier)
            applied = await self._applied(unit, event, read, came_before=came_before, now=now)
        else:
            applied = await self._apply.not_applied(unit, read, failed, now=now)
        row = PaymentEventRow(
            id=new_id(),
            provider=event.provider,
            event_id=event.event_id,
            body_sha256=body_sha256,
            type=read.type,
            payment_id=payment_id_of(read),
            outcome=applied.outcome,
            reason=applied.reason,
            open=applied.outcome in OPEN,
        )
        await unit.payment_events.add(
            row, headers=event.headers, body=event.body, plain=event.plain, at=now
        )
        return EventAnswer(applied, repeated=applied.outcome is EventOutcome.REPEATED)

    async def _applied(
        self,
        unit: Unit,
        event: SignedEvent,
        read: ReadEvent,
        *,
        came_before: bool,
        now: datetime,
    ) -> Applied:
        if came_before:
            known = await _told_before(unit, read)
            if known:
                return known
            reason = f"event {event.event_id[:200]} came before with another body"
            return Applied(EventOutcome.CONFLICT, reason, None)
        if isinstance(read, NotApplied):
            return Applied(read.outcome, read.reason, None)
        return await self._apply.in_whole(unit, read=read, now=now)


def _locks(event: SignedEvent, read: ReadEvent) -> list[str]:
    """What is locked first anyway, and in this order."""
    locks = [event_lock(provider=event.provider, event_id=event.event_id)]
    payment_id = payment_id_of(read)
    if payment_id is not None and isinstance(read, Paid | Moved):
        locks.append(payment_lock(provider=event.provider, payment_id=payment_id))
    return locks


def _tells_the_same(row: PaymentEventRow, read: ReadEvent) -> bool:
    """Of a payment that is applied, `_told_before` knows."""
    return (
        isinstance(read, NotPaid)
        and row.outcome is EventOutcome.NOT_PAID
        and row.payment_id == read.payment_id
    )


async def _as_kept(unit: Unit, row: PaymentEventRow) -> Applied:
    if row.outcome not in APPLIED:
        return Applied(row.outcome, row.reason, None)
    assert row.payment_id is not None, "an event that was applied names its payment"
    known = await unit.payments.by_payment_id(provider=row.provider, payment_id=row.payment_id)
    return Applied(row.outcome, row.reason, await result_of(unit, known) if known else None)


async def _told_before(unit: Unit, read: ReadEvent) -> Applied | None:
    """As a repetition, where what it tells is known."""
    if isinstance(read, NotPaid | Gone | NotApplied):
        return None
    provider = read.payment.provider if isinstance(read, Paid) else read.provider
    payment_id = payment_id_of(read)
    assert payment_id is not None, "it is about one"
    known = await unit.payments.by_payment_id(provider=provider, payment_id=payment_id)
    if isinstance(read, Paid):
        is_known = known is not None and known.payment == read.payment
    else:
        movements = await unit.payments.movements(provider=provider, payment_id=payment_id)
        is_known = movement_of(read.told) in movements
    if not is_known:
        return None
    return Applied(EventOutcome.REPEATED, "", await result_of(unit, known) if known else None)
