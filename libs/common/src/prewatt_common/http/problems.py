"""Errors as ``application/problem+json`` (RFC 9457)."""

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from prewatt_common.db.database import PASSING_FAULTS, is_passing_fault

logger = logging.getLogger(__name__)


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


def _response(
    *, status: int, kind: str, detail: str, headers: dict[str, str], **extra: Any
) -> JSONResponse:
    body = {
        "type": f"urn:prewatt:problem:{kind}",
        "title": kind.replace("-", " ").capitalize(),
        "status": status,
        "detail": detail,
        **extra,
    }
    return JSONResponse(
        jsonable_encoder(body), status, headers, media_type="application/problem+json"
    )


def install_problem_handlers(app: FastAPI) -> None:
    """Make every error of ``app`` answer problem+json."""

    async def problem(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, Problem)
        return _response(
            status=error.status,
            kind=error.kind,
            detail=error.detail,
            headers=error.headers,
            **error.extra,
        )

    async def invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        errors = [
            {"at": "/".join(str(part) for part in item["loc"]), "message": item["msg"]}
            for item in error.errors()
        ]
        return _response(
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
            kind="invalid-request",
            detail="; ".join(f"{item['at']}: {item['message']}" for item in errors),
            headers={},
            errors=errors,
        )

    async def http(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        phrase = HTTPStatus(error.status_code).phrase
        return _response(
            status=error.status_code,
            kind=phrase.lower().replace(" ", "-"),
            detail=str(error.detail),
            headers=dict(error.headers or {}),
        )

    async def passing(request: Request, error: Exception) -> JSONResponse:
        if not is_passing_fault(error):
            raise error
        logger.warning("%s: %r; answered 503", request.url.path, error)
        return _response(
            status=HTTPStatus.SERVICE_UNAVAILABLE,
            kind="unavailable",
            detail="The database was not to be had or was busy; nothing was kept. Try again.",
            headers={"Retry-After": "1"},
        )

    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        logger.error("unexpected error on %s", request.url.path, exc_info=error)
        return _response(
            status=HTTPStatus.INTERNAL_SERVER_ERROR,
            kind="internal-error",
            detail="Something failed on our side; nothing of this request was kept. Try again.",
            headers={},
        )

    app.add_exception_handler(Problem, problem)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    for kind in (*PASSING_FAULTS, DBAPIError):
        app.add_exception_handler(kind, passing)
    app.add_exception_handler(Exception, unexpected)
