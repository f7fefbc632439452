"""Use case: a meter answers a command."""

from datetime import datetime
from typing import NamedTuple

from meter_gateway.commands.command import Command
from meter_gateway.commands.events import progressed
from meter_gateway.commands.ports import AnswerStore
from meter_gateway.commands.rules import STATUS_OF
from prewatt_common.contracts.base import CommandStatus
from prewatt_common.contracts.mqtt_v1 import MqttResponse
from prewatt_common.kafka.messages import Message


class UnknownCommand(Exception):
    """The meter has no such command."""


class Answered(NamedTuple):
    """A command that an answer has ended, and the event that tells of it."""

    command: Command
    status: CommandStatus
    event: Message


async def take_answer(
    store: AnswerStore, response: MqttResponse, *, meter_id: str, at: datetime
) -> Answered | None:
    """None where it was heard before; raises `UnknownCommand`.

    An answer after expiry or supersession counts all the same: it tells what the relay did.
    """
    # PostgreSQL holds no U+0000; what the relay did counts all the same.
    detail = response.detail.replace("\0", "\N{REPLACEMENT CHARACTER}")
    status, relay = STATUS_OF[response.outcome], response.relay
    command = await store.finish(
        response.command_id,
        meter_id=meter_id,
        status=status,
        now=at,
        relay=relay,
        detail=detail,
    )
    if command is not None:
        event = progressed(command, status=status, at=at, relay=relay, detail=detail)
        return Answered(command, status, event)
    if not await store.known(response.command_id, meter_id=meter_id):
        message = f"{meter_id} has no command {response.command_id}"
        raise UnknownCommand(message)
    return None
