"""The worker that tells receivers, each by itself: one that hangs delays no other."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from notifier.metrics import WEBHOOK_DOWN, WEBHOOK_EXPIRED
from notifier.webhooks.ports import OpenQueue
from notifier.webhooks.send_message import SendMessage
from notifier.webhooks.values import OutgoingMessage, Reached
from prewatt_common.clock import Clock
from prewatt_common.peer_breaker import Breaker, BreakerPolicy
from prewatt_common.workers import wait_any

logger = logging.getLogger(__name__)

T = TypeVar("T")

_POLL_S = 1.0
_RETRY_S = 0.5
_KEPT = timedelta(days=7)
"""So long what was told can be looked up."""


class _Receiver:
    """What is on its way to one of them, and whether it answers."""

    def __init__(self) -> None:
        self.breaker = Breaker(BreakerPolicy())
        self.running = 0


class WebhookWorker:
    """``slots``: messages on their way to one receiver at a time, of this replica."""

    name = "webhooks"

    def __init__(
        self,
        *,
        open_queue: OpenQueue,
        send: SendMessage,
        slots: int,
        lease: timedelta,
        passing: Callable[[BaseException], bool],
        clock: Clock,
    ) -> None:
        self._open_queue = open_queue
        self._send = send
        self._slots = slots
        self._lease = lease
        self._passing = passing
        self._clock = clock
        self._due = asyncio.Event()
        self._receivers: dict[UUID, _Receiver] = {}

    def wake(self) -> None:
        """There may be messages: look now and not at the next poll."""
        self._due.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop``; what is on its way then is finished first."""
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                self._due.clear()
                claimed = await self._or_later(self._claim)
                for message in claimed or ():
                    group.create_task(self._one(message))
                if not claimed:
                    await wait_any(self._due, stop, timeout_s=_POLL_S)

    async def end_overdue(self) -> None:
        """Messages whose time is over end, and old ones are forgotten, as are receivers that are
        told nothing any more: for a `Repeating`."""
        now = self._clock()
        async with self._open_queue() as queue:
            expired = await queue.end_overdue(now=now, kept_since=now - _KEPT)
            active = set(await queue.active())
        for webhook_id, receiver in list(self._receivers.items()):
            if webhook_id not in active and receiver.running == 0:
                del self._receivers[webhook_id]
                # Else it would count as down for ever.
                WEBHOOK_DOWN.labels(str(webhook_id)).set(0)
        if expired:
            WEBHOOK_EXPIRED.inc(expired)
            logger.error("%s webhook messages were not taken in time and are given up", expired)

    async def _claim(self) -> Sequence[OutgoingMessage]:
        now, now_s = self._clock(), asyncio.get_running_loop().time()
        claimed: list[OutgoingMessage] = []
        async with self._open_queue() as queue:
            for webhook_id in await queue.due(now=now):
                receiver = self._receivers.setdefault(webhook_id, _Receiver())
                room = receiver.breaker.room(
                    now_s=now_s, slots=self._slots, running=receiver.running
                )
                if room > 0:
                    claimed += await queue.claim(
                        webhook_id, limit=room, now=now, lease_until=now + self._lease
                    )
        for message in claimed:
            self._receivers.setdefault(message.webhook_id, _Receiver()).running += 1
        return claimed

    async def _one(self, message: OutgoingMessage) -> None:
        receiver = self._receivers[message.webhook_id]
        try:
            attempt = await self._send.send(message)
            if attempt.reached is Reached.DOWN:
                receiver.breaker.failed(now_s=asyncio.get_running_loop().time())
            else:
                receiver.breaker.answered()
            is_down = receiver.breaker.is_open
            WEBHOOK_DOWN.labels(str(message.webhook_id)).set(is_down)
            # Not written down, it is sent again once its lease is over.
            await self._or_later(lambda: self._send.record(message, attempt))
        finally:
            receiver.running -= 1
            self._due.set()

    async def _or_later(self, do: Callable[[], Awaitable[T]]) -> T | None:
        try:
            return await do()
        except Exception as error:
            if not self._passing(error):
                raise
            logger.warning("webhooks: database: %r; trying again", error)
            await asyncio.sleep(_RETRY_S)
            return None
