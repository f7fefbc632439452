"""Use case: a person has dealt with a kept event in another way."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.payments.credit import Decided
from prepay_ledger.payments.kept_event import EventApplied, Step, kept, record
from prepay_ledger.payments.ports import Unit
from prepay_ledger.payments.values import OPEN


async def close_payment_event(
    *, unit: Unit, event_id: UUID, decided: Decided, now: datetime
) -> None:
    """A person has dealt with the event in another way. Closed again it stays as it is.

    Raises `UnknownEvent` or `EventApplied`.
    """
    row = await kept(unit, event_id)
    if row.outcome not in OPEN:
        message = f"event {row.event_id} waits for nobody ({row.outcome}); nothing was changed"
        raise EventApplied(message)
    if row.open:
        await record(unit, Step.CLOSE, row, replace(row, open=False), decided=decided, now=now)
