"""Use case: what happened to accounts, as the ledger tells of it, in any order and repeated."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from billing.hardship.ports import EventStore
from billing.hardship.values import AccountEvent, EventKind
from prewatt_common.contracts.emergency_credit_v1 import (
    EmergencyCreditChanged,
    EmergencyCreditNews,
)
from prewatt_common.contracts.ledger_events_v1 import SupplyChanged, SupplyState, ToppedUp
from prewatt_common.kafka.decoding import Delivered
from prewatt_metering.calendar.instants import us_of

Told: TypeAlias = ToppedUp | SupplyChanged | EmergencyCreditChanged

_OFF = (SupplyState.DISCONNECTED, SupplyState.LIMITED)
"""A limit stands in place of a cut."""
_ON_THE_WAY = (SupplyState.DISCONNECTING,)
"""Neither off nor on: it is not known yet what comes of the command."""
_CREDIT = {
    EmergencyCreditNews.ACCEPTED: EventKind.CREDIT_TAKEN,
    EmergencyCreditNews.ENDED: EventKind.CREDIT_OVER,
}


async def take_events(*, store: EventStore, batch: Sequence[Delivered[Told]]) -> None:
    """Handle ``batch``. The same again changes nothing."""
    found = {(each.account_id, each.kind, each.source): each for each in _events(batch)}
    await store.put([found[key] for key in sorted(found)])


def _events(batch: Iterable[Delivered[Told]]) -> Iterable[AccountEvent]:
    for event, _ in batch:
        at_us = us_of(event.at)
        match event:
            case ToppedUp():
                source = f"{event.provider}/{event.payment_id}"
                yield AccountEvent(
                    event.account_id, EventKind.TOP_UP, source, at_us, event.amount_micro
                )
            case SupplyChanged() if event.state not in _ON_THE_WAY:
                kind = EventKind.SUPPLY_OFF if event.state in _OFF else EventKind.SUPPLY_ON
                yield AccountEvent(event.account_id, kind, str(at_us), at_us)
            case EmergencyCreditChanged() if event.news in _CREDIT:
                kind = _CREDIT[event.news]
                yield AccountEvent(event.account_id, kind, str(event.emergency_credit_id), at_us)
            case _:
                pass
