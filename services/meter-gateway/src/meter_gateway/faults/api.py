"""Meters that send what cannot be used, over HTTP."""

from datetime import datetime
from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from meter_gateway.faults.meter_faults import CURRENT_FOR
from meter_gateway.faults.ports import FaultQueries
from meter_gateway.faults.refusals import FAULT_OF, Fault, ListedRefusal
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require


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


class FaultyMeterPage(BaseModel):
    """In the order of meter ids; pass ``next`` as ``after``, none on the last page."""

    meters: list[FaultyMeterOut]
    next: str | None


def faults_router(*, queries: FaultQueries, clock: Clock) -> APIRouter:
    """``/v1/meter-faults``."""
    router = APIRouter(prefix="/v1", tags=["devices"])

    @router.get("/meter-faults", dependencies=[Depends(require("gateway:read"))])
    async def meter_faults(
        fault: Fault | None = None,
        after: Annotated[str, Query(max_length=64)] = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> FaultyMeterPage:
        """Meters whose last message was refused, and why: a wrong clock, a payload that cannot be
        read, a meter that is not registered. A good reading takes a meter off the list."""
        rows = await queries.page(
            since=clock() - CURRENT_FOR, fault=fault, after=after.replace("\0", ""), limit=limit
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
        return FaultyMeterPage(
            meters=meters, next=meters[-1].meter_id if len(meters) == limit else None
        )

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
