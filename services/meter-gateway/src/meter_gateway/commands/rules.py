"""A command's life in the gateway: held until answered, expired or superseded."""

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
    # All its copies end at the same instant: what came too late once always does.
    MqttOutcome.LATE: CommandStatus.EXPIRED,
}
"""What an answer makes of its command."""

WAIT_AT_BROKER_MAX = timedelta(seconds=60)
"""No copy of a command may wait longer between us and its meter."""

ANSWER_TIME = timedelta(seconds=2)
"""So long an answer may be on its way. A meter that is heard of later, and has not answered, was
away when its command was sent, or the command was lost on the way."""


def broker_expiry_s(*, expires_at: datetime, now: datetime) -> int:
    """For how long a broker may keep a copy, in the whole seconds of MQTT: what is left of the
    command, 60 at most. Not positive: the command is over, or is about to be."""
    return int(min(expires_at - now, WAIT_AT_BROKER_MAX).total_seconds())


def status_on_arrival(
    *, sequence: int, newest_sequence: int | None, expires_at: datetime, now: datetime
) -> CommandStatus:
    """ISSUED, unless the meter has a newer one already or its time is over."""
    if newest_sequence is not None and newest_sequence > sequence:
        return CommandStatus.SUPERSEDED
    if expires_at <= now:
        return CommandStatus.EXPIRED
    return CommandStatus.ISSUED
