"""A command's life in the gateway: sent until answered, expired or superseded."""

from datetime import datetime, timedelta

from prewatt_common.contracts.base import CommandStatus
from prewatt_common.contracts.mqtt_v1 import MqttOutcome

FINISHED = frozenset(
    {
        CommandStatus.SUCCEEDED,
        CommandStatus.FAILED,
        CommandStatus.REJECTED,
        CommandStatus.EXPIRED,
        CommandStatus.SUPERSEDED,
    }
)
"""Nothing more is sent in these; an answer that comes late is still recorded."""

STATUS_OF = {
    MqttOutcome.SUCCEEDED: CommandStatus.SUCCEEDED,
    MqttOutcome.FAILED: CommandStatus.FAILED,
    MqttOutcome.REJECTED: CommandStatus.REJECTED,
}


def next_attempt_at(
    *, now: datetime, attempts: int, first: timedelta, longest: timedelta
) -> datetime:
    """When a command without an answer is sent again, after ``attempts`` sendings: doubling."""
    doublings = min(attempts - 1, 30)
    return now + min(first * 2**doublings, longest)


def status_on_arrival(
    *, sequence: int, newest_sequence: int | None, expires_at: datetime, now: datetime
) -> CommandStatus:
    """ISSUED, unless the meter has a newer one already or its time is over."""
    if newest_sequence is not None and newest_sequence > sequence:
        return CommandStatus.SUPERSEDED
    if expires_at <= now:
        return CommandStatus.EXPIRED
    return CommandStatus.ISSUED
