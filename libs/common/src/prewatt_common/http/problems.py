"""Errors as ``application/problem+json`` (RFC 9457)."""

import json
import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, IntegrityError
from starlette.exceptions import HTTPException

from prewatt_common.db.database import PASSING_FAULTS, is_passing_fault
from prewatt_common.refusals import Refusal

logger = logging.getLogger(__name__)

_ERRORS_SHOWN = 100
_ERRORS_TOLD = 3
_PLACE_CHARS_MAX = 200
_TAKEN = ("23505", "23P01")
"""PostgreSQL's unique_violation and exclusion_violation."""


class Problem(Exception):
    """An answer that is an error. Subclass it per kind, or raise it as it is.

    ``detail`` says what happened, what was kept and what to do; ``extra`` members are added to
    the body.
    """

    def __init__(self, *, status: HTTPStatus, kind: str, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.extra = extra
        self.headers: dict[str, str] = {}


def problem_response(problem: Problem) -> Response:
    """``problem`` as an answer. Half a surrogate pair, which a caller may send in JSON, is no
    text that UTF-8 can hold: it comes back as a question mark."""
    body = {
        "type": f"urn:prewatt:problem:{problem.kind}",
        "title": problem.kind.replace("-", " ").capitalize(),
        "status": problem.status,
        "detail": problem.detail,
        **problem.extra,
    }
    text = json.dumps(jsonable_encoder(body), ensure_ascii=False)
    return Response(
        text.encode("utf-8", "replace"),
        problem.status,
        problem.headers,
        media_type="application/problem+json",
    )


def install_problem_handlers(app: FastAPI) -> None:
    """Make every error of ``app`` answer problem+json."""

    async def problem(_: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return problem_response(error)

    async def refused(_: Request, error: Exception) -> Response:
        assert isinstance(error, Refusal)
        return problem_response(Problem(status=error.status, kind=error.kind, detail=f"{error}."))

    async def invalid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return problem_response(_invalid(error))

    async def http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return problem_response(_of_framework(error))

    async def made_meanwhile(request: Request, error: Exception) -> Response:
        assert isinstance(error, IntegrityError)
        if getattr(error.orig, "sqlstate", None) not in _TAKEN:
            raise error
        constraint = getattr(getattr(error.orig, "__cause__", None), "constraint_name", None)
        logger.warning("%s: %s is taken; answered 409", _route(request), constraint)
        return problem_response(
            Problem(
                status=HTTPStatus.CONFLICT,
                kind="conflict",
                detail="Somebody else made the same at the same time; nothing was changed.",
            )
        )

    async def passing(request: Request, error: Exception) -> Response:
        if not is_passing_fault(error):
            raise error
        logger.warning("%s: %r; answered 503", _route(request), error)
        unavailable = Problem(
            status=HTTPStatus.SERVICE_UNAVAILABLE,
            kind="unavailable",
            detail="The service did not reach its database, or was not served by it in time; this "
            "request is not confirmed. Send it again in a second; if that goes on, /readyz and "
            "/readyz/consume say what is wrong.",
        )
        unavailable.headers["Retry-After"] = "1"
        return problem_response(unavailable)

    async def unexpected(request: Request, error: Exception) -> Response:
        logger.error("unexpected error on %s", _route(request), exc_info=error)
        return problem_response(
            Problem(
                status=HTTPStatus.INTERNAL_SERVER_ERROR,
                kind="internal-error",
                detail="This is a fault of the service, and is in its log; this request is not "
                "confirmed. If it fails again, tell whoever runs the service the time and path.",
            )
        )

    app.add_exception_handler(Problem, problem)
    app.add_exception_handler(Refusal, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    for kind in (*PASSING_FAULTS, DBAPIError):
        app.add_exception_handler(kind, passing)
    app.add_exception_handler(IntegrityError, made_meanwhile)
    app.add_exception_handler(Exception, unexpected)


def _route(request: Request) -> str:
    """As it was declared, for the log: in the address itself a secret may stand."""
    route = request.scope.get("route")
    return getattr(route, "path", "an address that nobody serves")


def _invalid(error: RequestValidationError) -> Problem:
    found = error.errors()
    errors = [
        {"at": "/".join(map(str, item["loc"]))[:_PLACE_CHARS_MAX], "message": item["msg"]}
        for item in found[:_ERRORS_SHOWN]
    ]
    detail = "; ".join(f"{item['at']}: {item['message']}" for item in errors[:_ERRORS_TOLD])
    more = len(found) - _ERRORS_TOLD
    return Problem(
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
        kind="invalid-request",
        detail=f"{detail}; and {more} more." if more > 0 else f"{detail}.",
        errors=errors,
    )


def _of_framework(error: HTTPException) -> Problem:
    """FastAPI answers a body that its JSON decoder cannot take with 400 and no reason."""
    cause = error.__cause__
    if isinstance(cause, RecursionError | ValueError):
        deep = isinstance(cause, RecursionError)
        return Problem(
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
            kind="invalid-request",
            detail="The body is nested too deep." if deep else f"The body is no JSON: {cause}.",
        )
    kind = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
    found = Problem(status=HTTPStatus(error.status_code), kind=kind, detail=str(error.detail))
    found.headers.update(error.headers or {})
    return found
