"""What carrying key messages needs of the outside."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from meter_gateway.commands.command import Heard
from meter_gateway.keys.key_message import Arrived, KeyMessageToSend, KeysTold


class KeyArrivalStore(Protocol):
    """For key messages that come from Kafka."""

    async def hold(self, messages: Sequence[Arrived], *, now: datetime) -> None:
        """Of each meter's the one with the highest sequence stays, due at once; each meter is there
        once."""
        ...


class KeyDueStore(Protocol):
    """For key messages that are to be sent."""

    async def due(self, *, now: datetime, limit: int) -> Sequence[KeyMessageToSend]:
        """Locked; none of a meter that has a command open: that goes first."""
        ...

    async def sent(self, messages: Sequence[KeyMessageToSend], *, now: datetime) -> None:
        """Each was sent once more, and waits for its meter to come anew."""
        ...


OpenKeyDueStore = Callable[[], AbstractAsyncContextManager[KeyDueStore]]
"""A transaction of its own."""


class KeyReportStore(Protocol):
    """For what meters tell."""

    async def send_again(self, heard: Sequence[Heard], *, now: datetime) -> None:
        """Meters were heard of: what was sent to one before it came is due now, and so is, once,
        what one should have told of by now."""
        ...

    async def followed(self, told: Sequence[KeysTold]) -> None:
        """What these have followed is held no more."""
        ...
