"""An MQTT session that survives broken connections: commands down, a little traffic up.

Used for a meter that has a connection of its own, and for the commands of a whole fleet. aiomqtt
(paho-mqtt underneath) is good for both: neither carries the bulk of a fleet's readings.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import aiomqtt
from aiomqtt.exceptions import MqttConnectError

from prewatt_common.contracts.base import Presence
from prewatt_common.ids import new_id
from prewatt_simulator.meter import Reading
from prewatt_simulator.publisher import Broker, ConnectionRefused

logger = logging.getLogger(__name__)

_RETRY_S = 0.25


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """A QoS 1 message, sent until it has its PUBACK; ``readings`` are then acknowledged."""

    topic: str
    payload: bytes
    retain: bool = False
    readings: Sequence[Reading] = ()


class Session:
    """One persistent session. Replies go out before anything else that waits."""

    def __init__(
        self,
        *,
        broker: Broker,
        client_id: str,
        subscriptions: Sequence[str],
        on_message: Callable[[str, bytes], Sequence[Outgoing]],
        status: Callable[[Presence, str], Outgoing] | None = None,
    ) -> None:
        """``status`` makes the message for a presence and a session's id: one is sent after every
        connect, and the broker sends one if we break off."""
        self._broker = broker
        self._client_id = client_id
        self._subscriptions = [(topic, 1) for topic in subscriptions]
        self._on_message = on_message
        self._status = status
        self._session_id = ""
        self._replies: deque[Outgoing] = deque()
        self._waiting: deque[Outgoing] = deque()
        self._filled = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.connected: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done at the first connection; fails with ``ConnectionRefused``."""

    @property
    def in_flight(self) -> int:
        """Messages without a PUBACK."""
        return len(self._replies) + len(self._waiting)

    def send(self, message: Outgoing) -> None:
        """Queue a message behind those that wait."""
        self._waiting.append(message)
        self._filled.set()
        self._idle.clear()

    def say(self, presence: Presence) -> None:
        """Queue the status of this session."""
        if self._status is not None:
            self.send(self._status(presence, self._session_id))

    async def drain(self) -> None:
        """Wait until every message has its PUBACK."""
        await self._idle.wait()

    async def run(self) -> None:
        """Stay connected until cancelled; then disconnect in order, which sends no will."""
        while True:
            try:
                await self._live()
            except* aiomqtt.MqttError as group:
                self._note(group.exceptions[0])
            if self.connected.done() and self.connected.exception() is not None:
                return
            await asyncio.sleep(_RETRY_S)

    def _note(self, error: BaseException) -> None:
        if self.connected.done() or not isinstance(error, MqttConnectError):
            logger.debug("%s: no connection: %s", self._client_id, error)
            return
        reason = f"{self._broker.host}:{self._broker.port} refused {self._client_id}: {error}"
        self.connected.set_exception(ConnectionRefused(reason))

    async def _live(self) -> None:
        self._session_id = str(new_id())
        last = self._status and self._status(Presence.OFFLINE, self._session_id)
        will = last and aiomqtt.Will(last.topic, last.payload, qos=1, retain=last.retain)
        async with (
            aiomqtt.Client(
                self._broker.host,
                self._broker.port,
                username=self._broker.username,
                password=self._broker.password,
                identifier=self._client_id,
                clean_session=False,
                will=will,
                tls_context=self._broker.tls,
            ) as client,
            asyncio.TaskGroup() as group,
        ):
            group.create_task(self._receive(client))
            await client.subscribe(self._subscriptions)
            if self._status is not None:
                await _publish(client, self._status(Presence.ONLINE, self._session_id))
            if not self.connected.done():
                self.connected.set_result(None)
            group.create_task(self._send(client))

    async def _receive(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            if not isinstance(message.payload, bytes):
                continue
            self._replies.extend(self._on_message(message.topic.value, message.payload))
            if self._replies:
                self._filled.set()
                self._idle.clear()

    async def _send(self, client: aiomqtt.Client) -> None:
        while True:
            while queue := self._replies or self._waiting:
                message = queue[0]
                await _publish(client, message)
                # Only this task takes from the front, so it is still the same message.
                queue.popleft()
                for reading in message.readings:
                    reading.meter.acknowledged(reading)
            self._idle.set()
            self._filled.clear()
            await self._filled.wait()


async def _publish(client: aiomqtt.Client, message: Outgoing) -> None:
    await client.publish(message.topic, message.payload, qos=1, retain=message.retain)
