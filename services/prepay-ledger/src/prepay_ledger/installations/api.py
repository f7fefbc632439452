"""Which meter serves which account, and readings that nobody pays for, over HTTP."""

from collections.abc import Callable
from http import HTTPStatus
from itertools import groupby
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from prepay_ledger.fields import MeterIdField
from prepay_ledger.installations.bind_meter import BindMeter
from prepay_ledger.installations.end_binding import end_binding
from prepay_ledger.installations.ports import OpenUnit
from prepay_ledger.installations.postgres_unbound import UnboundQueries
from prepay_ledger.installations.schemas import (
    BindingEnd,
    BindingIn,
    BindingOut,
    UnboundMeterOut,
    UnboundOut,
)
from prepay_ledger.installations.values import NewBinding
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.pages import Page, PageRequest, PagesBy
from prewatt_common.ids import new_id


def installations_router(
    *,
    open_unit: OpenUnit,
    bind_meter: BindMeter,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """A meter begins or ceases to serve an account. Scope ``ledger:write``."""
    router = APIRouter(
        prefix="/v1", tags=["accounts"], dependencies=[Depends(require("ledger:write"))]
    )

    @router.post("/accounts/{account_id}/meters", status_code=HTTPStatus.CREATED)
    async def bind(account_id: UUID, body: BindingIn) -> BindingOut:
        """A meter begins to serve the account; readings that waited for it are charged."""
        binding = NewBinding(
            id=new_id(), account_id=account_id, effective_to=None, **body.model_dump()
        )
        async with open_unit() as unit:
            await bind_meter(unit=unit, binding=binding, now=clock())
        committed()
        return BindingOut.model_validate(binding)

    @router.post("/meters/{meter_id}/end")
    async def end(meter_id: MeterIdField, body: BindingEnd) -> BindingOut:
        """The meter ceases to serve its account."""
        async with open_unit() as unit:
            ended = await end_binding(
                unit=unit, meter_id=meter_id, effective_to=body.effective_to, now=clock()
            )
        committed()
        return BindingOut.model_validate(ended)

    return router


def unbound_router(*, queries: UnboundQueries) -> APIRouter:
    """``/v1/unbound-readings``. Scope ``ledger:read``."""
    router = APIRouter(prefix="/v1", dependencies=[Depends(require("ledger:read"))])

    @router.get("/unbound-readings", tags=["ledger"])
    async def unbound(
        page: Annotated[PageRequest[str], Depends(PagesBy(str))],
    ) -> Page[UnboundMeterOut]:
        """Meters with readings that are kept and charged to nobody, and why, in the order of their
        ids. A binding that covers the readings charges them."""
        rows = await queries.page(after=page.after or "", limit=page.rows_max)
        meters = [
            UnboundMeterOut(meter_id=meter_id, unbound=list(map(UnboundOut.model_validate, some)))
            for meter_id, some in groupby(rows, key=lambda row: row.meter_id)
        ]
        return page.of(meters, key=lambda meter: meter.meter_id, item=lambda meter: meter)

    return router
