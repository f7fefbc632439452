"""Use case: a person has a kept event applied once we understand it."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.payments.apply_payment_event import Applied, ApplyPaymentEvent
from prepay_ledger.payments.credit import Decided
from prepay_ledger.payments.kept_event import EventClosed, Step, kept, record
from prepay_ledger.payments.ports import Unit
from prepay_ledger.payments.read_event import NotApplied, payment_id_of, read_event
from prepay_ledger.payments.values import NOT_APPLIED, OPEN
from prepay_ledger.providers.configured import Providers
from prewatt_common.refusals import Refusal


class UnknownProvider(Refusal):
    """The event's provider is not configured any more: nobody can say what it means."""

    kind = "unknown-provider"


class ReplayPaymentEvent:
    """Applies an event as we know them today, a repeated id or not. One that is applied stays."""

    def __init__(self, *, apply: ApplyPaymentEvent, providers: Providers) -> None:
        self._apply = apply
        self._providers = providers

    async def __call__(
        self, unit: Unit, *, event_id: UUID, decided: Decided, now: datetime
    ) -> Applied | None:
        """None where it was applied before, or nothing is to be applied. Raises `UnknownEvent`,
        `EventClosed` or `UnknownProvider`."""
        if (told_of := await unit.payment_events.payment_of(event_id)) is not None:
            # The payment first: as it comes, it locks itself and then what waited for it.
            provider, payment_id = told_of
            await unit.payments.lock_by_payment_id(provider=provider, payment_id=payment_id)
        row = await kept(unit, event_id)
        if row.outcome not in NOT_APPLIED:
            return None
        if not row.open:
            message = f"event {row.event_id} was closed; nothing was changed"
            raise EventClosed(message)
        told_by = self._providers.get(row.provider)
        if told_by is None:
            message = f"no payment provider {row.provider} is configured; nothing was changed"
            raise UnknownProvider(message)
        kept_body = await unit.payment_events.body(event_id)
        if kept_body.plain == kept_body.body:  # a key that opens it may have come since
            plain = told_by.opened(kept_body.body)
        else:
            plain = kept_body.plain
        read = read_event(provider=row.provider, reading=told_by.read(plain))
        if isinstance(read, NotApplied):
            applied = Applied(read.outcome, read.reason, None)
        else:
            applied = await self._apply(unit, read=read, now=now)
        after = replace(
            row,
            type=read.type,
            payment_id=payment_id_of(read),
            outcome=applied.outcome,
            reason=applied.reason,
            open=applied.outcome in OPEN,
        )
        await record(unit, Step.REPLAY, row, after, decided=decided, now=now)
        return applied
