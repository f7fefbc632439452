"""Worker: commands that are due go to their meters, or are given up at their end."""

import asyncio
import logging
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Protocol
from uuid import UUID

from meter_gateway.commands.command import Command
from meter_gateway.commands.events import progressed
from meter_gateway.commands.ports import OpenDueStore
from meter_gateway.commands.rules import broker_expiry_s
from meter_gateway.metrics import COMMANDS
from prewatt_common.clock import Clock
from prewatt_common.contracts.base import CommandStatus
from prewatt_common.contracts.mqtt_v1 import ROOT
from prewatt_common.db.database import is_passing_fault
from prewatt_common.kafka.messages import Message
from prewatt_common.workers import Trouble, wait_any

logger = logging.getLogger(__name__)

_POLL_S = 0.5
_COMMANDS_MAX = 500
_NAMED_MAX = 10


class Publish(Protocol):
    """Hands a message to the broker; false where there is no connection."""

    def __call__(self, topic: str, payload: bytes, *, expiry_s: int) -> bool: ...


class SendCommands:
    """Sends before it notes that it has sent: a crash between the two sends again, which a meter
    answers without moving its relay, while the other order could lose the command."""

    name = "send commands"

    def __init__(
        self,
        *,
        open_due: OpenDueStore,
        publish: Publish,
        cuts_of: Callable[[], Collection[int]],
        clock: Clock,
        committed: Callable[[], None],
    ) -> None:
        """``cuts_of`` gives the partitions of ``meter.commands.v1`` that we have read to their
        end: nothing unread supersedes their disconnects."""
        self._open_due = open_due
        self._publish = publish
        self._cuts_of = cuts_of
        self._clock = clock
        self._committed = committed
        self._due = asyncio.Event()
        self._trouble = Trouble()

    async def check(self) -> str:
        """Raises `NotRunning` while a passing fault keeps commands from being sent."""
        self._trouble.check()
        return "sends"

    def wake(self) -> None:
        """There may be new commands."""
        self._due.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop``."""
        while not stop.is_set():
            self._due.clear()
            try:
                taken = await self._once()
                self._trouble.end()
            except Exception as error:
                if not is_passing_fault(error):
                    raise
                self._trouble.begin(f"tries again after {error!r}")
                logger.warning("commands: %r; again in %s s", error, _POLL_S)
                taken = 0
            if taken < _COMMANDS_MAX:
                await wait_any(self._due, timeout_s=_POLL_S)

    async def _once(self) -> int:
        """How many were sent or given up."""
        now = self._clock()
        messages: list[Message] = []
        counted: list[tuple[str, str]] = []
        sent: list[UUID] = []
        expired: list[UUID] = []

        def progress(command: Command, status: CommandStatus) -> None:
            messages.append(progressed(command, status=status, at=now))
            counted.append((command.action, status))

        async with self._open_due() as store:
            due = await store.due(now=now, limit=_COMMANDS_MAX, cuts_of=self._cuts_of())
            for command in due:
                if command.expires_at <= now:
                    expired.append(command.command_id)
                    progress(command, CommandStatus.EXPIRED)
                elif self._send(command, now=now):
                    sent.append(command.command_id)
                    if command.attempts == 0:
                        progress(command, CommandStatus.SENT)
            if sent:
                await store.sent(sent, now=now)
            if expired:
                await store.expire(expired, now=now)
            await store.publish(messages)
        for action, status in counted:
            COMMANDS.labels(action, status).inc()
        if expired:
            few = [str(each) for each in expired[:_NAMED_MAX]]
            logger.warning("%d commands expired", len(expired), extra={"command_ids": few})
        if messages:
            self._committed()
        return max(len(messages), len(sent))

    def _send(self, command: Command, *, now: datetime) -> bool:
        """Whether it went to the broker; where it did not, it stays due."""
        expiry_s = broker_expiry_s(expires_at=command.expires_at, now=now)
        if expiry_s <= 0:
            # It is about to end. MQTT counts whole seconds, and to some brokers 0 is for ever.
            return False
        topic = f"{ROOT}/{command.meter_id}/command"
        return self._publish(topic, command.signed.encode(), expiry_s=expiry_s)
