"""What a post-paid account has to pay, over HTTP."""

from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends

from prepay_ledger.dues.postgres_queries import DueQueries
from prepay_ledger.dues.rules import dues_of
from prepay_ledger.dues.schemas import ArrearsOut, DuesOut, arrears_out, dues_out
from prepay_ledger.fields import PageById
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.pages import Page


def dues_router(*, queries: DueQueries, zone: ZoneInfo, clock: Clock) -> APIRouter:
    """An account's dues, and ``/v1/arrears``. ``zone``: the utility's, by which days are due."""
    router = APIRouter(
        prefix="/v1", tags=["accounts"], dependencies=[Depends(require("ledger:read"))]
    )

    def today() -> date:
        return clock().astimezone(zone).date()

    @router.get("/accounts/{account_id}/dues")
    async def dues(account_id: UUID) -> DuesOut:
        """What a post-paid account has to pay of each period, by when, and what is overdue."""
        account = await queries.post_paid(account_id)
        return dues_out(dues_of(account, today=today()))

    @router.get("/arrears")
    async def arrears(page: PageById) -> Page[ArrearsOut]:
        """Post-paid accounts that owe, by their ids: what of it is overdue, and for how long."""
        rows = await queries.owing(after=page.after, limit=page.rows_max)
        day = today()
        return page.of(
            rows,
            key=lambda row: row.account_id,
            item=lambda row: arrears_out(dues_of(row, today=day)),
        )

    return router
