"""Parked meters over HTTP: which, why, and released."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends

from prepay_ledger.charging.ports import OpenParkingUnit
from prepay_ledger.charging.postgres_parking import ParkedQueries
from prepay_ledger.charging.release_meter import ReleaseMeter, refuse_if_odd
from prepay_ledger.charging.schemas import ParkedMeterOut, ReleasedOut, ReleaseStepOut
from prepay_ledger.fields import MeterIdField, Writer
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.fields import Reason
from prewatt_common.http.pages import Page, PageRequest, PagesBy


def parked_router(
    *,
    open_unit: OpenParkingUnit,
    queries: ParkedQueries,
    release_meter: ReleaseMeter,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/parked-meters``, and what people did with such meters."""
    router = APIRouter(prefix="/v1", tags=["ledger"])
    reading = [Depends(require("ledger:read"))]

    @router.get("/parked-meters", dependencies=reading)
    async def parked(
        page: Annotated[PageRequest[str], Depends(PagesBy(str))],
    ) -> Page[ParkedMeterOut]:
        """Meters whose readings raise, in the order of their ids: they are kept and not charged,
        and nobody is cut for what such a meter did not bring."""
        rows = await queries.page(after=page.after or "", limit=page.rows_max)
        return page.of(rows, key=lambda row: row.meter_id, item=ParkedMeterOut.model_validate)

    @router.get("/parked-meter-steps", dependencies=reading)
    async def steps(
        page: Annotated[PageRequest[int], Depends(PagesBy(int))],
        meter_id: MeterIdField | None = None,
    ) -> Page[ReleaseStepOut]:
        """Who had a parked meter's readings taken again, why and what came of it, newest first."""
        rows = await queries.steps(meter_id=meter_id, before=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.id, item=ReleaseStepOut.model_validate)

    @router.post("/parked-meters/{meter_id}/release")
    async def release(meter_id: MeterIdField, body: Reason, principal: Writer) -> ReleasedOut:
        """Charge what was set aside, and the meter's readings from now on. Where they raise again
        the meter stays parked, and the answer is 409 ``still-odd`` with the error."""
        async with open_unit() as unit:
            step = await release_meter(
                unit=unit,
                meter_id=meter_id,
                who=principal.subject,
                reason=body.reason,
                now=clock(),
            )
        refuse_if_odd(step)
        committed()
        return ReleasedOut(meter_id=meter_id, readings=step.readings)

    return router
