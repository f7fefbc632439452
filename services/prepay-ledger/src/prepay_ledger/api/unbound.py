"""Readings that no binding covers, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from prepay_ledger.adapters.postgres.unbound import UnboundQueries
from prepay_ledger.api.schemas import UnboundOut, UnboundPage
from prewatt_common.http.auth import require


def unbound_router(*, queries: UnboundQueries) -> APIRouter:
    """``/v1/unbound-readings``. Scope ``ledger:read``."""
    router = APIRouter(prefix="/v1", dependencies=[Depends(require("ledger:read"))])

    @router.get("/unbound-readings", tags=["ledger"])
    async def unbound(
        after: Annotated[str, Query(pattern=r"^[^\x00]{0,64}$")] = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> UnboundPage:
        """Meters with readings that are kept and charged to nobody, and why. A binding that
        covers them charges them."""
        rows = await queries.page(after=after, limit=limit)
        meters = [UnboundOut(**row) for row in rows]
        whole = len({each.meter_id for each in meters}) == limit
        return UnboundPage(meters=meters, next=meters[-1].meter_id if whole else None)

    return router
