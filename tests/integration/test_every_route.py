"""Every route of every service, as its bootstrap makes it: nobody gets past the gate unseen."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from service_apps import PACKAGES, SCOPES, app_of, token

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
    "notifier": {
        "GET /n",
        "POST /n",
        "GET /v1/receipts/sms/{notice_id}/{signature}",
        "POST /v1/receipts/sms/{secret}",
        "POST /v1/inbound-messages/sms/{secret}",
        "POST /v1/receipts/email/{secret}",
        "POST /v1/receipts/voice/{secret}",
    },
    "prepay_ledger": {
        "POST /v1/webhooks/payments/{provider}",
        "GET /v1/receipt-keys",
        "GET /p/{token}",
        "POST /p/{token}",
        "GET /p/{token}/done",
    },
}
"""What besides is open to all: whoever adds to these lists says why in the route's declaration."""
PASSES_OVER = {"GET /p/{token}", "POST /p/{token}", "GET /p/{token}/done"}
"""Pages whose address apps and providers add parameters to."""
BODY = {"content-type": "application/json", "content-length": "1000"}


@pytest.fixture(params=PACKAGES)
async def service(request, monkeypatch) -> AsyncGenerator[tuple[str, FastAPI]]:
    """A service's app; nothing that it would speak to is there."""
    package = request.param
    if package == "meter_gateway":
        # It reads all meters before it serves.
        async def nothing(_: object) -> AsyncIterator[list[str]]:
            for ids in ():
                yield ids

        monkeypatch.setattr("meter_gateway.bootstrap.PostgresDevices.all_ids", nothing)
    nowhere = "postgresql+asyncpg://u:p@127.0.0.1:1/none"
    async with app_of(package, monkeypatch, database_url=nowhere) as app:
        yield package, app


def routes(app: FastAPI) -> list[str]:
    """Every method and path."""
    found = [
        f"{method} {context.path}"
        for context in iter_route_contexts(app.routes)
        for method in context.methods or ["any"]
    ]
    assert len(found) > len(PUBLIC), "routes are found"
    return found


async def call(
    app: FastAPI, route: str, headers: dict[str, str], query: str = ""
) -> dict[str, Any]:
    """The refusal's problem; of the body not a byte was asked for before it was complete."""
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
    problem = json.loads(sent[1]["body"])
    assert problem["status"] == sent[0]["status"]
    return problem


async def status_of(app: FastAPI, route: str, headers: dict[str, str]) -> int:
    """The status of the refusal."""
    return (await call(app, route, headers))["status"]


async def test_every_route_but_these_wants_a_token_before_it_reads(service):
    name, app = service
    for route in routes(app):
        if route in PUBLIC | SERVICES[name]:
            continue
        assert await status_of(app, route, BODY) == 401, route
        assert await status_of(app, route, BODY | {"authorization": "Bearer x"}) == 401, route
        assert await status_of(app, route, BODY | token("other:read")) == 403, route


async def test_what_is_open_is_what_is_listed(service):
    name, app = service
    assert PUBLIC | SERVICES[name] <= set(routes(app))


async def test_every_route_has_a_limit_and_knows_its_parameters(service):
    _, app = service
    huge = BODY | {"content-length": str(10**9), "content-type": "text/csv"} | token(*SCOPES)
    for route in routes(app):
        unknown = await call(app, route, huge, "no_such_parameter=1")
        if route in PASSES_OVER:
            assert unknown["status"] in {413, 415}, route
        else:
            assert (unknown["status"], unknown["parameter"]) == (422, "no_such_parameter"), route
            assert "'no_such_parameter' is unknown here" in unknown["detail"], route
        assert await status_of(app, route, huge) in {413, 415}, route
        json_body = huge | {"content-type": "application/json"}
        assert await status_of(app, route, json_body) in {413, 415}, route
