"""Readings of many meters over few MQTT connections, in batches, cheap enough to share a machine.

paho-mqtt needs 145 CPU-µs for a QoS 1 publish and its PUBACK; see the README for the figures of
this one. It writes whole batches of packets at once, and lets PUBACKs pile up for some
milliseconds before it reads them.
"""

import asyncio
import logging
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

from prewatt_simulator import wire
from prewatt_simulator.meter import Reading

logger = logging.getLogger(__name__)

_BATCH_PACKETS = 256
_ACK_PAUSE_S = 0.05
_ACK_PAUSE_WAITED_FOR_S = 0.003
_RETRY_S = 0.25
_CONNECT_TIMEOUT_S = 10


class ConnectionRefused(Exception):
    """The broker does not want this client: wrong credential or id. Trying again is of no use."""


@dataclass(frozen=True, kw_only=True)
class Broker:
    """Where the broker is and who we are to it."""

    host: str
    port: int
    username: str | None
    password: str | None
    tls: ssl.SSLContext | None = None


class Line(asyncio.Protocol):
    """One connection: a window of unacknowledged packets, sent again after a reconnect."""

    def __init__(self, *, broker: Broker, client_id: str, window: int) -> None:
        self._broker = broker
        self._client_id = client_id
        self._window = window
        self._in_flight: dict[int, tuple[bytes, Sequence[Reading]]] = {}
        self._batch: list[bytes] = []
        self._packet_id = 0
        self._transport: asyncio.Transport | None = None
        self._resume_timer: asyncio.TimerHandle | None = None
        self._received = b""
        self._connack: asyncio.Future[None] | None = None
        self._lost = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def in_flight(self) -> int:
        """Packets without a PUBACK."""
        return len(self._in_flight)

    async def connect(self) -> None:
        """Connect and send again what is unacknowledged.

        Raises ``ConnectionRefused``, or ``OSError``/``TimeoutError`` if the broker is not there.
        """
        loop = asyncio.get_running_loop()
        self._received = b""
        self._connack = loop.create_future()
        self._lost.clear()
        async with asyncio.timeout(_CONNECT_TIMEOUT_S):
            transport, _ = await loop.create_connection(
                lambda: self, self._broker.host, self._broker.port, ssl=self._broker.tls
            )
            transport.write(
                wire.connect(
                    client_id=self._client_id,
                    username=self._broker.username,
                    password=self._broker.password,
                )
            )
            try:
                await self._connack
            except BaseException:
                transport.abort()
                raise
        if transport.is_closing():
            message = "closed right after CONNACK"
            raise ConnectionResetError(message)
        self._batch.clear()
        transport.write(b"".join(wire.duplicate(packet) for packet, _ in self._in_flight.values()))
        self._transport = transport

    async def stay_connected(self) -> None:
        """Reconnect whenever the connection is lost; runs until cancelled."""
        while True:
            await self._lost.wait()
            self._transport = None
            logger.warning(
                "%s lost its connection; %d unacknowledged readings are kept",
                self._client_id,
                len(self._in_flight),
            )
            while self._transport is None:
                try:
                    await self.connect()
                except (OSError, TimeoutError, ConnectionRefused) as error:
                    logger.debug("%s: no connection yet: %s", self._client_id, error)
                    await asyncio.sleep(_RETRY_S)

    @property
    def full(self) -> bool:
        """Whether the window has no room: wait for ``room`` before the next ``send``."""
        return len(self._in_flight) >= self._window

    async def room(self) -> None:
        """Write the batch and wait until half of the window has its PUBACK."""
        self.flush()
        while self.full:
            self._room.clear()
            self._resume_reading()
            await self._room.wait()

    def send(
        self, *, topic: bytes, payload: bytes, readings: Sequence[Reading], retain: bool = False
    ) -> None:
        """Put a packet into the batch; ``readings`` are acknowledged with its PUBACK."""
        packet_id = self._packet_id % 65_535 + 1
        while packet_id in self._in_flight:
            packet_id = packet_id % 65_535 + 1
        self._packet_id = packet_id
        packet = wire.publish(topic=topic, packet_id=packet_id, payload=payload, retain=retain)
        self._in_flight[packet_id] = (packet, readings)
        self._batch.append(packet)
        if len(self._batch) >= _BATCH_PACKETS:
            self.flush()

    def flush(self) -> None:
        """Write the batch. Without a connection it stays in the window and goes out after one."""
        if self._batch and self._transport is not None:
            self._transport.write(b"".join(self._batch))
        self._batch.clear()

    async def drain(self) -> None:
        """Wait until every packet has its PUBACK."""
        self.flush()
        while self._in_flight:
            self._idle.clear()
            self._resume_reading()
            await self._idle.wait()

    def close(self) -> None:
        """Say goodbye to the broker, if it is there."""
        if self._transport is not None:
            self._transport.write(wire.DISCONNECT)
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Part of asyncio.Protocol."""
        data = self._received + data
        if self._connack is not None and not self._connack.done():
            if len(data) < 4:
                self._received = data
                return
            reason = wire.refusal(data[:4])
            if reason is None:
                self._connack.set_result(None)
            else:
                message = f"{self._broker.host}:{self._broker.port} refused us: {reason}"
                self._connack.set_exception(ConnectionRefused(message))
            data = data[4:]
        whole = len(data) & ~3
        self._received = data[whole:]
        for packet_id in wire.acknowledged(data[:whole]):
            # An unknown id is a second PUBACK, for a packet sent again after a reconnect.
            _, readings = self._in_flight.pop(packet_id, (b"", ()))
            for reading in readings:
                reading.meter.acknowledged(reading)
        self._wake()
        self._pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """Part of asyncio.Protocol."""
        if self._connack is not None and not self._connack.done():
            self._connack.set_exception(exc or ConnectionResetError("closed before CONNACK"))
        if self._resume_timer is not None:
            self._resume_timer.cancel()
            self._resume_timer = None
        self._transport = None
        self._lost.set()

    def _wake(self) -> None:
        if len(self._in_flight) <= self._window // 2:
            self._room.set()
        if not self._in_flight:
            self._idle.set()

    def _pause_reading(self) -> None:
        """One wake-up for many PUBACKs, where the broker writes each by itself."""
        if self._transport is None or not self._in_flight:
            return
        self._transport.pause_reading()
        waited_for = not (self._room.is_set() and self._idle.is_set())
        pause_s = _ACK_PAUSE_WAITED_FOR_S if waited_for else _ACK_PAUSE_S
        self._resume_timer = asyncio.get_running_loop().call_later(pause_s, self._resume_reading)

    def _resume_reading(self) -> None:
        if self._resume_timer is None:
            return
        self._resume_timer.cancel()
        self._resume_timer = None
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
