"""What the use cases need of the outside, inside one transaction: a `Unit`."""

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from meter_gateway.domain.presence import Known
from prewatt_common.contracts.base import CommandStatus, RelayAction, RelayState
from prewatt_common.contracts.meter_commands_v1 import RelayCommand
from prewatt_common.kafka.messages import Message


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
    unheard_attempts: int
    """How often it was sent since the meter was last heard of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivedCommand:
    """A command as it came from Kafka, and what that makes it."""

    command: RelayCommand
    partition: int
    """Of ``meter.commands.v1``, where whatever supersedes it comes too."""
    status: CommandStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A meter that has shown that it is there."""

    meter_id: str
    at: datetime
    connected: bool
    """On a connection that it has just made: what was sent before has not reached it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDevice:
    """A meter to be registered."""

    meter_id: str
    model: str
    codec: str


class CommandStore(Protocol):
    """Commands on their way to meters."""

    async def newest_sequences(self, meter_ids: Sequence[str]) -> Mapping[str, int]: ...
    async def add(self, commands: Sequence[ArrivedCommand], *, now: datetime) -> Set[UUID]:
        """The ids of those that were not known."""
        ...

    async def supersede(self, newest: Mapping[str, int], *, now: datetime) -> Sequence[Command]:
        """Finish open commands of a lower sequence than their meter's newest; gives them."""
        ...

    async def due(
        self, *, now: datetime, limit: int, cuts_of: Collection[int]
    ) -> Sequence[Command]:
        """Open commands to be sent or given up now, locked; disconnects that are to be sent only
        from the partitions ``cuts_of``."""
        ...

    async def sent(self, next_attempts: Mapping[UUID, datetime], *, now: datetime) -> None:
        """Each was sent once more, and is due again at the instant given or at its end."""
        ...

    async def hasten(self, heard: Sequence[Heard], *, now: datetime, after: timedelta) -> int:
        """Meters were heard of: their commands that were sent in vain before are due now, yet at
        least ``after`` their last sending where the meter was connected already. How many."""
        ...

    async def note(self, command_id: UUID, *, meter_id: str, detail: str) -> None:
        """What the meter said of an open command, which stays as it is."""
        ...

    async def finish(
        self,
        command_id: UUID,
        *,
        meter_id: str,
        status: CommandStatus,
        now: datetime,
        relay: RelayState | None = None,
        detail: str = "",
    ) -> Command | None:
        """The command, or none where it is not this meter's or has that status already."""
        ...

    async def known(self, command_id: UUID, *, meter_id: str) -> bool:
        """Whether the meter has such a command."""
        ...


class DeviceStore(Protocol):
    """Registered meters."""

    async def add(self, devices: Sequence[NewDevice], *, now: datetime) -> int:
        """How many were new."""
        ...

    async def presences(self, meter_ids: Collection[str]) -> Mapping[str, Known]:
        """What is known of those that are registered, locked."""
        ...

    async def set_presences(self, known: Mapping[str, Known]) -> None: ...


class Unit(Protocol):
    """One transaction."""

    commands: CommandStore
    devices: DeviceStore

    async def publish(self, messages: Sequence[Message]) -> None:
        """To Kafka, once the transaction has committed."""
        ...
