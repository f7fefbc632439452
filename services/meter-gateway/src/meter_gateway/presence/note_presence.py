"""Use case: what meters sent tells whether they are there, and who has come or gone."""

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from typing import NamedTuple

from meter_gateway.events import meter_event
from meter_gateway.presence.ports import PresenceStore
from meter_gateway.presence.rules import News, after
from prewatt_common.contracts.base import Presence
from prewatt_common.contracts.meter_events_v1 import MeterPresenceChanged
from prewatt_common.kafka.messages import Message


class Noted(NamedTuple):
    """What has changed."""

    came: Set[str]
    """Meters that were offline, or never heard of, and are online."""
    messages: list[Message]
    """The events that tell of it."""


async def note_presence(
    store: PresenceStore, news: Mapping[str, Sequence[News]], *, now: datetime
) -> Noted:
    """What ``news`` makes of the registered meters' presence."""
    if not news:
        return Noted(frozenset(), [])
    before = await store.presences(news.keys())
    known = {meter_id: after(each, news[meter_id]) for meter_id, each in before.items()}
    changed = {meter_id: each for meter_id, each in known.items() if each != before[meter_id]}
    if changed:
        await store.set_presences(changed)
    came: set[str] = set()
    messages: list[Message] = []
    for meter_id, each in changed.items():
        if each.presence is not None and each.presence is not before[meter_id].presence:
            if each.presence is Presence.ONLINE:
                came.add(meter_id)
            at = each.at or now
            event = MeterPresenceChanged(meter_id=meter_id, presence=each.presence, at=at)
            messages.append(meter_event(event, meter_id=meter_id, at=at))
    return Noted(came, messages)
