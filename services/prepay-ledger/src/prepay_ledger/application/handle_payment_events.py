"""Use cases: a person replays a kept event once we understand it, or closes it."""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from uuid import UUID

from prepay_ledger.application.credit import Decided
from prepay_ledger.application.ports import PaymentEventRow, Unit
from prepay_ledger.application.take_payment_event import Applied, ApplyPaymentEvent
from prepay_ledger.domain.payment_events import NOT_APPLIED, NotUnderstood, Understood, read_event
from prewatt_common.refusals import Refusal


class UnknownEvent(Refusal):
    """No event is kept under that id."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-payment-event"


class EventClosed(Refusal):
    """A person has dealt with the event in another way: it is not applied any more."""

    kind = "event-closed"


class EventApplied(Refusal):
    """The event moved money already: there is nothing to close."""

    kind = "event-applied"


class Step(StrEnum):
    """What a person did with a kept event."""

    REPLAY = "replay"
    CLOSE = "close"


class ReplayPaymentEvent:
    """Applies an event as we know them today, a repeated id or not. One that is applied stays."""

    def __init__(self, *, apply: ApplyPaymentEvent) -> None:
        self._apply = apply

    async def __call__(
        self, unit: Unit, *, event_id: UUID, decided: Decided, now: datetime
    ) -> Applied | None:
        """None where it was applied before. Raises `UnknownEvent` or `EventClosed`."""
        row = await _kept(unit, event_id)
        if row.outcome not in NOT_APPLIED:
            return None
        if not row.open:
            message = f"event {row.event_id} was closed; nothing was changed"
            raise EventClosed(message)
        body = await unit.payment_events.body(event_id)
        read = read_event(provider=row.provider, body=body)
        if isinstance(read, NotUnderstood):
            applied = Applied(read.outcome, read.reason, None)
        else:
            applied = await self._apply(unit, payment=read.payment, now=now)
        after = replace(
            row,
            type=read.type,
            payment_id=read.payment.payment_id if isinstance(read, Understood) else None,
            outcome=applied.outcome,
            reason=applied.reason,
            open=applied.outcome in NOT_APPLIED,
        )
        await _record(unit, Step.REPLAY, row, after, decided=decided, now=now)
        return applied


async def close_payment_event(
    *, unit: Unit, event_id: UUID, decided: Decided, now: datetime
) -> None:
    """A person has dealt with the event in another way. Closed again it stays as it is.

    Raises `UnknownEvent` or `EventApplied`.
    """
    row = await _kept(unit, event_id)
    if row.outcome not in NOT_APPLIED:
        message = f"event {row.event_id} was applied ({row.outcome}); nothing was changed"
        raise EventApplied(message)
    if row.open:
        await _record(unit, Step.CLOSE, row, replace(row, open=False), decided=decided, now=now)


async def _kept(unit: Unit, event_id: UUID) -> PaymentEventRow:
    row = await unit.payment_events.lock_by_id(event_id)
    if row is None:
        message = f"payment event {event_id} does not exist"
        raise UnknownEvent(message)
    return row


async def _record(
    unit: Unit,
    step: Step,
    before: PaymentEventRow,
    after: PaymentEventRow,
    *,
    decided: Decided,
    now: datetime,
) -> None:
    await unit.payment_events.change(
        after,
        step=step,
        outcome_before=before.outcome,
        who=decided.who,
        reason=decided.reason,
        at=now,
    )
