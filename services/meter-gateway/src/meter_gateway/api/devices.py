"""Devices and commands over HTTP."""

import asyncio
import csv
import io
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import TypeAdapter, ValidationError

from meter_gateway.adapters.postgres.devices import DeviceQueries
from meter_gateway.api.schemas import (
    METER_ID,
    CommandOut,
    DeviceIn,
    DeviceOut,
    DevicePage,
    ImportAnswer,
)
from meter_gateway.application.ports import NewDevice, Unit
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.problems import Problem

BODY_BYTES_MAX = 64 * 1024 * 1024
_PROBLEMS_SHOWN = 100


def devices_router(
    *,
    open_unit: Callable[[], AbstractAsyncContextManager[Unit]],
    queries: DeviceQueries,
    registered: Callable[[Iterable[str]], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/devices`` and ``/v1/commands``."""
    router = APIRouter(prefix="/v1", tags=["devices"])
    reads = [Depends(require("gateway:read"))]
    writes = [Depends(require("gateway:write"))]

    @router.post("/devices", status_code=HTTPStatus.CREATED, dependencies=writes)
    async def register(body: DeviceIn) -> DeviceOut:
        """Register a meter; from then on its readings are taken."""
        now = clock()
        async with open_unit() as unit:
            new = await unit.devices.add([NewDevice(**body.model_dump())], now=now)
        if not new:
            raise Problem(
                status=HTTPStatus.CONFLICT,
                kind="duplicate-device",
                detail=f"Meter {body.meter_id} is registered; nothing was changed.",
            )
        registered([body.meter_id])
        return DeviceOut(**body.model_dump(), presence=None, presence_at=None, created_at=now)

    @router.post(
        "/devices/import",
        dependencies=writes,
        description="All or nothing; sent again it changes nothing. Columns: meter_id, model, "
        "codec.",
        openapi_extra={"requestBody": {"required": True, "content": {"text/csv": {}}}},
    )
    async def import_(request: Request) -> ImportAnswer:
        text = await _text(request)
        # A large file takes seconds: readings go on meanwhile.
        devices = await asyncio.to_thread(_parse, text)
        async with open_unit() as unit:
            new = await unit.devices.add(devices, now=clock())
        registered(each.meter_id for each in devices)
        return ImportAnswer(registered=new, existing=len(devices) - new)

    @router.get("/devices", dependencies=reads)
    async def page(
        after: Annotated[str, Query(pattern=METER_ID + "|^$")] = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> DevicePage:
        """Registered meters."""
        rows = await queries.page(after=after, limit=limit)
        devices = [DeviceOut(**row) for row in rows]
        return DevicePage(
            devices=devices, next=devices[-1].meter_id if len(devices) == limit else None
        )

    @router.get("/devices/{meter_id}", dependencies=reads)
    async def device(meter_id: Annotated[str, Path(pattern=METER_ID)]) -> DeviceOut:
        """One meter."""
        row = await queries.device(meter_id)
        if row is None:
            raise _unknown("device", f"meter {meter_id} is not registered")
        return DeviceOut(**row)

    @router.get("/commands/{command_id}", dependencies=reads, tags=["commands"])
    async def command(command_id: UUID) -> CommandOut:
        """A command and how far it came."""
        row = await queries.command(command_id)
        if row is None:
            raise _unknown("command", f"there is no command {command_id}")
        return CommandOut(**row)

    return router


def _unknown(what: str, detail: str) -> Problem:
    return Problem(status=HTTPStatus.NOT_FOUND, kind=f"unknown-{what}", detail=f"{detail}.")


async def _text(request: Request) -> str:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "text/csv":
        raise Problem(
            status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            kind="unsupported-media-type",
            detail=f"Send text/csv, not {kind or 'nothing'}; nothing was imported.",
        )
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_BYTES_MAX:
            raise Problem(
                status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                kind="too-large",
                detail=f"The file is over {BODY_BYTES_MAX} bytes; send it in parts.",
            )
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused([f"the file is not UTF-8: {error}"]) from error


def _parse(text: str) -> list[NewDevice]:
    reader = csv.DictReader(io.StringIO(text), strict=True)
    adapter = TypeAdapter(DeviceIn)
    devices: dict[str, NewDevice] = {}
    problems: list[str] = []
    line_read = 1
    try:
        for row in reader:
            line_read = reader.line_num
            if None in row or None in row.values():
                problems.append(f"line {reader.line_num}: not as many fields as the header")
                continue
            given = {name: value for name, value in row.items() if value != ""}
            try:
                line = adapter.validate_python(given)
            except ValidationError as error:
                problems += [
                    f"line {reader.line_num}: {'/'.join(map(str, e['loc']))}: {e['msg']}"
                    for e in error.errors()
                ]
                continue
            if line.meter_id in devices:
                problems.append(f"line {reader.line_num}: meter {line.meter_id} is there twice")
            devices[line.meter_id] = NewDevice(**line.model_dump())
    except csv.Error as error:
        # A quote that is never closed runs to the end of the file: name where it begins.
        problems.append(f"line {line_read + 1}: {error}")
    if not devices and not problems:
        problems.append("the file has no lines after its header")
    if problems:
        raise _refused(problems)
    return list(devices.values())


def _refused(problems: list[str]) -> Problem:
    return Problem(
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
        kind="import-refused",
        detail=f"{len(problems)} problems; nothing was imported. First: {problems[0]}.",
        problems=problems[:_PROBLEMS_SHOWN],
    )
