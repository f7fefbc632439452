"""A provider that is asked to give money back, stricter than any: over HTTP, it checks each
signature, and that the same idempotency key always comes with the same body; it gives back once a
key."""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import httpx
from ledger_asked import API_KEY, SECRET, nothing, served
from pydantic import TypeAdapter
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from prepay_ledger.providers.values import Told
from prepay_ledger.refunders.configured import ConfiguredRefunder
from prepay_ledger.refunders.values import BackRequest, Through
from prewatt_devstack.ports import free_ports

BODY = {
    "order": "{request_id}",
    "payment": "{payment_id}",
    "account": "{account_number}",
    "amount": {"value": "{amount}", "micro": "{amount_micro}", "currency": "{currency}"},
}


@dataclass
class Giver:
    """What it was asked, and how it answers next."""

    port: int
    answers: tuple[int, dict[str, object]] | None = None
    """In place of taking what is asked: a status and a body."""
    status: str = "pending"
    """Of a refund at Stripe."""
    gives: int | None = None
    """At Stripe, in minor units, in place of what was asked for."""
    before_answer: Callable[[], Awaitable[None]] = nothing
    """Once it has given back."""
    given: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    """By the key: the body, and the refund's id."""
    calls: list[str] = field(default_factory=list)
    """Keys, as they came."""
    looks: list[str] = field(default_factory=list)
    """Ids of refunds that it was asked about."""
    faults: list[str] = field(default_factory=list)

    def settings(self, kind: str = "http-json") -> dict[str, object]:
        """Of a ledger that asks it."""
        url = f"http://127.0.0.1:{self.port}"
        if kind == "stripe":
            return {"kind": kind, "api_key": API_KEY, "url": f"{url}/stripe"}
        return {
            "kind": kind,
            "url": f"{url}/json",
            "headers": {"x-merchant": "ours"},
            "body": BODY,
            "secret": SECRET,
            "movement_id": "refund.id",
            "code": "error.code",
        }

    async def json(self, request: Request) -> Response:
        body = await request.body()
        try:
            Webhook(SECRET).verify(body, dict(request.headers))
        except WebhookVerificationError as error:
            self.faults.append(f"signature: {error!r}")
        key = request.headers.get("idempotency-key", "")
        document = json.loads(body)
        if document["order"] != key or not isinstance(document["amount"]["micro"], int):
            self.faults.append(f"body: {document}")
        return await self._taken(key, body, lambda refund: {"refund": {"id": refund}})

    async def stripe(self, request: Request) -> Response:
        body = await request.body()
        form = dict(parse_qsl(body.decode(), strict_parsing=True))
        key = request.headers.get("idempotency-key", "")
        right = {
            "authorization": request.headers.get("authorization") == f"Bearer {API_KEY}",
            "metadata": form["metadata[request_id]"] == key,
            "amount": form["amount"].isdecimal(),
        }
        self.faults += [name for name, holds in right.items() if not holds]
        return await self._taken(key, body, lambda refund: self._refund(refund, form["amount"]))

    async def one(self, request: Request) -> Response:
        """A refund at Stripe, as it stands."""
        found = request.path_params["refund_id"]
        self.looks.append(found)
        bodies = {refund: body for body, refund in self.given.values()}
        form = dict(parse_qsl(bodies[found].decode()))
        return JSONResponse(self._refund(found, form["amount"]))

    def _refund(self, refund_id: str, amount: str) -> dict[str, object]:
        return {
            "id": refund_id, "object": "refund", "status": self.status,
            "amount": int(amount) if self.gives is None else self.gives,
            "currency": "cny",
        }  # fmt: skip

    async def _taken(
        self, key: str, body: bytes, taken: Callable[[str], dict[str, object]]
    ) -> Response:
        self.calls.append(key)
        if self.answers is not None:
            status, answer = self.answers
            return JSONResponse(answer, status_code=status)
        first, refund = self.given.setdefault(key, (body, f"re_{len(self.given)}"))
        if first != body:
            self.faults.append(f"key {key} came with another body")
        await self.before_answer()
        return JSONResponse(taken(refund))


@asynccontextmanager
async def giver() -> AsyncGenerator[Giver]:
    """It listens until the end, where nothing must have been wrong."""
    (port,) = free_ports(1)
    made = Giver(port)
    routes = [
        Route("/json", made.json, methods=["POST"]),
        Route("/stripe", made.stripe, methods=["POST"]),
        Route("/stripe/{refund_id}", made.one, methods=["GET"]),
    ]
    async with served(routes, port=port):
        yield made
    assert made.faults == []


SETTINGS: TypeAdapter[Any] = TypeAdapter(ConfiguredRefunder)
REQUEST = BackRequest(
    id=UUID("01978a3c-5f1e-7000-8000-000000000001"),
    payment_id="pi_1",
    paid_micro=50_000_000,
    amount_micro=12_340_000,
    currency="CNY",
    account_number="000000017",
    movement_id="re_1",
)


async def ask(settings, *answers, request=REQUEST, look=False):
    """What came back, and what was sent."""
    sent: list[httpx.Request] = []

    def handler(got: httpx.Request) -> httpx.Response:
        answer = answers[len(sent)]
        sent.append(got)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, bytes):
            return httpx.Response(200, content=answer)
        status, document = answer
        return httpx.Response(status, json=document)

    async with httpx.AsyncClient(transport=httpx.MockTransport(handler)) as client:
        refunder = SETTINGS.validate_python(settings).refunder(client)
        return await (refunder.look if look else refunder.ask)(request), sent


def through(found) -> Told:
    assert isinstance(found, Through), found
    return found.told
