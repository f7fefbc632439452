"""Asking a peer by HTTP: what no answer means, and what a status says where nothing else does."""

import asyncio
from http import HTTPStatus

import httpx

from notifier.channels.ports import PeerDown, PermanentFailure, TransientFailure

_ABOUT_US = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
}
"""Refusals of the sender and not of the notice: somebody puts them right, then it goes."""
_NOT_NOW = {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
"""The gateway has nobody to hand it to, whatever it is."""
_ANSWER_MAX = 200


def failure_of(status_code: int, answer: str) -> PermanentFailure | TransientFailure:
    """HTTP's 4xx refuses the notice, unless it is about us; anything else may pass."""
    detail = f"{status_code} {answer.strip()[:_ANSWER_MAX]}"
    if status_code in _ABOUT_US or status_code in _NOT_NOW:
        return PeerDown(detail)
    return PermanentFailure(detail) if 400 <= status_code < 500 else TransientFailure(detail)


async def ask(client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    """The answer, whatever its status. Raises `PeerDown` where there is none."""
    try:
        return await client.send(request)
    except httpx.HTTPError as error:
        # Not the error's text: it may name the URL, and that may hold a password.
        raise PeerDown(f"no answer from the gateway: {type(error).__name__}") from error


async def takes_connections(address: str) -> str:
    """A readiness check of the peer at a URL. Asking more would send something."""
    url = httpx.URL(address)
    port = url.port or (443 if url.scheme == "https" else 80)
    _, writer = await asyncio.open_connection(url.host, port)
    writer.close()
    await writer.wait_closed()
    return "takes connections"


def make_client(*, timeout_s: float, connections_max: int) -> httpx.AsyncClient:
    """A client with as many connections as there are deliveries at a time."""
    limits = httpx.Limits(max_connections=connections_max)
    return httpx.AsyncClient(timeout=timeout_s, limits=limits, follow_redirects=False)
