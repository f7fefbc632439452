"""The gate over a socket: what is refused is not read, and the client sees why."""

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from prewatt_common.clock import utc_now
from prewatt_common.http.auth import issue_token
from prewatt_common.http.body import JSON_BODY
from prewatt_common.http.gate import LINGER_BYTES_MAX, LINGER_TIMEOUT_S
from prewatt_common.http.server import HEAD_BYTES_MAX

MIB = 1024 * 1024
BIG_BYTES = 200_000_000
UPLOAD_BYTES_MAX = 2_000_000  # as gate_server.py has it
SOCKET_BUFFERS_BYTES = 40 * MIB  # the most that Linux gives, at both ends together
WAIT_S = 20.0


@dataclass
class Server:
    """The process, and a token that it takes."""

    port: int
    pid: int
    token: str

    def rss_bytes(self) -> int:
        """Memory that the process has now."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * 4096

    def head(self, request: str, *headers: str, token: bool = True) -> bytes:
        """The head of a request."""
        lines = [f"{request} HTTP/1.1", "Host: test", *headers]
        if token:
            lines.append(f"Authorization: Bearer {self.token}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator["Connection"]:
        """A connection that is closed in the end."""
        with socket.socket() as plain:
            plain.setblocking(False)
            await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", self.port))
            yield Connection(plain)


@dataclass
class Answer:
    """A whole answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def kind(self) -> str:
        """The kind of problem that it is."""
        assert self.headers["content-type"] == "application/problem+json", self
        return json.loads(self.body)["type"].removeprefix("urn:prewatt:problem:")


