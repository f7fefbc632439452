"""Devices over HTTP."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field

from meter_gateway.devices.device import NewDevice
from meter_gateway.devices.ports import DeviceQueries
from meter_gateway.devices.register_devices import AlreadyRegistered, RegisterDevices
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.csv_upload import CsvLines
from prewatt_common.http.pages import Page, PageRequest, PagesBy
from prewatt_common.http.problems import Problem

METER_ID = r"^[A-Za-z0-9_-]{1,64}$"


class DeviceIn(BaseModel):
    """A meter to register."""

    model_config = ConfigDict(extra="forbid")

    meter_id: Annotated[str, Field(pattern=METER_ID)]
    model: Annotated[str, Field(pattern=r"^[^\x00-\x1f]{1,100}$")]
    codec: Literal["canonical"] = "canonical"


class DeviceOut(BaseModel):
    """A registered meter."""

    model_config = ConfigDict(from_attributes=True)

    meter_id: str
    model: str
    codec: str
    presence: str | None
    presence_at: datetime | None
    created_at: datetime


class ImportAnswer(BaseModel):
    """Meters registered, and meters that were there before and were left as they are."""

    registered: int
    existing: int


def devices_router(
    *, register_devices: RegisterDevices, queries: DeviceQueries, clock: Clock
) -> APIRouter:
    """``/v1/devices``."""
    router = APIRouter(prefix="/v1/devices", tags=["devices"])
    reads = [Depends(require("gateway:read"))]
    writes = [Depends(require("gateway:write"))]

    @router.post("", status_code=HTTPStatus.CREATED, dependencies=writes)
    async def register(body: DeviceIn) -> DeviceOut:
        """Register a meter; from then on its readings are taken."""
        now = clock()
        try:
            await register_devices.one(NewDevice(**body.model_dump()), now=now)
        except AlreadyRegistered as error:
            raise Problem(
                status=HTTPStatus.CONFLICT, kind="duplicate-device", detail=str(error)
            ) from error
        return DeviceOut(**body.model_dump(), presence=None, presence_at=None, created_at=now)

    @router.post(
        "/import",
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
        new = await register_devices.all(devices, now=clock())
        return ImportAnswer(registered=new, existing=len(devices) - new)

    @router.get("", dependencies=reads)
    async def devices(
        page: Annotated[PageRequest[str], Depends(PagesBy(str))],
    ) -> Page[DeviceOut]:
        """Registered meters, in the order of their ids."""
        found = await queries.page(after=page.after, limit=page.rows_max)
        return page.of(found, key=lambda each: each.meter_id, item=DeviceOut.model_validate)

    @router.get("/{meter_id}", dependencies=reads)
    async def device(meter_id: Annotated[str, Path(pattern=METER_ID)]) -> DeviceOut:
        """One meter."""
        found = await queries.device(meter_id)
        if found is None:
            raise Problem(
                status=HTTPStatus.NOT_FOUND,
                kind="unknown-device",
                detail=f"meter {meter_id} is not registered.",
            )
        return DeviceOut.model_validate(found)

    return router
