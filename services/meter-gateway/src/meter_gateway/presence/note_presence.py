"""Use case: what meters sent tells whether they are there, and who has come or gone."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from meter_gateway.events import meter_event
from meter_gateway.presence.ports import PresenceStore
from meter_gateway.presence.rules import News, after
from prewatt_common.contracts.meter_events_v1 import MeterPresenceChanged
from prewatt_common.kafka.messages import Message


async def note_presence(
    store: PresenceStore, news: Mapping[str, Sequence[News]], *, now: datetime
) -> list[Message]:
    """What ``news`` makes of the registered meters' presence; the events of those that changed."""
    if not news:
        return []
    before = await store.presences(news.keys())
    known = {meter_id: after(each, news[meter_id]) for meter_id, each in before.items()}
    changed = {meter_id: each for meter_id, each in known.items() if each != before[meter_id]}
    if changed:
        await store.set_presences(changed)
    messages: list[Message] = []
    for meter_id, each in changed.items():
        if each.presence is not None and each.presence is not before[meter_id].presence:
            at = each.at or now
            event = MeterPresenceChanged(meter_id=meter_id, presence=each.presence, at=at)
            messages.append(meter_event(event, meter_id=meter_id, at=at))
    return messages
