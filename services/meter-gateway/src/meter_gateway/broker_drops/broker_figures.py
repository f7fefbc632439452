"""What the broker says of itself under ``$SYS``: messages that it dropped, messages that it holds.

Mosquitto's topics. A broker without them says nothing, and nothing is exported. Of whose queue a
message was dropped, or waits in, no broker says here. What has not changed for 60 s is not told to
who comes then; the average of dropped messages, which changes as it fades, stands in for the count.
"""

import asyncio
import logging
import math
import ssl
from collections.abc import Awaitable, Callable

import aiomqtt

from meter_gateway.broker_drops.drops import Drops, averaged, noticed
from meter_gateway.metrics import BROKER_DROPPED, BROKER_DROPPED_AT, BROKER_QUEUED
from meter_gateway.mqtt.broker import Broker
from prewatt_common.clock import Clock
from prewatt_common.db.database import is_passing_fault
from prewatt_common.workers import wait_any

logger = logging.getLogger(__name__)

DROPPED = "$SYS/broker/publish/messages/dropped"
STORED = "$SYS/broker/store/messages/count"
RETAINED = "$SYS/broker/retained messages/count"
DROPPED_A_MINUTE = "$SYS/broker/load/publish/dropped/15min"
_RETRY_S = 10.0


class BrokerFigures:
    """A worker with a connection of its own, whose session ends with it."""

    name = "broker figures"

    def __init__(
        self,
        *,
        broker: Broker,
        client_id: str,
        note: Callable[[Callable[[Drops], Drops]], Awaitable[Drops]],
        clock: Clock,
    ) -> None:
        """``note`` keeps what a figure tells, given what was noted before."""
        self._broker = broker
        self._client_id = client_id
        self._note = note
        self._clock = clock
        self._label = broker.name
        self._held: dict[str, int] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until ``stop``; the connections of messages tell of a broker that is away."""
        while not stop.is_set():
            listening = asyncio.create_task(self._listen())
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({listening, stopping}, return_when=asyncio.FIRST_COMPLETED)
            listening.cancel()
            stopping.cancel()
            (error,) = await asyncio.gather(listening, return_exceptions=True)
            if isinstance(error, aiomqtt.MqttError) or (
                isinstance(error, Exception) and is_passing_fault(error)
            ):
                logger.info("%s: %r; again in %s s", self.name, error, _RETRY_S)
                await wait_any(stop, timeout_s=_RETRY_S)
            elif isinstance(error, Exception):
                raise error

    async def _listen(self) -> None:
        ca_file = self._broker.ca_file
        async with aiomqtt.Client(
            self._broker.host,
            self._broker.port,
            identifier=self._client_id,
            username=self._broker.username,
            password=self._broker.password,
            tls_context=ssl.create_default_context(cafile=ca_file) if ca_file else None,
        ) as client:
            # The count before the average: it is the better.
            topics = (DROPPED, STORED, RETAINED, DROPPED_A_MINUTE)
            await client.subscribe([(topic, 0) for topic in topics])
            async for message in client.messages:
                await self._take(str(message.topic), message.payload)

    async def _take(self, topic: str, payload: object) -> None:
        try:
            number = float(payload) if isinstance(payload, bytes | bytearray) else math.nan
        except ValueError:
            number = math.nan
        if not 0 <= number < math.inf:
            logger.warning("%s: %s says %r, which is no number", self.name, topic, payload)
        elif topic == DROPPED:
            counted, now = int(number), self._clock()
            self._export(await self._note(lambda then: noticed(then, counted=counted, now=now)))
        elif topic == DROPPED_A_MINUTE:
            now = self._clock()
            self._export(await self._note(lambda then: averaged(then, per_minute=number, now=now)))
        else:
            self._held[topic] = int(number)
            if len(self._held) == 2:
                queued = self._held[STORED] - self._held[RETAINED]
                BROKER_QUEUED.labels(self._label).set(max(0, queued))

    def _export(self, drops: Drops) -> None:
        BROKER_DROPPED.labels(self._label).set(drops.messages)
        BROKER_DROPPED_AT.labels(self._label).set(drops.at.timestamp() if drops.at else 0)
