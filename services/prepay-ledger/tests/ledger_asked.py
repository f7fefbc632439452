"""A provider that is asked for money, stricter than any: over HTTP, it checks each signature, and
that the same idempotency key always comes with the same body; it charges once a key."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qsl
from uuid import uuid4

import httpx
import uvicorn
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from prewatt_devstack.ports import free_ports

SECRET = "whsec_" + "c3RyaWN0LXByb3ZpZGVyLXNlY3JldA=="
API_KEY = "rk_test_of_nobody"
BODY = {
    "mandate": "{reference}",
    "order": "{request_id}",
    "account": "{account_number}",
    "amount": {"value": "{amount}", "micro": "{amount_micro}", "currency": "{currency}"},
}


async def nothing() -> None: ...


@dataclass
class Asked:
    """What it was asked, and how it answers next."""

    port: int
    answers: tuple[int, dict[str, object]] | None = None
    """In place of taking what is asked: a status and a body."""
    before_answer: Callable[[], Awaitable[None]] = nothing
    """Once it has charged."""
    charged: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    """By the key: the body, and the payment's id."""
    calls: list[str] = field(default_factory=list)
    """Keys, as they came."""
    faults: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def settings(self, kind: str = "http-json") -> dict[str, object]:
        """Of a ledger that asks it."""
        if kind == "stripe":
            return {"kind": kind, "api_key": API_KEY, "url": f"{self.url}/stripe"}
        return {
            "kind": kind,
            "url": f"{self.url}/json",
            "headers": {"x-merchant": "ours"},
            "body": BODY,
            "secret": SECRET,
            "payment_id": "payment.id",
            "code": "error.code",
            "for_good": ["mandate_revoked"],
        }

    async def json(self, request: Request) -> Response:
        body = await request.body()
        try:
            Webhook(SECRET).verify(body, dict(request.headers))
        except WebhookVerificationError as error:
            self.faults.append(f"signature: {error!r}")
        if request.headers.get("x-merchant") != "ours":
            self.faults.append("the header of the settings is not there")
        key = request.headers.get("idempotency-key", "")
        document = json.loads(body)
        if document["order"] != key or not isinstance(document["amount"]["micro"], int):
            self.faults.append(f"body: {document}")
        return await self._taken(key, body, lambda payment: {"payment": {"id": payment}})

    async def stripe(self, request: Request) -> Response:
        body = await request.body()
        form = dict(parse_qsl(body.decode(), strict_parsing=True))
        key = request.headers.get("idempotency-key", "")
        right = {
            "authorization": request.headers.get("authorization") == f"Bearer {API_KEY}",
            "metadata": form["metadata[request_id]"] == key,
            "confirm": (form["confirm"], form["off_session"]) == ("true", "true"),
            "currency": form["currency"].islower(),
            "amount": form["amount"].isdecimal(),
            "customer": form["customer"].startswith("cus_"),
            "method": form["payment_method"].startswith("pm_"),
        }
        self.faults += [name for name, holds in right.items() if not holds]
        return await self._taken(key, body, lambda payment: {"id": payment, "status": "succeeded"})

    async def _taken(
        self, key: str, body: bytes, taken: Callable[[str], dict[str, object]]
    ) -> Response:
        self.calls.append(key)
        if self.answers is not None:
            status, answer = self.answers
            return JSONResponse(answer, status_code=status)
        first, payment = self.charged.setdefault(key, (body, f"pi_{uuid4().hex}"))
        if first != body:
            self.faults.append(f"key {key} came with another body")
        await self.before_answer()
        return JSONResponse(taken(payment))


@dataclass
class OwnLedger:
    """A ledger with settings of its own, as the service ``name``, beside the one of other tests."""

    name: ClassVar[str]
    ledger: Any
    env: dict[str, str]
    url: str
    api: httpx.AsyncClient

    async def start(self) -> None:
        await asyncio.to_thread(
            self.ledger.stack.start_service,
            self.name,
            [sys.executable, "-m", "prepay_ledger"],
            env=self.env,
            ready_url=f"{self.url}/readyz",
        )

    async def kill(self) -> None:
        await asyncio.to_thread(self.ledger.stack.kill, self.name)


@asynccontextmanager
async def served(routes: list[Route], *, port: int) -> AsyncGenerator[None]:
    """A peer over HTTP, on this machine."""
    config = uvicorn.Config(
        Starlette(routes=routes), host="127.0.0.1", port=port, log_level="error", lifespan="off"
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[method-assign]
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - the library has no event
        await asyncio.sleep(0.01)
    yield
    server.should_exit = True
    await serving


@asynccontextmanager
async def asked_provider() -> AsyncGenerator[Asked]:
    """It listens until the end, where nothing must have been wrong."""
    (port,) = free_ports(1)
    asked = Asked(port)
    routes = [
        Route("/json", asked.json, methods=["POST"]),
        Route("/stripe", asked.stripe, methods=["POST"]),
    ]
    async with served(routes, port=port):
        yield asked
    assert asked.faults == []
