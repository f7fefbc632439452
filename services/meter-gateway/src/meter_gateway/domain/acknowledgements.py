"""In which order a connection's messages are acknowledged: as they came.

MQTT 3.1.1 [MQTT-4.6.0-2] wants PUBACKs in the order of the PUBLISHes, while batches finish in any.
"""

from collections import deque
from dataclasses import dataclass


@dataclass(slots=True)
class Ticket:
    """A received message's place in the queue."""

    message_id: int
    done: bool = False


class AcknowledgementQueue:
    """The messages of one connection that are not acknowledged yet, oldest first."""

    def __init__(self) -> None:
        self._waiting: deque[Ticket] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def received(self, message_id: int) -> Ticket:
        """A message came; its ticket is what `take_finished` looks at."""
        ticket = Ticket(message_id)
        self._waiting.append(ticket)
        return ticket

    def take_finished(self) -> list[int]:
        """The message ids that may be acknowledged now: the finished ones at the front."""
        finished: list[int] = []
        waiting = self._waiting
        while waiting and waiting[0].done:
            finished.append(waiting.popleft().message_id)
        return finished
