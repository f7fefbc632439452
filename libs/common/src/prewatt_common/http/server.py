"""uvicorn, with limits on the head of a request too.

h11 and not httptools: it bounds a head, a chunk's header and trailers, and reads nothing of a
request before the one before it is answered.
"""

import asyncio
import json
from http import HTTPStatus
from typing import Any, cast

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

HEAD_BYTES_MAX = 16 * 1024
HEAD_TIMEOUT_S = 10.0
KEEP_ALIVE_S = 15
"""For the first byte of the next request on a connection."""
_LINGER_S = 1.0
_STOP_TIMEOUT_S = 5


def server_config(app: FastAPI, *, host: str, port: int) -> uvicorn.Config:
    """How every service is served."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=BoundedProtocol,
        ws="none",
        h11_max_incomplete_event_size=HEAD_BYTES_MAX,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=_STOP_TIMEOUT_S,
        log_config=None,
        access_log=False,
        # What says where a request came from is read where it is needed (`client_address.py`), and
        # only from proxies of ours.
        proxy_headers=False,
    )


class BoundedProtocol(H11Protocol):
    """Waits for a request's head `HEAD_TIMEOUT_S`, and says what was wrong with one as a problem.

    uvicorn has a limit for the time between requests only.
    """

    _late: asyncio.TimerHandle | None = None
    _closing = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        if self._closing:
            return
        super().data_received(data)
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_watching()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        self._refuse(
            HTTPStatus.BAD_REQUEST,
            f"{msg} It is not HTTP/1.1, or its head is over {HEAD_BYTES_MAX} bytes; nothing was "
            "done.",
        )

    def _head_is_late(self) -> None:
        self._refuse(
            HTTPStatus.REQUEST_TIMEOUT,
            f"The head of the request was not here after {HEAD_TIMEOUT_S:g} s; nothing was done.",
        )

    @property
    def _current(self) -> RequestResponseCycle | None:
        """The request that is being answered."""
        cycle = cast(RequestResponseCycle | None, self.cycle)
        return None if cycle is None or cycle.response_complete else cycle

    def _watch_head(self) -> None:
        if self._current is not None or self._closing:
            self._stop_watching()
        elif self._late is None:
            self._late = self.loop.call_later(HEAD_TIMEOUT_S, self._head_is_late)

    def _stop_watching(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        """Answer what is no request, and end the connection so that the answer is seen."""
        if self._closing or self.transport.is_closing():
            return
        self._closing = True
        self._stop_watching()
        if self._current is None or not self._current.response_started:
            self.transport.write(_answer(status, detail))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(_LINGER_S, self.transport.close)


def _answer(status: HTTPStatus, detail: str) -> bytes:
    kind = status.phrase.lower().replace(" ", "-")
    problem: dict[str, Any] = {
        "type": f"urn:prewatt:problem:{kind}",
        "title": status.phrase,
        "status": status,
        "detail": detail,
    }
    body = json.dumps(problem).encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n"
        "content-type: application/problem+json\r\n"
        f"content-length: {len(body)}\r\n"
        "connection: close\r\n\r\n"
    )
    return head.encode() + body
