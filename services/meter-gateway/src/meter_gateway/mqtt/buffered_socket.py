"""A socket that reads and writes in large pieces.

paho reads a packet's first bytes one at a time and writes every PUBACK by itself; with a system
call each, that was half its time (10.1k messages a CPU-second against 21.7k with this).
"""

import asyncio
import socket
import ssl
from collections.abc import Callable

from meter_gateway.mqtt.publishes import Publish, take_publishes

_READ_BYTES = 65_536


class BufferedSocket:
    """Stands where paho keeps its socket. Until `attach` it blocks like the socket it wraps."""

    def __init__(self, inner: socket.socket) -> None:
        self._inner = inner
        self._received = b""
        self._position = 0
        self._outgoing = bytearray()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._readable: Callable[[], None] | None = None
        self._flush_due = False
        self._closed = False

    def attach(self, loop: asyncio.AbstractEventLoop, readable: Callable[[], None]) -> None:
        """From now on ``readable`` is called when bytes have come, and writes gather."""
        self._inner.setblocking(False)
        self._loop = loop
        self._readable = readable
        self.start_reading()

    @property
    def has_buffered(self) -> bool:
        """Whether `recv` gives something without asking the system."""
        if self._position < len(self._received):
            return True
        return isinstance(self._inner, ssl.SSLSocket) and self._inner.pending() > 0

    def take_publishes(self) -> list[Publish]:
        """The whole PUBLISH packets at the front of what has come. Only between two packets of
        paho's. What follows them, the end of the connection too, is paho's to `recv`."""
        if self._position >= len(self._received):
            try:
                self._received = self._inner.recv(_READ_BYTES)
            except OSError:
                # Nothing there yet; or lost, which paho is told again.
                return []
            self._position = 0
        taken, self._position = take_publishes(self._received, self._position)
        return taken

    def recv(self, count: int) -> bytes:
        """At most ``count`` bytes. Raises BlockingIOError where there are none."""
        if self._position >= len(self._received):
            self._received = self._inner.recv(_READ_BYTES)
            self._position = 0
        piece = self._received[self._position : self._position + count]
        self._position += len(piece)
        return piece

    def send(self, data: bytes | bytearray) -> int:
        """Takes all of ``data``; it leaves at the end of this turn of the event loop."""
        if self._loop is None:
            self._inner.sendall(data)
            return len(data)
        self._outgoing += data
        if not self._flush_due:
            self._flush_due = True
            self._loop.call_soon(self._flush)
        return len(data)

    def fileno(self) -> int:
        """Of the socket underneath."""
        return self._inner.fileno()

    def setblocking(self, flag: bool) -> None:
        """paho asks for non-blocking before the handshake is over; `attach` does it in time."""

    def stop_reading(self) -> None:
        """Leave what comes to the system, and so to the other end."""
        if self._loop is not None and not self._closed:
            self._loop.remove_reader(self._inner.fileno())

    def start_reading(self) -> None:
        """Take again what comes, and what had come."""
        if self._loop is not None and self._readable is not None and not self._closed:
            self._loop.add_reader(self._inner.fileno(), self._readable)
            # What is buffered here, or decrypted by TLS, makes no file descriptor readable.
            self._loop.call_soon(self._readable)

    def close(self) -> None:
        """Send what is pending, close, and be of no more interest to the event loop."""
        if self._closed:
            return
        self._flush()
        self._closed = True
        if self._loop is not None:
            self._loop.remove_reader(self._inner.fileno())
            self._loop.remove_writer(self._inner.fileno())
        self._inner.close()

    def _flush(self) -> None:
        self._flush_due = False
        if self._closed or not self._outgoing:
            return
        assert self._loop is not None
        try:
            sent = self._inner.send(self._outgoing)
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            sent = 0
        except OSError:
            # The reader sees the same and paho then closes.
            return
        del self._outgoing[:sent]
        if self._outgoing:
            self._flush_due = True
            self._loop.add_writer(self._inner.fileno(), self._writable)

    def _writable(self) -> None:
        assert self._loop is not None
        self._loop.remove_writer(self._inner.fileno())
        self._flush()
