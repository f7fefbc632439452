"""When an account's money will probably end, over HTTP."""

from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends

from prepay_ledger.forecasts.forecast_account import AHEAD_DAYS, forecast_account
from prepay_ledger.forecasts.make_forecasts import DaysOfNow
from prepay_ledger.forecasts.ports import OpenUnit
from prepay_ledger.forecasts.schemas import ForecastOut, forecast_out
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require


def forecasts_router(*, open_unit: OpenUnit, zone: ZoneInfo, clock: Clock) -> APIRouter:
    """``/v1/accounts/{id}/forecast``. ``zone``: the utility's, in which calendars are read."""
    router = APIRouter(
        prefix="/v1", tags=["accounts"], dependencies=[Depends(require("ledger:read"))]
    )
    days = DaysOfNow()

    @router.get("/accounts/{account_id}/forecast")
    async def forecast(account_id: UUID) -> ForecastOut:
        """When its money will probably end, from what the household used in the last weeks, the
        calendar and its tariff; by when it had better buy; or why nobody knows."""
        async with open_unit() as unit:
            found = await forecast_account(unit, account_id, days=days, zone=zone, now=clock())
        return forecast_out(found, days_ahead=AHEAD_DAYS)

    return router
