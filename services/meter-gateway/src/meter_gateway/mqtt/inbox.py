"""Messages gather here and are handled in batches; acknowledged once that has succeeded."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from prometheus_client import Histogram

from meter_gateway.metrics import DROPPED, IN_FLIGHT, RECEIVED, RETURNED
from meter_gateway.mqtt.connection import Connection
from meter_gateway.mqtt.in_flight import Inbound
from meter_gateway.mqtt.received import Received
from prewatt_common.clock import Clock
from prewatt_common.db.database import is_passing_fault
from prewatt_common.kafka.producer import ProduceFailed
from prewatt_common.workers import InHand, Trouble

logger = logging.getLogger(__name__)

_BACKOFF_S = (0.1, 0.5, 1.0, 2.0)
_BATCH_MAX = 5_000
_STOP_GRACE_S = 5.0
_WAITING_MAX = 20_000

Handle = Callable[[Sequence[Received]], Awaitable[None]]
SetAside = Callable[[Received, Exception], Awaitable[None]]
"""Keeps a message that cannot be handled, with the error, where a person finds it."""


class Inbox:
    """A worker. A batch that fails for a passing fault is tried again, and nothing of it is
    acknowledged meanwhile; the broker holds back what exceeds its in-flight limit. A batch that
    fails for good is narrowed down to the message that is to blame, and that is set aside: one
    meter must not stop the others."""

    def __init__(
        self,
        *,
        name: str,
        handle: Handle,
        set_aside: SetAside,
        linger_s: float,
        clock: Clock,
        seconds: Histogram | None = None,
    ) -> None:
        """``seconds`` observes each batch's oldest message, from its receipt to its PUBACK."""
        self.name = name
        self._handle = handle
        self._set_aside = set_aside
        self._linger_s = linger_s
        self._clock = clock
        self._waiting: list[tuple[Received, Inbound]] = []
        self._came = asyncio.Event()
        self._connection: Connection | None = None
        self._in_hand = 0
        self._trouble = Trouble()
        self._batch = InHand()
        IN_FLIGHT.labels(name).set_function(lambda: self._in_hand + len(self._waiting))
        self._seconds = seconds

    async def check(self) -> str:
        """What waits here; raises `NotRunning` while it cannot be handled."""
        self._trouble.check()
        self._batch.check()
        return f"{self._in_hand + len(self._waiting)} in hand"

    def serve(self, connection: Connection) -> None:
        """Whom to acknowledge to."""
        self._connection = connection

    def put(self, messages: Sequence[Inbound]) -> None:
        """Messages came. The connection limits how many of QoS 1 wait here, but not of QoS 0."""
        RECEIVED.inc(len(messages))
        at = self._clock()
        for message in messages:
            if message.ticket is None and len(self._waiting) >= _WAITING_MAX:
                DROPPED.inc()
            else:
                received = Received(message.topic, message.payload, at, message.retained)
                self._waiting.append((received, message))
        self._came.set()

    def reconnected(self) -> None:
        """Leave to the broker what it sends again: while Kafka is away for long, every reconnect
        brings the same messages, and they must not pile up."""
        assert self._connection is not None
        again = self._connection.will_come_again
        kept = [item for item in self._waiting if not again(item[1])]
        RETURNED.inc(len(self._waiting) - len(kept))
        self._waiting = kept

    async def run(self, stop: asyncio.Event) -> None:
        """Handle until ``stop``; then what has come is handled and acknowledged too, as far as
        that takes no longer than a few seconds. The broker sends the rest again."""
        stopping = asyncio.create_task(stop.wait())
        while self._waiting or not stop.is_set():
            if not self._waiting:
                came = asyncio.create_task(self._came.wait())
                await asyncio.wait({came, stopping}, return_when=asyncio.FIRST_COMPLETED)
                came.cancel()
            if self._linger_s and not stop.is_set():
                await asyncio.sleep(self._linger_s)
            self._came.clear()
            batch = self._next_batch()
            if batch and not await self._take(batch, stopping):
                break
        stopping.cancel()
        assert self._connection is not None
        self._connection.close()

    def _next_batch(self) -> list[tuple[Received, Inbound]]:
        batch, self._waiting = self._waiting[:_BATCH_MAX], self._waiting[_BATCH_MAX:]
        return batch

    async def _take(
        self, batch: list[tuple[Received, Inbound]], stopping: asyncio.Task[bool]
    ) -> bool:
        """False where the stop came before it was done: the broker sends it again."""
        self._in_hand = len(batch)
        self._batch.begin()
        received = [message for message, _ in batch]
        handling = asyncio.create_task(self._until_done(received))
        await asyncio.wait({handling, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not handling.done():
            await asyncio.wait({handling}, timeout=_STOP_GRACE_S)
        if not handling.done():
            handling.cancel()
            await asyncio.wait({handling})
            logger.warning("%s: stopped with %d messages unhandled", self.name, len(batch))
            return False
        await handling
        assert self._connection is not None
        self._connection.acknowledge([inbound for _, inbound in batch])
        if self._seconds is not None:
            self._seconds.observe((self._clock() - batch[0][0].at).total_seconds())
        self._in_hand = 0
        self._batch.end()
        return True

    async def _until_done(self, messages: Sequence[Received]) -> None:
        failures = 0
        while True:
            try:
                await self._handle_or_set_aside(messages)
            except Exception as error:
                if not _can_pass(error):
                    raise
                delay = _BACKOFF_S[min(failures, len(_BACKOFF_S) - 1)]
                failures += 1
                self._trouble.begin(f"tries again after {error!r}")
                logger.warning("%s: %s; kept, again in %s s", self.name, error, delay)
                await asyncio.sleep(delay)
            else:
                self._trouble.end()
                return

    async def _handle_or_set_aside(self, messages: Sequence[Received]) -> None:
        try:
            await self._handle(messages)
        except Exception as error:
            if _can_pass(error):
                raise
            if len(messages) == 1:
                logger.exception("%s: cannot handle a message", self.name)
                await self._set_aside(messages[0], error)
                return
            middle = len(messages) // 2
            await self._handle_or_set_aside(messages[:middle])
            await self._handle_or_set_aside(messages[middle:])


def _can_pass(error: Exception) -> bool:
    return is_passing_fault(error) or isinstance(error, ProduceFailed)
