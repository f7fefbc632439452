"""What becomes of a command, as events."""

from datetime import datetime

from meter_gateway.commands.command import Command
from meter_gateway.events import meter_event
from prewatt_common.contracts.base import CommandStatus, RelayState
from prewatt_common.contracts.meter_events_v1 import CommandProgressed
from prewatt_common.kafka.messages import Message


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
