"""Messages gather here and are handled in batches; acknowledged once that has succeeded."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from meter_gateway.adapters.mqtt.connection import Connection, Inbound
from meter_gateway.application.received import Received
from meter_gateway.metrics import IN_FLIGHT, INGEST_SECONDS
from prewatt_common.clock import Clock
from prewatt_common.db.database import is_passing_fault
from prewatt_common.kafka.producer import ProduceFailed

logger = logging.getLogger(__name__)

_BACKOFF_S = (0.1, 0.5, 1.0, 2.0)
_BATCH_MAX = 5_000


Handle = Callable[[Sequence[Received]], Awaitable[None]]


class Inbox:
    """A worker. A batch that fails for a passing fault is tried again, and nothing of it is
    acknowledged meanwhile; the broker holds back what exceeds its in-flight limit."""

    def __init__(self, *, name: str, handle: Handle, linger_s: float, clock: Clock) -> None:
        self.name = name
        self._handle = handle
        self._linger_s = linger_s
        self._clock = clock
        self._waiting: list[tuple[Received, Inbound]] = []
        self._came = asyncio.Event()
        self._connection: Connection | None = None

    def serve(self, connection: Connection) -> None:
        """Whom to acknowledge to."""
        self._connection = connection

    def put(self, message: Inbound) -> None:
        """A message came."""
        self._waiting.append((Received(message.topic, message.payload, self._clock()), message))
        self._came.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Handle until ``stop``; then what has come is handled and acknowledged too."""
        stopping = asyncio.create_task(stop.wait())
        while True:
            if not self._waiting:
                if stop.is_set():
                    break
                came = asyncio.create_task(self._came.wait())
                await asyncio.wait({came, stopping}, return_when=asyncio.FIRST_COMPLETED)
                came.cancel()
            if self._linger_s and not stop.is_set():
                await asyncio.sleep(self._linger_s)
            self._came.clear()
            batch, self._waiting = self._waiting[:_BATCH_MAX], self._waiting[_BATCH_MAX:]
            if batch and not await self._take(batch, stop):
                break
        stopping.cancel()
        if self._connection is not None:
            self._connection.close()

    async def _take(self, batch: list[tuple[Received, Inbound]], stop: asyncio.Event) -> bool:
        """False where ``stop`` came before it could be done: the broker sends it again."""
        IN_FLIGHT.set(len(batch) + len(self._waiting))
        received = [message for message, _ in batch]
        failures = 0
        while True:
            try:
                await self._handle(received)
                break
            except Exception as error:
                if not (is_passing_fault(error) or isinstance(error, ProduceFailed)):
                    raise
                if stop.is_set():
                    return False
                delay = _BACKOFF_S[min(failures, len(_BACKOFF_S) - 1)]
                failures += 1
                logger.warning("%s: %s; kept, again in %s s", self.name, error, delay)
                await asyncio.sleep(delay)
        if self._connection is not None:
            self._connection.acknowledge([inbound for _, inbound in batch])
        INGEST_SECONDS.observe((self._clock() - received[0].at).total_seconds())
        IN_FLIGHT.set(len(self._waiting))
        return True
