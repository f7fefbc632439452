"""Use case: meters answer commands."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from meter_gateway.commands.command import Answer, Command
from meter_gateway.commands.events import progressed
from meter_gateway.commands.ports import AnswerStore
from meter_gateway.commands.rules import STATUS_OF
from prewatt_common.contracts.mqtt_v1 import MqttResponse
from prewatt_common.kafka.messages import Message


class Answered(NamedTuple):
    """A command that an answer has ended, and the event that tells of it."""

    command: Command
    answer: Answer
    event: Message


class UnknownCommand(NamedTuple):
    """The meter has no such command."""

    command_id: UUID


def answer_of(response: MqttResponse, *, meter_id: str, at: datetime) -> Answer:
    """What a meter's response, received at ``at``, makes of its command."""
    return Answer(
        command_id=response.command_id,
        meter_id=meter_id,
        status=STATUS_OF[response.outcome],
        relay=response.relay,
        # PostgreSQL holds no U+0000; what the relay did counts all the same.
        detail=response.detail.replace("\0", "\N{REPLACEMENT CHARACTER}"),
        at=at,
    )


async def take_answers(
    store: AnswerStore, answers: Sequence[Answer]
) -> Sequence[Answered | UnknownCommand | None]:
    """What each has done, in their order; none where it was heard before.

    An answer after expiry or supersession counts all the same: it tells what the relay did. All are
    taken by two statements: after a mass cut, tens of thousands come at once.
    """
    done: list[Answered | UnknownCommand | None] = [None] * len(answers)
    waiting = dict(enumerate(answers))
    while waiting:
        # Of one command's answers the later come after the earlier, each to what that has left.
        turn: dict[UUID, int] = {}
        for place, answer in waiting.items():
            turn.setdefault(answer.command_id, place)
        taken = {place: waiting.pop(place) for place in turn.values()}
        ended = await store.finish(list(taken.values()))
        others: dict[int, Answer] = {}
        for place, answer in taken.items():
            command = ended.get(answer.command_id)
            if command is None:
                others[place] = answer
            else:
                done[place] = Answered(command, answer, _told(command, answer))
        known = await store.known([(e.command_id, e.meter_id) for e in others.values()])
        for place, answer in others.items():
            if (answer.command_id, answer.meter_id) not in known:
                done[place] = UnknownCommand(answer.command_id)
    return done


def _told(command: Command, answer: Answer) -> Message:
    return progressed(
        command,
        status=answer.status,
        at=answer.at,
        relay=answer.relay,
        detail=answer.detail,
    )
