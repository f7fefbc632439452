"""A signed event as it was kept: found, locked, and changed by a person."""

from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from uuid import UUID

from prepay_ledger.payments.credit import Decided
from prepay_ledger.payments.ports import Unit
from prepay_ledger.payments.values import PaymentEventRow
from prewatt_common.refusals import Refusal


class UnknownEvent(Refusal):
    """No event is kept under that id."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-payment-event"


class EventClosed(Refusal):
    """A person has dealt with the event in another way: it is not applied any more."""

    kind = "event-closed"


class EventApplied(Refusal):
    """The event moved money already, or moves none: there is nothing to close."""

    kind = "event-applied"


class Step(StrEnum):
    """What a person did with a kept event."""

    REPLAY = "replay"
    CLOSE = "close"


async def kept(unit: Unit, event_id: UUID) -> PaymentEventRow:
    """The event, its row locked. Raises `UnknownEvent`."""
    row = await unit.payment_events.lock_by_id(event_id)
    if row is None:
        message = f"payment event {event_id} does not exist"
        raise UnknownEvent(message)
    return row


async def record(
    unit: Unit,
    step: Step,
    before: PaymentEventRow,
    after: PaymentEventRow,
    *,
    decided: Decided,
    now: datetime,
) -> None:
    """Write how the event stands now, who changed that and why."""
    await unit.payment_events.change(
        after,
        step=step,
        outcome_before=before.outcome,
        who=decided.who,
        reason=decided.reason,
        at=now,
    )
