"""GET /v1/meters/{meter_id}/days: what billing counts of a meter, day by day."""

import asyncio
from datetime import date
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from billing.reconciliation.days import DayKey, MeterDay, newest_days
from billing.reconciliation.ports import Comparisons
from prewatt_common.http.auth import require
from prewatt_common.http.pages import Page, PageRequest, PagesBy
from prewatt_common.http.problems import Problem


class UnknownMeter(Problem):
    """404."""

    def __init__(self, meter_id: str) -> None:
        detail = (
            f"Billing knows no account that meter {meter_id} serves or served. Its readings, if "
            "any, are kept, and count as soon as the ledger tells where it is installed."
        )
        super().__init__(status=HTTPStatus.NOT_FOUND, kind="unknown-meter", detail=detail)


class DayOut(BaseModel):
    """A local day of the agreement's tariff: Wh at the point of supply, in all and by slot."""

    day: date
    agreement_id: UUID
    account_id: UUID
    tariff_code: str
    energy_wh: int
    slots: dict[str, int]


def meters_router(*, store: Comparisons) -> APIRouter:
    """The router."""
    router = APIRouter(
        prefix="/v1", tags=["meters"], dependencies=[Depends(require("billing:read"))]
    )

    @router.get("/meters/{meter_id}/days", summary="A meter's days as billing counts them")
    async def days(
        meter_id: str, page: Annotated[PageRequest[DayKey], Depends(PagesBy(DayKey))]
    ) -> Page[DayOut]:
        """The newest first."""
        history = await store.history(meter_id)
        if history is None:
            raise UnknownMeter(meter_id)
        found = await asyncio.to_thread(
            newest_days, history, before=page.after, limit=page.rows_max
        )
        return page.of(found, key=lambda each: each.key, item=_day)

    return router


def _day(found: MeterDay) -> DayOut:
    return DayOut(
        day=found.day,
        agreement_id=found.agreement.id,
        account_id=found.agreement.account_id,
        tariff_code=found.agreement.tariff_code,
        energy_wh=sum(found.wh.values()),
        slots=found.wh,
    )