@dataclass
class Connection:
    """Bytes out, answers in. asyncio's streams forget what was received when a write fails."""

    plain: socket.socket
    received: bytes = b""

    async def send(self, data: bytes) -> None:
        """Write, and wait until the kernel has it all."""
        await asyncio.get_running_loop().sock_sendall(self.plain, data)

    async def answer(self) -> Answer:
        """The next answer."""
        async with asyncio.timeout(WAIT_S):
            while b"\r\n\r\n" not in self.received:
                await self._receive()
            head, _, self.received = self.received.partition(b"\r\n\r\n")
            status, *lines = head.decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (x.partition(": ") for x in lines)}
            size = int(headers.get("content-length", 0))
            while len(self.received) < size:
                await self._receive()
        body, self.received = self.received[:size], self.received[size:]
        return Answer(int(status.split()[1]), headers, body)

    async def _receive(self) -> None:
        piece = await asyncio.get_running_loop().sock_recv(self.plain, 65536)
        assert piece, f"the connection ended after {self.received!r}"
        self.received += piece

    async def ended(self) -> bool:
        """Whether the server ends the connection, with nothing more said."""
        async with asyncio.timeout(WAIT_S):
            try:
                return await asyncio.get_running_loop().sock_recv(self.plain, 1) == b""
            except ConnectionResetError:
                return True

    async def flood(self, *, piece: bytes, pause_s: float = 0) -> int:
        """Send as much as is taken, up to `BIG_BYTES`; gives how much that was."""
        sent = 0
        with contextlib.suppress(OSError):
            while sent < BIG_BYTES:
                await self.send(piece)
                sent += len(piece)
                await asyncio.sleep(pause_s)
        return sent


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A service in a process of its own."""
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    token = issue_token(
        private_key_pem=key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        ).decode(),
        subject="me",
        scopes=["things:write"],
        now=utc_now(),
        lifetime=timedelta(hours=1),
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = Path(__file__).with_name("gate_server.py")
    process = subprocess.Popen([sys.executable, script, str(port), public.decode()])
    try:
        until = time.monotonic() + WAIT_S
        while True:
            with contextlib.suppress(httpx.TransportError):
                httpx.get(f"http://127.0.0.1:{port}/healthz")
                break
            assert process.poll() is None and time.monotonic() < until
            time.sleep(0.1)
        yield Server(port, process.pid, token)
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
async def connection(server: Server) -> AsyncGenerator[Connection]:
    """A connection."""
    async with server.connection() as connection:
        yield connection


LENGTH, CHUNKED = f"Content-Length: {BIG_BYTES}", "Transfer-Encoding: chunked"


@pytest.mark.parametrize(
    ("target", "length", "pause_s"),
    [
        ("POST /things", LENGTH, 0),
        ("POST /things", CHUNKED, 0),
        ("POST /things", CHUNKED, 0.01),
        ("POST /uploads", LENGTH, 0.01),
        ("POST /uploads", CHUNKED, 0),
        ("GET /things", CHUNKED, 0),
        ("POST /no", LENGTH, 0),
    ],
)
async def test_200_mb_without_a_token_are_answered_and_not_read(
    server, connection, target, length, pause_s
):
    before = server.rss_bytes()
    await connection.send(server.head(target, length, "Content-Type: text/csv", token=False))
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    flooding = asyncio.create_task(connection.flood(piece=chunk, pause_s=pause_s))
    answer = await connection.answer()
    assert (answer.status, answer.headers["connection"]) == (
        404 if target.endswith("/no") else 401,
        "close",
    )
    assert answer.kind in {"unauthenticated", "not-found"}
    async with asyncio.timeout(LINGER_TIMEOUT_S + 5):
        taken = await flooding
    assert taken < LINGER_BYTES_MAX + SOCKET_BUFFERS_BYTES
    assert server.rss_bytes() - before < 16 * MIB


async def test_a_token_without_the_scope_has_nothing_read_either(server, connection):
    head = server.head("POST /things", "Content-Length: 1000").replace(
        server.token.encode(), b"x.y.z"
    )
    await connection.send(head)
    assert (await connection.answer()).status == 401


JSON = "Content-Type: application/json"


@pytest.mark.parametrize(
    ("target", "headers", "refusal"),
    [
        ("POST /things", ["Content-Length: 262145", JSON], (413, "too-large")),
        ("POST /uploads", ["Content-Length: 2000001", "Content-Type: text/csv; x=y"],
         (413, "too-large")),
        ("POST /events", ["Content-Length: 1001", JSON], (413, "too-large")),
        ("GET /things", ["Content-Length: 262145"], (413, "too-large")),
        ("GET /healthz", ["Content-Length: 262145"], (413, "too-large")),
        ("GET /docs", ["Content-Length: 262145"], (413, "too-large")),
        ("POST /things", ["Content-Length: 2", JSON, "Content-Encoding: gzip"],
         (415, "unsupported-media-type")),
        ("POST /things", ["Content-Length: 2"], (415, "unsupported-media-type")),
        ("POST /things", ["Content-Length: 2", "Content-Type: multipart/form-data; boundary=x"],
         (415, "unsupported-media-type")),
        ("POST /uploads", ["Content-Length: 2", JSON], (415, "unsupported-media-type")),
        ("POST /things?x=1", ["Content-Length: 2", JSON], (422, "unknown-parameter")),
        ("DELETE /things", ["Content-Length: 2"], (405, "method-not-allowed")),
        ("GET /things", ["Upgrade: websocket", "Connection: upgrade", "Content-Length: 262145"],
         (413, "too-large")),
    ],
)  # fmt: skip
async def test_what_the_head_shows_is_refused_before_a_byte_of_the_body(
    server, connection, target, headers, refusal
):
    await connection.send(server.head(target, *headers))
    answer = await connection.answer()
    assert (answer.status, answer.kind) == refusal
    assert await connection.ended()


async def test_who_waits_for_leave_to_send_a_body_is_not_given_it(server, connection):
    headers = ["Content-Length: 12", "Content-Type: application/json", "Expect: 100-continue"]
    await connection.send(server.head("POST /things", *headers, token=False))
    assert (await connection.answer()).status == 401
    async with server.connection() as other:
        await other.send(server.head("POST /things", *headers))
        assert (await other.answer()).status == 100
        await other.send(b'{"name":"a"}')
        answer = await other.answer()
    assert (answer.status, answer.body) == (200, b'"a by me"')


async def test_a_body_without_a_length_is_counted(server, connection):
    chunked = ["Transfer-Encoding: chunked", "Content-Type: application/json"]
    await connection.send(server.head("POST /things", *chunked))
    flooding = asyncio.create_task(connection.flood(piece=b"400\r\n" + b" " * 1024 + b"\r\n"))
    answer = await connection.answer()
    assert (answer.status, answer.kind) == (413, "too-large")
    assert json.loads(answer.body)["bytes_max"] == JSON_BODY.bytes_max
    assert await flooding < JSON_BODY.bytes_max + LINGER_BYTES_MAX + SOCKET_BUFFERS_BYTES
    async with server.connection() as other:
        await other.send(server.head("POST /things", *chunked))
        await other.send(b'c\r\n{"name":"a"}\r\n0\r\n\r\n')
        assert (await other.answer()).status == 200


async def test_a_body_that_does_not_come_is_not_waited_for(server, connection):
    head = server.head("POST /uploads", "Content-Length: 1000", "Content-Type: text/csv")
    begun = time.monotonic()
    await connection.send(head + b"x" * 10)
    trickle = asyncio.create_task(connection.flood(piece=b"x", pause_s=0.2))
    answer = await connection.answer()
    assert (answer.status, answer.kind) == (408, "body-too-slow")
    assert 1 < time.monotonic() - begun < 10
    assert await trickle < 1000


async def test_more_than_was_announced_is_no_second_request(server, connection):
    head = server.head("POST /things", "Content-Length: 12", "Content-Type: application/json")
    await connection.send(head + b'{"name":"a"}' + b"GET" * 10 + b"\r\n\r\n")
    assert (await connection.answer()).status == 200
    answer = await connection.answer()
    assert (answer.status, answer.kind) == (400, "bad-request")
    assert await connection.ended()


async def test_what_follows_a_refused_body_is_not_taken_for_a_request(server, connection):
    inner = server.head("GET /healthz")
    refused = server.head("POST /things", f"Content-Length: {len(inner)}", token=False)
    await connection.send(refused + inner + inner)
    assert (await connection.answer()).status == 401
    assert await connection.ended()


@pytest.mark.parametrize("head", [b"", b"GET /healthz HTTP/1.1\r\nHost: te"])
async def test_a_head_that_does_not_come_is_not_waited_for(connection, head):
    await connection.send(head)
    answer = await connection.answer()
    assert (answer.status, answer.kind) == (408, "request-timeout")
    assert await connection.ended()


async def test_the_second_head_on_a_connection_is_not_waited_for_either(server, connection):
    await connection.send(server.head("GET /healthz"))
    assert (await connection.answer()).status == 200
    await connection.flood(piece=b"G", pause_s=0.2)
    assert (await connection.answer()).status == 408


@pytest.mark.parametrize(
    "head",
    [
        b"GET /healthz HTTP/1.1\r\nHost: test\r\nX: " + b"x" * HEAD_BYTES_MAX * 2,
        b"GET /" + b"x" * HEAD_BYTES_MAX * 2 + b" HTTP/1.1\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
        b"POST /things HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"POST /things HTTP/1.1\r\nHost: test\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ],
    ids=["long header", "long path", "TLS", "transfer coding", "two lengths"],
)
async def test_what_is_no_request_gets_a_problem(connection, head):
    await connection.send(head)
    answer = await connection.answer()
    assert (answer.status, answer.kind) == (400, "bad-request")
    assert await connection.ended()


async def test_a_refusal_without_a_body_keeps_the_connection(server, connection):
    for _ in range(2):
        await connection.send(server.head("GET /things", token=False))
        assert (await connection.answer()).status == 401
        await connection.send(server.head("GET /things?limit=3"))
        answer = await connection.answer()
        assert (answer.status, answer.body) == (200, b"3")


async def test_parallel_uploads_do_not_take_more_memory_than_there_is(server):
    head = server.head(
        "POST /uploads", f"Content-Length: {UPLOAD_BYTES_MAX}", "Content-Type: text/csv"
    )
    async with server.connection() as first:
        await first.send(head + b"x")
        await asyncio.sleep(0.2)
        async with server.connection() as second:
            await second.send(head)
            answer = await second.answer()
            assert (answer.status, answer.kind) == (503, "too-many-uploads")
            assert int(answer.headers["retry-after"]) > 0
    # Whoever goes away, or is answered, makes room.
    for _ in range(3):
        async with server.connection() as third:
            await third.send(head + b"x" * UPLOAD_BYTES_MAX)
            answer = await third.answer()
            assert (answer.status, answer.body) == (200, b"2000000")


async def test_a_hundred_uploads_at_once_stay_within_memory(server):
    before = server.rss_bytes()
    peak = before

    async def upload() -> int:
        async with server.connection() as one:
            head = ["Transfer-Encoding: chunked", "Content-Type: text/csv"]
            await one.send(server.head("POST /uploads", *head))
            piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
            sending = asyncio.create_task(one.flood(piece=piece))
            answer = await one.answer()
            await sending
            return answer.status

    async with asyncio.TaskGroup() as group:
        uploads = [group.create_task(upload()) for _ in range(100)]
        while not all(each.done() for each in uploads):
            peak = max(peak, server.rss_bytes())
            await asyncio.sleep(0.02)
    assert {each.result() for each in uploads} <= {408, 413, 503}
    assert peak - before < 100 * MIB  # a connection has buffers of half a megabyte
