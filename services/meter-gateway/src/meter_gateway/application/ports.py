"""What the use cases need of the outside, inside one transaction: a `Unit`."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from prewatt_common.contracts.base import CommandStatus, RelayAction, RelayState
from prewatt_common.contracts.meter_commands_v1 import RelayCommand
from prewatt_common.contracts.meter_events_v1 import Presence
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


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDevice:
    """A meter to be registered."""

    meter_id: str
    model: str
    codec: str


class CommandStore(Protocol):
    """Commands on their way to meters."""

    async def newest_sequences(self, meter_ids: Sequence[str]) -> Mapping[str, int]: ...
    async def add(
        self, commands: Sequence[tuple[RelayCommand, CommandStatus]], *, now: datetime
    ) -> Set[UUID]:
        """The ids of those that were not known."""
        ...

    async def supersede(self, newest: Mapping[str, int], *, now: datetime) -> Sequence[Command]:
        """Finish open commands of a lower sequence than their meter's newest; gives them."""
        ...

    async def due(self, *, now: datetime, limit: int) -> Sequence[Command]:
        """Open commands to be sent or given up now, locked."""
        ...

    async def sent(self, next_attempts: Mapping[UUID, datetime]) -> None:
        """Each was sent once more, and is due again at the instant given or at its end."""
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

    async def set_presence(
        self, presences: Mapping[str, tuple[Presence, datetime]]
    ) -> Sequence[str]:
        """The meters whose presence really changed."""
        ...


class Unit(Protocol):
    """One transaction."""

    commands: CommandStore
    devices: DeviceStore

    async def publish(self, messages: Sequence[Message]) -> None:
        """To Kafka, once the transaction has committed."""
        ...
