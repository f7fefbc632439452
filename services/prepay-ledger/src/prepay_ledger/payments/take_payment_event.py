"""Use case: every signed event is kept as it came, and applied where we understand it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from prepay_ledger.payments.apply_payment_event import Applied, ApplyPaymentEvent
from prepay_ledger.payments.ports import OpenHolding, Unit
from prepay_ledger.payments.read_event import (
    Gone,
    Moved,
    NotApplied,
    NotPaid,
    Paid,
    ReadEvent,
    payment_id_of,
    read_event,
)
from prepay_ledger.payments.take_movement import movement_of
from prepay_ledger.payments.take_payment import result_of
from prepay_ledger.payments.values import (
    APPLIED,
    OPEN,
    EventOutcome,
    PaymentEventRow,
    event_lock,
    payment_lock,
)
from prepay_ledger.providers.configured import Providers
from prewatt_common.db.database import is_passing_fault
from prewatt_common.ids import new_id


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
class EventAnswer:
    """What the provider is told. ``repeated``: it was known, and nothing was changed."""

    applied: Applied
    repeated: bool


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
