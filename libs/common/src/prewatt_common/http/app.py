"""The FastAPI app of a service: its routers plus health, readiness and metrics."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from threading import Lock
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, FastAPI, Query, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from fastapi.routing import APIRoute, iter_route_contexts
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, ConfigDict

from prewatt_common.http.auth import public
from prewatt_common.http.gate import Gate
from prewatt_common.http.openapi import describe, operation_id
from prewatt_common.http.problems import install_problem_handlers
from prewatt_common.http.rules import Rule, rules_of
from prewatt_common.metrics import CONSUMING
from prewatt_common.workers import NotRunning

Check = Callable[[], Awaitable[str]]
"""Looks at one dependency; gives a word or two on its state, raises where it is not usable."""

CHECK_TIMEOUT_S = 2.0
_NOTHING: Mapping[str, Any] = {}
_DOCUMENT = "/openapi.json"

_WITHIN = (
    "For a probe that gates the start: the answer is 200 once this many seconds have passed since "
    "the start, for HTTP is wanted also where Kafka is away."
)


class AliveOut(BaseModel):
    """The process answers."""

    status: Literal["ok"]


class StateOut(BaseModel):
    """Of one thing that is needed, in a word or two."""

    ok: bool
    detail: str


class ReadyOut(BaseModel):
    """``status``: ready, or consuming, or not so. ``checks``: of each thing by its name."""

    status: str
    checks: dict[str, StateOut]
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"status": "ready", "checks": {"postgres": {"ok": True, "detail": "ok"}}}]
        }
    )


_READINESS: dict[int | str, dict[str, Any]] = {
    200: {"description": "So, and how each thing is", "model": ReadyOut},
    503: {"description": "Not so, and why", "model": ReadyOut},
}


class _App(FastAPI):
    """Its document is made when somebody asks for it: that takes longer than the rest of a start,
    and whoever waits in the dark has no use for it."""

    def __init__(self, *, documented_by: Mapping[str, Any], **settings: Any) -> None:
        super().__init__(**settings)
        self.rules: Sequence[Rule] = ()
        self._documented_by = documented_by
        self._document: dict[str, Any] | None = None
        self._making = Lock()

    def openapi(self) -> dict[str, Any]:
        with self._making:
            if self._document is None:
                self._document = describe(
                    super().openapi(),
                    rules=self.rules,
                    titled=_titled(self),
                    **self._documented_by,
                )
            return self._document


def create_app(
    *,
    name: str,
    summary: str,
    auth_public_key: str,
    routers: Sequence[APIRouter],
    checks: Mapping[str, Check],
    consuming: Mapping[str, Check],
    tags: Mapping[str, str] = _NOTHING,
    examples: Mapping[str, Any] = _NOTHING,
    trusted_proxy_hops: int = 0,
) -> FastAPI:
    """An app behind its gate, with problem+json errors and what operates it: ``/healthz``,
    ``/readyz``, ``/readyz/consume`` and ``/metrics``.

    ``checks`` are what the routes need, ``consuming`` is what the service does besides. ``tags``
    says what each of the routers' is about, and ``examples`` what fields are like, by name.
    ``trusted_proxy_hops``: as of `ServiceSettings`. Raises `UndeclaredRoute` for a route that does
    not say who may call it.
    """
    app = _App(
        title=f"Prewatt {name}",
        summary=summary,
        version="0.1.0",
        generate_unique_id_function=operation_id,
        redirect_slashes=False,
        openapi_url=None,  # by a route of ours
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        documented_by={"tags": tags, "values": examples},
    )
    install_problem_handlers(app)
    for router in routers:
        app.include_router(router)
    app.include_router(_operations(checks, consuming))
    app.include_router(_pages(app))
    rules = app.rules = rules_of(app)
    app.add_middleware(
        Gate,
        rules=rules,
        auth_public_key=auth_public_key,
        trusted_proxy_hops=trusted_proxy_hops,
    )
    return app


def _titled(app: FastAPI) -> frozenset[str]:
    """The ids of operations whose route says a summary itself."""
    routes = (context.original_route for context in iter_route_contexts(app.routes))
    return frozenset(
        each.unique_id for each in routes if isinstance(each, APIRoute) and each.summary
    )


def _pages(app: FastAPI) -> APIRouter:
    """Of documentation."""
    router = APIRouter(
        dependencies=[Depends(public(because="documentation"))], include_in_schema=False
    )

    @router.api_route(_DOCUMENT, methods=["GET", "HEAD"])
    async def document() -> JSONResponse:
        # Made in seconds, in which others are answered.
        return JSONResponse(await asyncio.to_thread(app.openapi))

    @router.api_route("/docs", methods=["GET", "HEAD"])
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(openapi_url=_DOCUMENT, title=app.title)

    return router


def _operations(checks: Mapping[str, Check], consuming: Mapping[str, Check]) -> APIRouter:
    router = APIRouter(
        tags=["operations"],
        dependencies=[Depends(public(because="probes and scrapers carry no token"))],
    )
    made_at = time.monotonic()

    @router.get("/healthz", summary="The process is alive")
    async def healthz() -> AliveOut:
        return AliveOut(status="ok")

    @router.get("/readyz", summary="What the routes need is there", responses=_READINESS)
    async def readyz() -> JSONResponse:
        return _answer(await _states_of(checks), "ready")

    @router.get(
        "/readyz/consume",
        summary="What the service does besides HTTP, runs",
        responses=_READINESS,
    )
    async def readyz_consume(
        within_s: Annotated[float | None, Query(ge=0, description=_WITHIN)] = None,
    ) -> JSONResponse:
        waited = within_s is not None and time.monotonic() - made_at >= within_s
        return _answer(await _states_of(consuming), "consuming", good_enough=waited)

    @router.get("/metrics", summary="Prometheus metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        for name, (ok, _) in (await _states_of(consuming)).items():
            CONSUMING.labels(name).set(ok)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router


async def _states_of(checks: Mapping[str, Check]) -> dict[str, tuple[bool, str]]:
    states = await asyncio.gather(*(_state_of(check) for check in checks.values()))
    return dict(zip(checks, states, strict=True))


def _answer(
    states: Mapping[str, tuple[bool, str]], good: str, *, good_enough: bool = False
) -> JSONResponse:
    all_ok = all(ok for ok, _ in states.values())
    body = {
        "status": good if all_ok else f"not {good}",
        "checks": {name: {"ok": ok, "detail": detail} for name, (ok, detail) in states.items()},
    }
    status = HTTPStatus.OK if all_ok or good_enough else HTTPStatus.SERVICE_UNAVAILABLE
    return JSONResponse(body, status)


async def _state_of(check: Check) -> tuple[bool, str]:
    try:
        return True, await asyncio.wait_for(check(), CHECK_TIMEOUT_S)
    except NotRunning as reason:
        return False, str(reason)
    except TimeoutError:
        return False, f"no answer in {CHECK_TIMEOUT_S} s"
    except Exception as error:  # noqa: BLE001 - whatever a dependency raises is its state
        return False, f"{type(error).__name__}: {error}"
