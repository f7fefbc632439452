"""A command's life in the gateway: sent until answered, expired or superseded."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from prewatt_common.contracts.base import CommandStatus, RelayAction
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

# A copy that came late says nothing of the command: another one may be executed.
STATUS_OF = {
    MqttOutcome.SUCCEEDED: CommandStatus.SUCCEEDED,
    MqttOutcome.FAILED: CommandStatus.FAILED,
    MqttOutcome.REJECTED: CommandStatus.REJECTED,
}


WAIT_AT_BROKER_MAX = timedelta(seconds=60)
"""No copy of a command may wait longer between us and its meter, whatever the resend interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transmission:
    """One copy of a command on its way."""

    again_at: datetime
    """When the next copy is due, unless the command is over by then."""
    expiry_s: int
    """For how long a broker may keep it for a meter that is away: less than a second is none."""
    not_after: datetime | None
    """For a cut: when the meter must no longer execute it."""


def transmission(
    *,
    action: RelayAction,
    expires_at: datetime,
    now: datetime,
    attempts: int,
    first: timedelta,
    longest: timedelta,
    cut_valid_for: timedelta,
) -> Transmission:
    """The copy sent at ``now``, the ``attempts``-th since the meter was last heard of.

    It expires before the next one is sent, so there is never more than one on its way.
    """
    again_at = next_attempt_at(now=now, attempts=attempts, first=first, longest=longest)
    kept_for = min(again_at - now, expires_at - now, WAIT_AT_BROKER_MAX)
    cut = action is RelayAction.DISCONNECT
    return Transmission(
        again_at=again_at,
        expiry_s=int(kept_for.total_seconds()),
        not_after=min(now + cut_valid_for, expires_at) if cut else None,
    )


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
