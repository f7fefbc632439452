"""One connection to the broker, kept up: it subscribes, hands over messages, acknowledges."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

import paho.mqtt.client as paho

from meter_gateway.mqtt.broker import Broker
from meter_gateway.mqtt.buffered_socket import BufferedSocket
from meter_gateway.mqtt.client import Client, make_client
from meter_gateway.mqtt.in_flight import Inbound, InFlight
from meter_gateway.mqtt.publishes import Publish
from prewatt_common.workers import Trouble

logger = logging.getLogger(__name__)

_KEEPALIVE_S = 30
_BACKOFF_S = (0.1, 0.5, 1.0, 2.0, 5.0)
_SUBSCRIBE_TIMEOUT_S = 10
_READS_PER_TURN = 4


class Connection:
    """A worker. A persistent session: what comes while we are away waits at the broker."""

    # What `take_publishes` reads.
    protocol = paho.MQTTv311

    def __init__(
        self,
        *,
        client_id: str,
        broker: Broker,
        subscriptions: Sequence[str],
        in_flight_max: int,
        on_messages: Callable[[Sequence[Inbound]], None],
        on_reconnect: Callable[[], None],
    ) -> None:
        self.name = f"mqtt {client_id}"
        self._broker = broker
        self._subscriptions = subscriptions
        self._in_flight = InFlight(messages_max=in_flight_max)
        self._on_messages = on_messages
        self._arrived: list[Inbound] = []
        self._on_reconnect = on_reconnect
        self._client_id = client_id
        self._client: Client | None = None
        self._lost = asyncio.Event()
        self._subscribed = asyncio.Event()
        self._finished = asyncio.Event()
        self._reading = False
        self._full = False
        self._was_subscribed = False
        self._not_connected = f"not connected to {broker.name}"
        self._away = Trouble(self._not_connected)

    async def check(self) -> str:
        """Raises `NotRunning` while there is no connection with its subscriptions."""
        self._away.check()
        return "connected"

    def will_come_again(self, message: Inbound) -> bool:
        """Whether it came on an earlier connection: the broker sends it again on this one."""
        return message.ticket is not None and not self._in_flight.is_current(message)

    def acknowledge(self, messages: Sequence[Inbound]) -> None:
        """The messages are taken care of. Those of an earlier connection are not acknowledged."""
        self._in_flight.finish(messages)
        sock = self._socket()
        if sock is None:
            return
        # By hand: paho writes each PUBACK by itself. Its packets are never half written here.
        if finished := self._in_flight.take_finished():
            sock.send(b"".join([b"\x40\x02" + each.to_bytes(2, "big") for each in finished]))
        if self._full and not self._in_flight.is_full(share=2):
            self._full = False
            if self._reading:
                sock.start_reading()

    def close(self) -> None:
        """Called when what was received is taken care of: lets `run` disconnect."""
        self._finished.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Stay connected. On ``stop`` read no more, and disconnect once `close` is called."""
        failures = 0
        stopping = asyncio.create_task(stop.wait())
        while not stop.is_set():
            try:
                await self._connect()
                await self._stay(stopping)
            except (OSError, TimeoutError, ValueError) as error:
                if self._was_subscribed:
                    failures = 0
                self._drop()
                delay = _BACKOFF_S[min(failures, len(_BACKOFF_S) - 1)]
                failures += 1
                logger.warning("%s: %r; again in %s s", self.name, error, delay)
                await asyncio.wait({stopping}, timeout=delay)
        self._stop_reading()
        await self._finished.wait()
        self._disconnect()

    async def _connect(self) -> None:
        client = make_client(self._broker, client_id=self._client_id, protocol=self.protocol)
        client.on_connect = self._connected
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._disconnected
        client.on_message = self._received
        # What paho queues inside a callback (SUBSCRIBE) it would write with the next packet only.
        client.on_socket_register_write = self._wants_to_write
        self._lost.clear()
        self._subscribed.clear()
        self._was_subscribed = False
        self._in_flight.reconnected()
        self._full = False
        self._on_reconnect()
        await asyncio.to_thread(client.connect, self._broker.host, self._broker.port, _KEEPALIVE_S)
        self._client = client
        self._reading = True
        sock = client.socket()
        assert isinstance(sock, BufferedSocket)
        sock.attach(asyncio.get_running_loop(), self._readable)

    async def _stay(self, stopping: asyncio.Task[bool]) -> None:
        """Until the connection is lost or the service stops; paho's timers run meanwhile."""
        assert self._client is not None
        lost = asyncio.create_task(self._lost.wait())
        subscribe_by = time.monotonic() + _SUBSCRIBE_TIMEOUT_S
        try:
            while not self._lost.is_set() and not stopping.done():
                await asyncio.wait({lost, stopping}, timeout=1, return_when=asyncio.FIRST_COMPLETED)
                self._client.loop_misc()
                if not self._was_subscribed and time.monotonic() > subscribe_by:
                    message = f"the broker did not let us in within {_SUBSCRIBE_TIMEOUT_S} s"
                    raise TimeoutError(message)
        finally:
            lost.cancel()
        if self._lost.is_set():
            message = "the connection to the broker was lost"
            raise ConnectionError(message)

    def _drop(self) -> None:
        """Let go of a connection that failed. A socket left open would stay with the event loop."""
        self._away.begin(self._not_connected)
        client, self._client = self._client, None
        self._reading = False
        self._subscribed.clear()
        if client is not None and isinstance(sock := client.socket(), BufferedSocket):
            sock.close()

    def _disconnect(self) -> None:
        if self._client is not None:
            self._client.disconnect()
            self._client.loop_write()
            self._client = None
        self._subscribed.clear()

    def _socket(self) -> BufferedSocket | None:
        sock = self._client.socket() if self._client is not None else None
        return sock if isinstance(sock, BufferedSocket) else None

    def _stop_reading(self) -> None:
        """What the broker still has for us stays there."""
        self._reading = False
        if sock := self._socket():
            sock.stop_reading()

    def _readable(self) -> None:
        """Take what has come, until there is no more or others need their turn: PUBLISH by
        ourselves, all else by paho."""
        client, sock = self._client, self._socket()
        if client is None or sock is None or not self._reading or self._full:
            return
        more = True
        for _ in range(_READS_PER_TURN):
            taken = sock.take_publishes() if client.between_packets else []
            self._arrived += self._in_flight.receive(taken)
            if sock.has_buffered or not taken:
                client.loop_read()
            more = sock.has_buffered
            if not more:
                break
        self._hand_over()
        if self._in_flight.is_full():
            self._full = True
            sock.stop_reading()
        elif more:
            asyncio.get_running_loop().call_soon(self._readable)

    def _hand_over(self) -> None:
        if self._arrived:
            arrived, self._arrived = self._arrived, []
            self._on_messages(arrived)

    def _wants_to_write(self, client: paho.Client, _u: Any, _s: Any) -> None:
        """Called once until paho has written all; in the connecting thread there is no loop yet,
        so CONNECT goes out at once."""
        if client is self._client:
            asyncio.get_running_loop().call_soon(client.loop_write)
        else:
            client.loop_write()

    def _connected(self, client: paho.Client, _u: Any, _f: Any, reason: Any, _p: Any) -> None:
        if reason.is_failure:
            logger.error("%s: the broker refused us: %s", self.name, reason)
            self._lost.set()
            return
        if self._subscriptions:
            client.subscribe([(topic, 1) for topic in self._subscriptions])
        else:
            self._ready()

    def _on_subscribe(self, _c: Any, _u: Any, _m: Any, reasons: Any, _p: Any) -> None:
        if any(reason.is_failure for reason in reasons):
            logger.error("%s: the broker refused a subscription: %s", self.name, reasons)
            self._lost.set()
            return
        self._ready()

    def _ready(self) -> None:
        self._was_subscribed = True
        self._subscribed.set()
        self._away.end()

    def _disconnected(self, _c: Any, _u: Any, _f: Any, _r: Any, _p: Any) -> None:
        self._subscribed.clear()
        self._lost.set()

    def _received(self, _c: Any, _u: Any, message: paho.MQTTMessage) -> None:
        message_id = message.mid if message.qos else None
        topic = message._topic  # pyright: ignore[reportPrivateUsage]
        self._arrived += self._in_flight.receive(
            [Publish(topic, bytes(message.payload), message_id, message.retain)]
        )
