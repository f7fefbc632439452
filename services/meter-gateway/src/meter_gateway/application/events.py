"""The gateway's events as messages on ``meter.events.v1``."""

from datetime import datetime
from uuid import UUID

from meter_gateway.application.ports import Command
from prewatt_common.contracts.base import CommandStatus, Event, RelayState
from prewatt_common.contracts.meter_events_v1 import CommandProgressed
from prewatt_common.contracts.topics import METER_EVENTS
from prewatt_common.kafka.messages import Message, Source

_SOURCE = Source("meter-gateway")


def meter_event(
    event: Event, *, meter_id: str, at: datetime, event_id: UUID | None = None
) -> Message:
    """Keyed by meter."""
    return _SOURCE.message(topic=METER_EVENTS, key=meter_id, event=event, at=at, event_id=event_id)


def progressed(
    command: Command,
    *,
    status: CommandStatus,
    at: datetime,
    relay: RelayState | None = None,
    detail: str = "",
) -> Message:
    """A command moved on."""
    event = CommandProgressed(
        command_id=command.command_id,
        meter_id=command.meter_id,
        action=command.action,
        sequence=command.sequence,
        status=status,
        at=at,
        relay=relay,
        detail=detail,
    )
    return meter_event(event, meter_id=command.meter_id, at=at)
