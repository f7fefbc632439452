"""Worker: open commands go to their meters, again and again until answered or expired."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from uuid import UUID

from meter_gateway.application.events import progressed
from meter_gateway.application.ports import Command, Unit
from meter_gateway.domain.commands import next_attempt_at
from meter_gateway.metrics import COMMANDS
from prewatt_common.clock import Clock
from prewatt_common.contracts.base import CommandStatus
from prewatt_common.contracts.mqtt_v1 import ROOT, CommandClaims
from prewatt_common.db.database import is_passing_fault
from prewatt_common.kafka.messages import Message
from prewatt_common.workers import wait_any

logger = logging.getLogger(__name__)

_POLL_S = 0.5
_COMMANDS_MAX = 500


class SendCommands:
    """Sends before it notes that it has sent: a crash between the two sends again, which a meter
    answers without moving its relay, while the other order could lose the command."""

    name = "send commands"

    def __init__(
        self,
        *,
        open_unit: Callable[[], AbstractAsyncContextManager[Unit]],
        sign: Callable[[CommandClaims], bytes],
        publish: Callable[[str, bytes], bool],
        resend_after: timedelta,
        resend_after_max: timedelta,
        clock: Clock,
        committed: Callable[[], None],
    ) -> None:
        self._open_unit = open_unit
        self._sign = sign
        self._publish = publish
        self._resend_after = resend_after
        self._resend_after_max = resend_after_max
        self._clock = clock
        self._committed = committed
        self._due = asyncio.Event()

    def wake(self) -> None:
        """There may be new commands."""
        self._due.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop``."""
        while not stop.is_set():
            self._due.clear()
            try:
                taken = await self._once()
            except Exception as error:
                if not is_passing_fault(error):
                    raise
                logger.warning("commands: %r; again in %s s", error, _POLL_S)
                taken = 0
            if taken < _COMMANDS_MAX:
                await wait_any(self._due, timeout_s=_POLL_S)

    async def _once(self) -> int:
        """How many were sent or given up."""
        now = self._clock()
        messages: list[Message] = []
        counted: list[tuple[str, str]] = []
        next_attempts: dict[UUID, datetime] = {}

        def progress(command: Command, status: CommandStatus) -> None:
            messages.append(progressed(command, status=status, at=now))
            counted.append((command.action, status))

        async with self._open_unit() as unit:
            for command in await unit.commands.due(now=now, limit=_COMMANDS_MAX):
                if command.expires_at <= now:
                    status = CommandStatus.EXPIRED
                    await unit.commands.finish(
                        command.command_id, meter_id=command.meter_id, status=status, now=now
                    )
                    progress(command, status)
                    logger.warning("command expired", extra=_ids(command))
                elif self._send(command):
                    next_attempts[command.command_id] = next_attempt_at(
                        now=now,
                        attempts=command.attempts + 1,
                        first=self._resend_after,
                        longest=self._resend_after_max,
                    )
                    if command.attempts == 0:
                        progress(command, CommandStatus.SENT)
            if next_attempts:
                await unit.commands.sent(next_attempts)
            await unit.publish(messages)
        for action, status in counted:
            COMMANDS.labels(action, status).inc()
        if messages:
            self._committed()
        return max(len(messages), len(next_attempts))

    def _send(self, command: Command) -> bool:
        """False without a connection: the command stays due."""
        claims = CommandClaims(
            command_id=command.command_id,
            meter_id=command.meter_id,
            action=command.action,
            sequence=command.sequence,
            issued_at=command.issued_at,
            expires_at=command.expires_at,
        )
        return self._publish(f"{ROOT}/{command.meter_id}/command", self._sign(claims))


def _ids(command: Command) -> dict[str, str]:
    return {"command_id": str(command.command_id), "meter_id": command.meter_id}
