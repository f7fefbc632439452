"""The gateway's events as messages on ``meter.events.v1``."""

from datetime import datetime
from uuid import UUID

from prewatt_common.contracts.base import Event
from prewatt_common.contracts.topics import METER_EVENTS
from prewatt_common.kafka.messages import Message, Source

_SOURCE = Source("meter-gateway")


def meter_event(
    event: Event, *, meter_id: str, at: datetime, event_id: UUID | None = None
) -> Message:
    """Keyed by meter."""
    return _SOURCE.message(topic=METER_EVENTS, key=meter_id, event=event, at=at, event_id=event_id)
