"""Use case: commands from Kafka are stored, and older ones of the same meter superseded."""

from collections.abc import Callable, Sequence
from uuid import UUID

from meter_gateway.commands.command import ArrivedCommand, Command
from meter_gateway.commands.events import progressed
from meter_gateway.commands.ports import ArrivalStore
from meter_gateway.commands.rules import FINISHED, status_on_arrival
from meter_gateway.metrics import COMMANDS
from prewatt_common.clock import Clock
from prewatt_common.contracts.base import CommandStatus
from prewatt_common.contracts.meter_commands_v1 import RelayCommand
from prewatt_common.kafka.decoding import Delivered


class TakeCommands:
    """The newest sequence of a meter is what counts; a repeated command is known by its id."""

    def __init__(self, *, clock: Clock, committed: Callable[[], None]) -> None:
        self._clock = clock
        self._committed = committed

    async def __call__(
        self, store: ArrivalStore, batch: Sequence[Delivered[RelayCommand]]
    ) -> Callable[[], None]:
        """Handle ``batch``; what it gives wakes the sender after the commit."""
        now = self._clock()
        commands: dict[UUID, RelayCommand] = {event.command_id: event for event, _ in batch}
        partitions = {event.command_id: record.partition for event, record in batch}
        # A newer one supersedes even where it comes too late itself: the older is not wanted.
        newest = dict(await store.newest_sequences([each.meter_id for each in commands.values()]))
        for command in commands.values():
            known = newest.get(command.meter_id, command.sequence)
            newest[command.meter_id] = max(known, command.sequence)
        arrived = [
            ArrivedCommand(
                command=command,
                partition=partitions[command.command_id],
                status=status_on_arrival(
                    sequence=command.sequence,
                    newest_sequence=newest[command.meter_id],
                    expires_at=command.expires_at,
                    now=now,
                ),
            )
            for command in commands.values()
        ]
        added = await store.add(arrived, now=now)
        over = [
            (_as_stored(each), each.status)
            for each in arrived
            if each.command.command_id in added and each.status in FINISHED
        ]
        superseded = await store.supersede(newest, now=now)
        over += [(older, CommandStatus.SUPERSEDED) for older in superseded]
        await store.publish([progressed(each, status=status, at=now) for each, status in over])

        def committed() -> None:
            for each, status in over:
                COMMANDS.labels(each.action, status).inc()
            self._committed()

        return committed


def _as_stored(arrived: ArrivedCommand) -> Command:
    command = arrived.command
    return Command(
        command_id=command.command_id,
        meter_id=command.meter_id,
        action=command.action,
        sequence=command.sequence,
        issued_at=command.issued_at,
        expires_at=command.expires_at,
        status=arrived.status,
        attempts=0,
        signed=command.signed,
    )
