"""Work orders over HTTP: listed, and closed by a person."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from prepay_ledger.fields import MeterIdField, PageById, Writer
from prepay_ledger.work_orders.ports import Close, UnitT
from prepay_ledger.work_orders.postgres_queries import WorkOrderQueries
from prepay_ledger.work_orders.schemas import ClosingIn, WorkOrderOut, order_out
from prepay_ledger.work_orders.values import Closing, WorkOrderKind
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.pages import Page


def work_orders_router(
    *,
    open_unit: Callable[[], AbstractAsyncContextManager[UnitT]],
    close_order: Close[UnitT],
    queries: WorkOrderQueries,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/work-orders``."""
    router = APIRouter(prefix="/v1/work-orders", tags=["work orders"])

    @router.get("", dependencies=[Depends(require("ledger:read"))])
    async def orders(
        *,
        page: PageById,
        meter_id: MeterIdField | None = None,
        account_id: UUID | None = None,
        kind: WorkOrderKind | None = None,
        open_only: Annotated[bool | None, Query(alias="open")] = None,
    ) -> Page[WorkOrderOut]:
        """Work orders, newest first; ``open=true``: those that nobody has seen to."""
        rows = await queries.orders(
            meter_id=meter_id,
            account_id=account_id,
            kind=kind,
            open_=open_only,
            before=page.after,
            limit=page.rows_max,
        )
        return page.of(rows, key=lambda row: row.id, item=order_out)

    @router.post("/{order_id}/close")
    async def close(order_id: UUID, body: ClosingIn, principal: Writer) -> WorkOrderOut:
        """Say what came of it. The same again changes nothing. A relay that did not answer is asked
        anew."""
        closing = Closing(at=clock(), by=principal.subject, result=body.result, note=body.note)
        async with open_unit() as unit:
            order = await close_order(unit=unit, order_id=order_id, closing=closing)
        committed()
        return order_out(order)

    return router
