"""In which order a connection's messages are acknowledged: as they came.

MQTT 3.1.1 [MQTT-4.6.0-2] wants PUBACKs in the order of the PUBLISHes, while batches finish in any.
"""

from collections import deque
from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class Ticket:
    """A received message's place in the queue of the connection it came on."""

    message_id: int
    generation: int
    done: bool = False


class AcknowledgementQueue:
    """The messages of the present connection that are not acknowledged yet, oldest first.

    A message id belongs to one connection: after a reconnect the broker sends again what was not
    acknowledged, and the same id may mean another message. Tickets of an earlier connection are
    never acknowledged.
    """

    def __init__(self) -> None:
        self._generation = 0
        self._waiting: deque[Ticket] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def reconnected(self) -> None:
        """Another connection, other message ids."""
        self._generation += 1
        self._waiting.clear()

    def received(self, message_id: int) -> Ticket:
        """A message came; mark its ticket done when it is taken care of."""
        ticket = Ticket(message_id, self._generation)
        self._waiting.append(ticket)
        return ticket

    def is_current(self, ticket: Ticket) -> bool:
        """Whether it came on the present connection."""
        return ticket.generation == self._generation

    def take_finished(self) -> list[int]:
        """The message ids that may be acknowledged now: the finished ones at the front."""
        finished: list[int] = []
        waiting = self._waiting
        while waiting and waiting[0].done:
            finished.append(waiting.popleft().message_id)
        return finished
