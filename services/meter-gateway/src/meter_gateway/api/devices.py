"""Devices and commands over HTTP."""

from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query

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
from prewatt_common.http.csv_upload import CsvLines
from prewatt_common.http.problems import Problem


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
    async def import_(
        lines: Annotated[
            list[tuple[int, DeviceIn]], Depends(CsvLines(DeviceIn, unique="meter_id"))
        ],
    ) -> ImportAnswer:
        devices = [NewDevice(**line.model_dump()) for _, line in lines]
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
