"""A way to PostgreSQL that breaks where a test says: at a statement, before a COMMIT, or after it.

It reads the frontend/backend protocol (version 3) far enough to know which statements a transaction
has sent and how it ended; everything else passes unread.
"""

import asyncio
import contextlib
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum

_SSL_REQUEST = 80877103
_LENGTH = struct.Struct("!i")
_READY = b"Z"


class At(StrEnum):
    """Where a connection breaks."""

    STATEMENT = "before the statement"
    COMMIT = "before the commit"
    COMMITTED = "after the commit, before its answer"


@dataclass(kw_only=True)
class Break:
    """The next transaction that sends a statement with ``text`` in it breaks there, once.

    Its connection ends at both sides. ``first`` is awaited before: nothing passes meanwhile, so
    whatever is killed there dies exactly at this point.
    """

    text: str
    at: At
    first: Callable[[], Awaitable[object]] | None = None
    hit: asyncio.Event = field(default_factory=asyncio.Event)
    taken: bool = False

    def takes(self, at: At, statements: list[str]) -> bool:
        """Whether it breaks a transaction that is there, having sent these."""
        if self.taken or at is not self.at or not any(self.text in each for each in statements):
            return False
        self.taken = True
        return True


class _Broken(Exception):
    """This connection was broken on purpose."""


class DatabaseProxy:
    """Listens on a port of its own; `breaking` says where the next transaction breaks."""

    def __init__(self, *, host: str, port: int) -> None:
        self._upstream = (host, port)
        self._breaks: list[Break] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None
        return self._server.sockets[0].getsockname()[1]

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["DatabaseProxy"]:
        """Until the block ends."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield self
        finally:
            self._server.close()
            for task in [*self._tasks]:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    @asynccontextmanager
    async def breaking(
        self, text: str, at: At, first: Callable[[], Awaitable[object]] | None = None
    ) -> AsyncGenerator[Break]:
        """A `Break`, which must have been hit when the block ends."""
        made = Break(text=text, at=at, first=first)
        self._breaks.append(made)
        try:
            yield made
            if made.taken:  # what is killed there may be gone before it is known to be
                await made.hit.wait()
            assert made.hit.is_set(), f"no transaction with {text!r} came {at}"
        finally:
            self._breaks.remove(made)

    async def reach(self, at: At, statements: list[str]) -> None:
        """A transaction is at this point, having sent ``statements``. Raises `_Broken`."""
        for each in self._breaks:
            if each.takes(at, statements):
                if each.first is not None:
                    # Whoever is killed hangs up, which ends this task: but not the killing.
                    first = asyncio.ensure_future(each.first())
                    first.add_done_callback(lambda _, hit=each.hit: hit.set())
                    await asyncio.shield(first)
                each.hit.set()
                raise _Broken

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        upstream: asyncio.StreamWriter | None = None
        # Whichever side ends, or is gone: so does the other.
        with contextlib.suppress(_Broken, OSError, asyncio.IncompleteReadError):
            answers, upstream = await asyncio.open_connection(*self._upstream)
            await _Connection(self, reader, writer, answers, upstream).run()
        for each in (writer, upstream):
            if each is not None:
                each.close()


class _Connection:
    """One connection through the proxy."""

    def __init__(
        self,
        proxy: DatabaseProxy,
        asked: asyncio.StreamReader,
        client: asyncio.StreamWriter,
        answered: asyncio.StreamReader,
        server: asyncio.StreamWriter,
    ) -> None:
        self._proxy = proxy
        self._asked, self._client = asked, client
        self._answered, self._server = answered, server
        self._prepared: dict[bytes, str] = {}
        self._sent: list[str] = []
        self._committing = False

    async def run(self) -> None:
        """Until either side ends."""
        await self._start()
        ways = [asyncio.create_task(self._requests()), asyncio.create_task(self._answers())]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _start(self) -> None:
        while True:
            (length,) = head = _LENGTH.unpack(await self._asked.readexactly(4))
            body = await self._asked.readexactly(length - 4)
            if _LENGTH.unpack(body[:4]) != (_SSL_REQUEST,):
                self._server.write(_LENGTH.pack(*head) + body)
                return
            self._client.write(b"N")

    async def _requests(self) -> None:
        while True:
            kind, message = await _message(self._asked)
            statement = self._statement(kind, message[5:])
            if statement is not None:
                await self._about_to_send(statement)
            self._server.write(message)
            await self._server.drain()

    def _statement(self, kind: bytes, body: bytes) -> str | None:
        """What is about to be executed, if the message does that."""
        if kind == b"Q":
            return body[:-1].decode()
        if kind == b"P":
            name, query, _ = body.split(b"\0", 2)
            self._prepared[name] = query.decode()
        if kind == b"B":
            return self._prepared[body.split(b"\0", 2)[1]]
        return None

    async def _about_to_send(self, statement: str) -> None:
        if statement.startswith("BEGIN"):
            self._sent.clear()
        elif statement.startswith("COMMIT"):
            await self._proxy.reach(At.COMMIT, self._sent)
            self._committing = True
        else:
            self._sent.append(statement)
            await self._proxy.reach(At.STATEMENT, [statement])

    async def _answers(self) -> None:
        held: list[bytes] = []
        while True:
            kind, message = await _message(self._answered)
            held.append(message)
            # Of a commit's answer not a word passes before its end is known.
            if self._committing and kind != _READY:
                continue
            if self._committing:
                self._committing = False
                await self._proxy.reach(At.COMMITTED, self._sent)
            self._client.write(b"".join(held))
            held.clear()
            await self._client.drain()


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The next message: its kind, and all of it."""
    head = await reader.readexactly(5)
    (length,) = _LENGTH.unpack(head[1:])
    return head[:1], head + await reader.readexactly(length - 4)
