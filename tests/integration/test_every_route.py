"""Every route of every service, as its bootstrap makes it: nobody gets past the gate unseen."""

import importlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from prewatt_common.clock import utc_now
from prewatt_common.http.auth import issue_token

PUBLIC = {
    "GET /docs",
    "HEAD /docs",
    "GET /openapi.json",
    "HEAD /openapi.json",
    "GET /healthz",
    "GET /readyz",
    "GET /readyz/consume",
    "GET /metrics",
}
SERVICES = {
    "billing": set[str](),
    "meter_gateway": set[str](),
    "notifier": set[str](),
    "prepay_ledger": {"POST /v1/webhooks/payments/{provider}"},
}
"""What besides is open to all: whoever adds to these lists says why in the route's declaration."""
SCOPES = [f"{who}:{what}" for who in ("billing", "gateway", "ledger", "notifier") for what in
          ("read", "write")]  # fmt: skip
KEY = Ed25519PrivateKey.generate()
BODY = {"content-type": "application/json", "content-length": "1000"}


@pytest.fixture(params=SERVICES)
async def service(request, monkeypatch) -> tuple[str, FastAPI]:
    """A service's app; nothing that it would speak to is there."""
    package = request.param
    bootstrap = importlib.import_module(f"{package}.bootstrap")
    if package == "meter_gateway":

        async def nothing(_: object) -> AsyncIterator[list[str]]:
            for ids in ():
                yield ids

        monkeypatch.setattr(bootstrap.PostgresDevices, "all_ids", nothing)
    served: list[FastAPI] = []

    async def serve(*, app: FastAPI, **_: object) -> None:
        served.append(app)

    monkeypatch.setattr(bootstrap, "serve", serve)
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    private = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    monkeypatch.setenv("PREWATT_DATABASE_URL", "postgresql+asyncpg://u:p@127.0.0.1:1/none")
    monkeypatch.setenv("PREWATT_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    monkeypatch.setenv("PREWATT_AUTH_PUBLIC_KEY", public.decode())
    monkeypatch.setenv("PREWATT_COMMAND_SIGNING_KEY", private.decode())
    monkeypatch.setenv("PREWATT_COMMAND_KEY_ID", "test")
    settings = importlib.import_module(f"{package}.settings")
    await bootstrap.run(_settings_type(settings)())
    (app,) = served
    return package, app


def _settings_type(module: Any) -> Any:
    (found,) = (
        each
        for name, each in vars(module).items()
        if name.endswith("Settings") and name not in {"ServiceSettings", "BaseSettings"}
    )
    return found


def token(*scopes: str) -> dict[str, str]:
    """A header."""
    private = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    issued = issue_token(
        private_key_pem=private,
        subject="test",
        scopes=scopes,
        now=utc_now(),
        lifetime=timedelta(minutes=5),
    )
    return {"authorization": f"Bearer {issued}"}


def routes(app: FastAPI) -> list[str]:
    """Every method and path."""
    found = [
        f"{method} {context.path}"
        for context in iter_route_contexts(app.routes)
        for method in context.methods or ["any"]
    ]
    assert len(found) > len(PUBLIC), "routes are found"
    return found


async def call(app: FastAPI, route: str, headers: dict[str, str], query: str = "") -> int:
    """The status of the refusal; of the body not a byte was asked for before it was complete."""
    method, path = route.split()
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        assert len(sent) == 2, "the answer goes out before the body is looked at"
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path.replace("{", "").replace("}", ""),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    await app(scope, receive, send)
    assert (b"content-type", b"application/problem+json") in sent[0]["headers"]
    assert (b"connection", b"close") in sent[0]["headers"]
    return sent[0]["status"]


async def test_every_route_but_these_wants_a_token_before_it_reads(service):
    name, app = service
    for route in routes(app):
        if route in PUBLIC | SERVICES[name]:
            continue
        assert await call(app, route, BODY) == 401, route
        assert await call(app, route, BODY | {"authorization": "Bearer x"}) == 401, route
        assert await call(app, route, BODY | token("other:read")) == 403, route


async def test_what_is_open_is_what_is_listed(service):
    name, app = service
    assert PUBLIC | SERVICES[name] <= set(routes(app))


async def test_every_route_has_a_limit_and_knows_its_parameters(service):
    _, app = service
    huge = BODY | {"content-length": str(10**9), "content-type": "text/csv"} | token(*SCOPES)
    for route in routes(app):
        assert await call(app, route, huge, "no_such_parameter=1") == 422, route
        assert await call(app, route, huge) in {413, 415}, route
        json_body = huge | {"content-type": "application/json"}
        assert await call(app, route, json_body) in {413, 415}, route
