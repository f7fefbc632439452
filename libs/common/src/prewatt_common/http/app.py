"""The FastAPI app of a service: its routers plus health, readiness and metrics."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus

from fastapi import APIRouter, Depends, FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from prewatt_common.http.auth import public
from prewatt_common.http.gate import Gate
from prewatt_common.http.problems import PROBLEM_RESPONSES, install_problem_handlers
from prewatt_common.http.rules import rules_of

Check = Callable[[], Awaitable[str]]
"""Looks at one dependency; gives a word or two on its state, raises where it is not usable."""

CHECK_TIMEOUT_S = 2.0


def create_app(
    *,
    name: str,
    summary: str,
    auth_public_key: str,
    routers: Sequence[APIRouter],
    checks: Mapping[str, Check],
) -> FastAPI:
    """An app behind its gate, with problem+json errors, ``/healthz``, ``/readyz`` and
    ``/metrics``. Raises `UndeclaredRoute` for a route that does not say who may call it."""
    app = FastAPI(
        title=f"Prewatt {name}",
        summary=summary,
        version="0.1.0",
        responses=PROBLEM_RESPONSES,
        redirect_slashes=False,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    install_problem_handlers(app)
    for router in routers:
        app.include_router(router)
    app.include_router(_operations(checks))
    app.add_middleware(Gate, rules=rules_of(app), auth_public_key=auth_public_key)
    return app


def _operations(checks: Mapping[str, Check]) -> APIRouter:
    router = APIRouter(
        tags=["operations"],
        dependencies=[Depends(public(because="probes and scrapers carry no token"))],
    )

    @router.get("/healthz", summary="The process is alive")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/readyz", summary="The process and everything it depends on is ready")
    async def readyz() -> JSONResponse:
        states = await asyncio.gather(*(_state_of(check) for check in checks.values()))
        ready = all(ok for ok, _ in states)
        body = {
            "status": "ready" if ready else "not ready",
            "checks": {
                name: {"ok": ok, "detail": detail}
                for name, (ok, detail) in zip(checks, states, strict=True)
            },
        }
        return JSONResponse(body, HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE)

    @router.get("/metrics", summary="Prometheus metrics")
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router


async def _state_of(check: Check) -> tuple[bool, str]:
    try:
        return True, await asyncio.wait_for(check(), CHECK_TIMEOUT_S)
    except TimeoutError:
        return False, f"no answer in {CHECK_TIMEOUT_S} s"
    except Exception as error:  # noqa: BLE001 - whatever a dependency raises is its state
        return False, f"{type(error).__name__}: {error}"
