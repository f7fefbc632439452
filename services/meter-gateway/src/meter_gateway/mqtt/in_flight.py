"""What of a connection was received and is not acknowledged yet; beyond a limit it is full."""

from collections.abc import Sequence
from typing import NamedTuple

from meter_gateway.mqtt.acknowledgements import AcknowledgementQueue, Ticket
from meter_gateway.mqtt.publishes import Publish

_BYTES_MAX = 32 * 1024 * 1024


class Inbound(NamedTuple):
    """A message as it came. ``ticket`` is none at QoS 0."""

    topic: str
    payload: bytes
    ticket: Ticket | None
    retained: bool


class InFlight:
    """Of the present connection; what came on an earlier one the broker sends again."""

    def __init__(self, *, messages_max: int) -> None:
        self._messages_max = messages_max
        self._acknowledgements = AcknowledgementQueue()
        self._bytes = 0

    def reconnected(self) -> None:
        """Another connection: nothing of it has come yet."""
        self._acknowledgements.reconnected()
        self._bytes = 0

    def is_current(self, message: Inbound) -> bool:
        """Whether it may be acknowledged: it came on the present connection, at QoS 1."""
        return message.ticket is not None and self._acknowledgements.is_current(message.ticket)

    def receive(self, publishes: Sequence[Publish]) -> list[Inbound]:
        """They came, in this order."""
        arrived: list[Inbound] = []
        for topic, payload, message_id, retained in publishes:
            ticket = None
            if message_id is not None:
                ticket = self._acknowledgements.received(message_id)
                self._bytes += len(payload)
            try:
                text = topic.decode()
            except UnicodeDecodeError:
                text = "(not UTF-8)"
            arrived.append(Inbound(text, payload, ticket, retained))
        return arrived

    def finish(self, messages: Sequence[Inbound]) -> None:
        """They are taken care of. Those of an earlier connection change nothing here."""
        for message in messages:
            if message.ticket is not None:
                message.ticket.done = True
                if self._acknowledgements.is_current(message.ticket):
                    self._bytes -= len(message.payload)

    def take_finished(self) -> list[int]:
        """The message ids that may be acknowledged now, in order."""
        return self._acknowledgements.take_finished()

    def is_full(self, *, share: int = 1) -> bool:
        """Whether more than a ``share``-th of what may be in flight is."""
        return (
            len(self._acknowledgements) * share >= self._messages_max
            or self._bytes * share >= _BYTES_MAX
        )
