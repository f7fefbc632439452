"""A provider at whose page payers pay, over HTTP: it checks each signature, makes one page a key,
and refuses a key that comes with another body. Its page only counts who was there."""

import asyncio
import base64
import json
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from ledger_asked import SECRET, OwnLedger, nothing, served
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from prewatt_devstack.ports import free_ports
from prewatt_devstack.services import WEBHOOK_PROVIDER

NAME = "ledger-paying"
LINK_KEYS = {"k1": base64.b64encode(b"1" * 32).decode()}
BODY = {
    "order": "{request_id}",
    "account": "{account_number}",
    "micro": "{amount_micro}",
    "currency": "{currency}",
    "title": "{title}",
    "language": "{language}",
    "back": {"paid": "{return_url}", "not": "{cancel_url}"},
}


@dataclass
class Cashier:
    """What it was asked, and how it answers next."""

    port: int
    answers: tuple[int, dict[str, object]] | None = None
    """In place of a page: a status and a body."""
    before_answer: Callable[[], Awaitable[None]] = nothing
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By the key: what was asked."""
    calls: list[str] = field(default_factory=list)
    visits: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    _bodies: dict[str, bytes] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def settings(self, **more: object) -> dict[str, object]:
        """Of a ledger that asks it."""
        return {
            "kind": "http-json",
            "url": f"{self.url}/orders",
            "page_hosts": [self.url],
            "labels": {"en": "Bank card", "zh-CN": "银行卡"},
            "body": BODY,
            "secret": SECRET,
        } | more

    async def order(self, request: Request) -> Response:
        body = await request.body()
        try:
            Webhook(SECRET).verify(body, dict(request.headers))
        except WebhookVerificationError as error:
            self.faults.append(f"signature: {error!r}")
        key = request.headers.get("idempotency-key", "")
        document = json.loads(body)
        if document["order"] != key:
            self.faults.append(f"body: {document}")
        self.calls.append(key)
        if self.answers is not None:
            status, answer = self.answers
            return JSONResponse(answer, status_code=status)
        if self._bodies.setdefault(key, body) != body:
            self.faults.append(f"key {key} came with another body")
        self.orders[key] = document
        await self.before_answer()
        return JSONResponse({"url": f"{self.url}/pages/{key}"})

    async def page(self, request: Request) -> Response:
        key = request.path_params["key"]
        self.visits.append(key)
        back = self.orders[key]["back"]["paid"]
        return HTMLResponse(
            f"<!doctype html><title>Cashier</title><a id=back href='{back}'>Paid</a>"
        )


@asynccontextmanager
async def cashier() -> AsyncGenerator[Cashier]:
    """It listens until the end, where nothing must have been wrong."""
    (port,) = free_ports(1)
    made = Cashier(port)
    routes = [
        Route("/orders", made.order, methods=["POST"]),
        Route("/pages/{key}", made.page),
    ]
    async with served(routes, port=port):
        yield made
    assert made.faults == []


@dataclass
class Paying(OwnLedger):
    """A ledger with pay links, beside the one of the other tests."""

    name = NAME
    provider: Cashier

    async def makes(
        self, account: dict[str, Any], *, key: str | None = None, **body: Any
    ) -> httpx.Response:
        headers = {"idempotency-key": key or str(uuid4())}
        path = f"/v1/accounts/{account['id']}/pay-links"
        return await self.api.post(path, json=body, headers=headers)

    async def link(self, account: dict[str, Any], **body: Any) -> dict[str, Any]:
        made = await self.makes(account, **body)
        assert made.status_code == 201, made.text
        return made.json()

    async def payments(self, link: dict[str, Any]) -> list[dict[str, Any]]:
        answer = await self.api.get(f"/v1/pay-links/{link['id']}/payments")
        return answer.json()["items"]


@dataclass
class Payer:
    """A browser without a script, at an address of its own."""

    http: httpx.AsyncClient
    url: str

    async def opens(self, **headers: str) -> httpx.Response:
        return await self.http.get(self.url, headers=headers)

    async def form(self, **headers: str) -> dict[str, str]:
        page = await self.opens(**headers)
        assert page.status_code == 200, page.text
        nonce = re.search(r'name="nonce" value="([^"]+)"', page.text)
        assert nonce is not None
        return {"nonce": nonce[1], "other": "", "way": WEBHOOK_PROVIDER}

    async def sends(self, form: dict[str, str], **more: str) -> httpx.Response:
        return await self.http.post(self.url, data=form | more)


@asynccontextmanager
async def paying_ledger(ledger: Any) -> AsyncGenerator[Paying]:
    """Started, and stopped in the end."""
    (port,) = free_ports(1)
    async with (
        cashier() as provider,
        ledger.http("ledger:read", "ledger:write", "ledger:pay-links") as api,
    ):
        env = ledger.stack.service_env("prepay-ledger") | {
            "PREWATT_HTTP_PORT": str(port),
            "PREWATT_INSTANCE_ID": NAME,
            "PREWATT_TRUSTED_PROXY_HOPS": "1",
            "PREWATT_UTILITY_NAME": "Ube Power",
            "PREWATT_PAY_LINK_KEYS": json.dumps(LINK_KEYS),
            "PREWATT_CHECKOUTS": json.dumps({WEBHOOK_PROVIDER: provider.settings()}),
        }
        url = f"http://{env['PREWATT_HTTP_HOST']}:{port}"
        env["PREWATT_PUBLIC_BASE_URL"] = url
        api.base_url = url
        made = Paying(ledger, env, url, api, provider)
        await made.start()
        yield made
        await asyncio.to_thread(ledger.stack.stop, NAME)


_addresses = iter(range(1, 250))


def payer(link: dict[str, Any], address: str | None = None) -> Payer:
    """Each comes from an address of its own, unless told."""
    headers = {"x-forwarded-for": address or f"203.0.113.{next(_addresses)}"}
    return Payer(httpx.AsyncClient(headers=headers, timeout=60), link["url"])
