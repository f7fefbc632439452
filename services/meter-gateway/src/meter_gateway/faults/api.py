"""Meters that send what cannot be used, over HTTP."""

from datetime import datetime
from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from meter_gateway.faults.meter_faults import CURRENT_FOR
from meter_gateway.faults.ports import FaultQueries
from meter_gateway.faults.refusals import FAULT_OF, Fault, ListedRefusal
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.pages import Page, PageRequest, PagesBy


class RefusalOut(BaseModel):
    """Messages of a meter that were refused for one reason; ``detail`` is of the last."""

    fault: str
    reason: str
    messages: int
    detail: str
    first_at: datetime
    last_at: datetime


class FaultyMeterOut(BaseModel):
    """A meter whose last message was refused, the newest reason first."""

    meter_id: str
    registered: bool
    refusals: list[RefusalOut]


def faults_router(*, queries: FaultQueries, clock: Clock) -> APIRouter:
    """``/v1/meter-faults``."""
    router = APIRouter(prefix="/v1", tags=["devices"])

    @router.get("/meter-faults", dependencies=[Depends(require("gateway:read"))])
    async def meter_faults(
        page: Annotated[PageRequest[str], Depends(PagesBy(str))],
        fault: Fault | None = None,
    ) -> Page[FaultyMeterOut]:
        """Meters whose last message was refused, and why, in the order of their ids: a wrong clock,
        a payload that cannot be read, a meter that is not registered. A good reading takes a meter
        off the list."""
        rows = await queries.page(
            since=clock() - CURRENT_FOR, fault=fault, after=page.after, limit=page.rows_max
        )
        meters = [
            FaultyMeterOut(
                meter_id=meter_id,
                registered=found[0].registered,
                refusals=[_refusal(each) for each in found],
            )
            for meter_id, some in groupby(rows, key=lambda row: row.meter_id)
            if (found := list(some))
        ]
        return page.of(meters, key=lambda meter: meter.meter_id, item=lambda meter: meter)

    return router


def _refusal(listed: ListedRefusal) -> RefusalOut:
    return RefusalOut(
        fault=FAULT_OF[listed.reason],
        reason=listed.reason,
        messages=listed.messages,
        detail=listed.detail,
        first_at=listed.first_at,
        last_at=listed.last_at,
    )
