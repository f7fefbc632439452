"""What this module needs of the outside, inside one transaction."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from meter_gateway.commands.ports import AnswerStore, Outbox, SendAgain
from meter_gateway.keys.ports import KeyReportStore
from meter_gateway.presence.ports import PresenceStore


class CommandStore(AnswerStore, SendAgain, Protocol):
    """For what meters answer, and for meters that show that they are there."""


class Unit(Outbox, Protocol):
    """One transaction. Devices before commands before keys, as everywhere: no two lock them
    crosswise."""

    @property
    def presence(self) -> PresenceStore: ...
    @property
    def commands(self) -> CommandStore: ...
    @property
    def keys(self) -> KeyReportStore: ...


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
