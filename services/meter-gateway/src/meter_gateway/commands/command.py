"""A command, as it comes, as it stands, and as a person sees it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from prewatt_common.contracts.base import CommandStatus, RelayAction, RelayState
from prewatt_common.contracts.meter_commands_v1 import RelayCommand


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command as it stands."""

    command_id: UUID
    meter_id: str
    action: RelayAction
    sequence: int
    issued_at: datetime
    expires_at: datetime
    status: CommandStatus
    attempts: int
    """How often it was sent."""
    signed: str
    """What the meter gets: as the ledger signed it, byte for byte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivedCommand:
    """A command as it came from Kafka, and what that makes it."""

    command: RelayCommand
    partition: int
    """Of ``meter.commands.v1``, where whatever supersedes it comes too."""
    status: CommandStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a meter's answer makes of its command."""

    command_id: UUID
    meter_id: str
    """Who answers, and nobody else may."""
    status: CommandStatus
    relay: RelayState
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A meter that has shown that it is there."""

    meter_id: str
    at: datetime
    came: bool
    """It was away, or has just made another connection: what was sent before has not reached it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRecord:
    """Everything about a command, for a person who asks."""

    command_id: UUID
    meter_id: str
    account_id: UUID
    action: str
    sequence: int
    status: str
    attempts: int
    relay: str | None
    detail: str
    caused_at: datetime
    issued_at: datetime
    expires_at: datetime
    received_at: datetime
    sent_at: datetime | None
    finished_at: datetime | None
