"""Use case: a person has a kept event applied once we understand it."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.payments.credit import Decided
from prepay_ledger.payments.kept_event import EventClosed, Step, kept, record
from prepay_ledger.payments.ports import Unit
from prepay_ledger.payments.read_event import NotUnderstood, Understood, read_event
from prepay_ledger.payments.take_payment_event import Applied, ApplyPaymentEvent
from prepay_ledger.payments.values import NOT_APPLIED


class ReplayPaymentEvent:
    """Applies an event as we know them today, a repeated id or not. One that is applied stays."""

    def __init__(self, *, apply: ApplyPaymentEvent) -> None:
        self._apply = apply

    async def __call__(
        self, unit: Unit, *, event_id: UUID, decided: Decided, now: datetime
    ) -> Applied | None:
        """None where it was applied before. Raises `UnknownEvent` or `EventClosed`."""
        row = await kept(unit, event_id)
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
        await record(unit, Step.REPLAY, row, after, decided=decided, now=now)
        return applied
