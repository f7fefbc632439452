"""The ledger's events as messages: topic, key and source in one place."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from prewatt_common.contracts.base import Event
from prewatt_common.contracts.topics import (
    LEDGER_CHARGES,
    LEDGER_EVENTS,
    LEDGER_FACTS,
    METER_COMMANDS,
)
from prewatt_common.kafka.gathering import APART, Partitions, gather
from prewatt_common.kafka.messages import Message, Source

SOURCE = Source("prepay-ledger")


def account_event(event: Event, *, account_id: UUID, at: datetime) -> Message:
    """On ``ledger.events.v1``, keyed by account."""
    return SOURCE.message(topic=LEDGER_EVENTS, key=str(account_id), event=event, at=at)


def keyed_event(event: Event, *, key: str, at: datetime) -> Message:
    """On ``ledger.events.v1``, for what has no account: tariffs, money in suspense."""
    return SOURCE.message(topic=LEDGER_EVENTS, key=key, event=event, at=at)


def charges_event(event: Event, *, partition: int, at: datetime) -> Message:
    """On ``ledger.charges.v1``, keyed by the meter partition it came from."""
    return SOURCE.message(topic=LEDGER_CHARGES, key=str(partition), event=event, at=at)


def meter_command(event: Event, *, meter_id: str, command_id: UUID, at: datetime) -> Message:
    """On ``meter.commands.v1``; the command's id is the event's."""
    return SOURCE.message(
        topic=METER_COMMANDS, key=meter_id, event=event, at=at, event_id=command_id
    )


def fact(event: Event, *, key: str, at: datetime) -> Message:
    """On ``ledger.facts.v1``, which is kept for ever."""
    return SOURCE.message(topic=LEDGER_FACTS, key=key, event=event, at=at)


def account_events(
    events: Sequence[tuple[UUID, Event]], *, at: datetime, partitions: Partitions = APART
) -> list[Message]:
    """Many at once, each with its account, gathered as far as ``partitions`` are known."""
    keyed = [(str(account_id), event) for account_id, event in events]
    return gather(SOURCE, LEDGER_EVENTS, keyed, at=at, partitions=partitions)


def facts(
    events: Sequence[tuple[str, Event]], *, at: datetime, partitions: Partitions = APART
) -> list[Message]:
    """Many at once, each with its key, gathered as far as ``partitions`` are known."""
    return gather(SOURCE, LEDGER_FACTS, events, at=at, partitions=partitions)


class Publishes(Protocol):
    """A transaction that has something to say once it has committed."""

    async def publish(self, messages: Sequence[Message]) -> None:
        """To be sent once the transaction has committed."""
        ...
