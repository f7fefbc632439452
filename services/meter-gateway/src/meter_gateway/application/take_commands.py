"""Use case: commands from Kafka are stored, and older ones of the same meter superseded."""

from collections.abc import Callable, Sequence

from meter_gateway.application.events import progressed
from meter_gateway.application.ports import Command, Unit
from meter_gateway.domain.commands import FINISHED, status_on_arrival
from meter_gateway.metrics import COMMANDS
from prewatt_common.clock import Clock
from prewatt_common.contracts.base import CommandStatus
from prewatt_common.contracts.meter_commands_v1 import RelayCommand
from prewatt_common.kafka.decoding import Delivered
from prewatt_common.kafka.messages import Message


class TakeCommands:
    """The newest sequence of a meter is what counts; a repeated command is known by its id."""

    def __init__(self, *, clock: Clock, committed: Callable[[], None]) -> None:
        self._clock = clock
        self._committed = committed

    async def __call__(self, unit: Unit, batch: Sequence[Delivered]) -> Callable[[], None]:
        """Handle ``batch`` (of RelayCommand); what it gives wakes the sender after the commit."""
        now = self._clock()
        newest = dict(await unit.commands.newest_sequences([event.meter_id for event, _ in batch]))
        messages: list[Message] = []
        for command, _ in batch:
            status = status_on_arrival(
                sequence=command.sequence,
                newest_sequence=newest.get(command.meter_id),
                expires_at=command.expires_at,
                now=now,
            )
            if not await unit.commands.add(command, status=status, now=now):
                continue
            newest[command.meter_id] = max(newest.get(command.meter_id, 0), command.sequence)
            if status in FINISHED:
                messages.append(progressed(_as_stored(command, status), status=status, at=now))
                COMMANDS.labels(command.action, status).inc()
            # A newer one supersedes even where it comes too late itself: the older is not wanted.
            for older in await unit.commands.supersede(
                command.meter_id, below=command.sequence, now=now
            ):
                detail = f"by command {command.command_id}"
                superseded = CommandStatus.SUPERSEDED
                messages.append(progressed(older, status=superseded, at=now, detail=detail))
                COMMANDS.labels(older.action, superseded).inc()
        await unit.publish(messages)
        return self._committed


def _as_stored(command: RelayCommand, status: CommandStatus) -> Command:
    return Command(
        command_id=command.command_id,
        meter_id=command.meter_id,
        action=command.action,
        sequence=command.sequence,
        issued_at=command.issued_at,
        expires_at=command.expires_at,
        status=status,
        attempts=0,
    )
