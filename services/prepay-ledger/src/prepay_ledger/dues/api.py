"""What a post-paid account has to pay, over HTTP."""

from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends

from prepay_ledger.dues.postgres_queries import DueQueries
from prepay_ledger.dues.rules import dues_of
from prepay_ledger.dues.schemas import DuesOut, dues_out
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require


def dues_router(*, queries: DueQueries, zone: ZoneInfo, clock: Clock) -> APIRouter:
    """``/v1/accounts/{account_id}/dues``. ``zone``: the utility's, by which days are due."""
    router = APIRouter(prefix="/v1/accounts", tags=["accounts"])

    @router.get("/{account_id}/dues", dependencies=[Depends(require("ledger:read"))])
    async def dues(account_id: UUID) -> DuesOut:
        """What a post-paid account has to pay of each period, by when, and what is overdue."""
        account = await queries.post_paid(account_id)
        return dues_out(dues_of(account, today=clock().astimezone(zone).date()))

    return router
