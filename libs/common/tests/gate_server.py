"""A small service for `test_common_gate.py`, in a process of its own."""

import asyncio
import sys
from dataclasses import replace
from typing import Annotated

import uvicorn
from fastapi import APIRouter, Depends
from pydantic import BaseModel

from prewatt_common.http import server
from prewatt_common.http.app import create_app
from prewatt_common.http.auth import Principal, public, require
from prewatt_common.http.body import JSON_BODY, BodyLimits, RawBody

UPLOAD_BYTES_MAX = 2_000_000
HEAD_TIMEOUT_S = 1.0
UPLOAD = BodyLimits(
    media_type="text/csv", bytes_max=UPLOAD_BYTES_MAX, timeout_s=1.5, held_bytes_max=3_000_000
)
EVENT = replace(JSON_BODY, bytes_max=1000)


class Thing(BaseModel):
    """What may be sent."""

    name: str


router = APIRouter()
WRITE = Depends(require("things:write"))


@router.get("/things", dependencies=[WRITE])
async def things(limit: int = 1) -> int:
    """A list."""
    return limit


@router.post("/things")
async def make(body: Thing, caller: Annotated[Principal, WRITE]) -> str:
    """JSON, and who sent it."""
    return f"{body.name} by {caller.subject}"


@router.post("/uploads", dependencies=[WRITE])
async def upload(body: Annotated[bytes, Depends(RawBody(UPLOAD))]) -> int:
    """Another kind of body."""
    return len(body)


@router.post("/events", dependencies=[Depends(public(because="a test"))])
async def event(body: Annotated[bytes, Depends(RawBody(EVENT))]) -> int:
    """Open to all."""
    return len(body)


if __name__ == "__main__":
    server.HEAD_TIMEOUT_S = HEAD_TIMEOUT_S
    app = create_app(
        name="test",
        summary="",
        auth_public_key=sys.argv[2],
        routers=[router],
        checks={},
        consuming={},
    )
    config = server.server_config(app, host="127.0.0.1", port=int(sys.argv[1]))
    asyncio.run(uvicorn.Server(config).serve())
