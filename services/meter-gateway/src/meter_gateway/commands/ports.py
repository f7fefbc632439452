"""What the use cases need of the outside, inside one transaction: each its part."""

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from meter_gateway.commands.command import Answer, ArrivedCommand, Command, CommandRecord, Heard
from prewatt_common.kafka.messages import Message


class Outbox(Protocol):
    """Of the open transaction."""

    async def publish(self, messages: Sequence[Message]) -> None:
        """To Kafka, once the transaction has committed."""
        ...


class ArrivalStore(Outbox, Protocol):
    """For commands that come from Kafka."""

    async def newest_sequences(self, meter_ids: Sequence[str]) -> Mapping[str, int]:
        """The highest sequence of each meter that has any."""
        ...

    async def add(self, commands: Sequence[ArrivedCommand], *, now: datetime) -> Set[UUID]:
        """The ids of those that were not known."""
        ...

    async def supersede(self, newest: Mapping[str, int], *, now: datetime) -> Sequence[Command]:
        """Finish open commands of a lower sequence than their meter's newest; gives them."""
        ...


class DueStore(Outbox, Protocol):
    """For commands that are to be sent or given up."""

    async def due(
        self, *, now: datetime, limit: int, cuts_of: Collection[int]
    ) -> Sequence[Command]:
        """Open commands to be sent or given up now, locked; disconnects that are to be sent only
        from the partitions ``cuts_of``."""
        ...

    async def sent(self, command_ids: Sequence[UUID], *, now: datetime) -> None:
        """Each was sent once more, and is due again at its end."""
        ...

    async def expire(self, command_ids: Sequence[UUID], *, now: datetime) -> None:
        """They are over without an answer."""
        ...


OpenDueStore = Callable[[], AbstractAsyncContextManager[DueStore]]
"""A transaction of its own."""


class AnswerStore(Protocol):
    """For what meters answer."""

    async def finish(self, answers: Sequence[Answer]) -> Mapping[UUID, Command]:
        """The commands that these end, one answer each, by their ids: none is there that is not
        this meter's or has that status already."""
        ...

    async def known(self, commands: Sequence[tuple[UUID, str]]) -> Set[tuple[UUID, str]]:
        """Those of these commands that there are, each of the meter that is named with it."""
        ...


class SendAgain(Protocol):
    """For meters that show that they are there."""

    async def send_again(self, heard: Sequence[Heard], *, now: datetime) -> None:
        """Meters were heard of: what was sent to one before it came is due now, and so is, once,
        what one should have answered by now."""
        ...


class CommandQueries(Protocol):
    """For those who look."""

    async def command(self, command_id: UUID) -> CommandRecord | None:
        """One, or none."""
        ...
