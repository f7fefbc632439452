"""GET /v1/meters/{meter_id}/months: how billing rates a meter."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from billing.reconciliation.meter_months import MeterMonth, MonthKey, months_of_binding, newest_of
from billing.reconciliation.ports import ComparisonStore
from prewatt_common.http.auth import require
from prewatt_common.http.pages import Page, PageRequest, PagesBy
from prewatt_common.http.problems import Problem


class UnknownMeter(Problem):
    """404."""

    def __init__(self, meter_id: str) -> None:
        detail = (
            f"Billing knows no account that meter {meter_id} serves or served. Its readings, if "
            "any, are kept until the ledger binds it."
        )
        super().__init__(status=HTTPStatus.NOT_FOUND, kind="unknown-meter", detail=detail)


class ChargeOut(BaseModel):
    """Integer micro-units of ``currency``."""

    currency: str
    energy_micro: int
    standing_micro: int
    tax_micro: int
    total_micro: int


class MonthOut(BaseModel):
    """A month. ``charge`` is null where billing knows no tariff for it, ``ledger_total_micro``
    where the ledger has told nothing of it yet."""

    month: str
    binding_id: UUID
    account_id: UUID
    tariff_code: str
    base_wh: int
    import_wh: int
    energy_wh: int
    days: int
    last_read_at: datetime
    charge: ChargeOut | None
    ledger_total_micro: int | None


def meters_router(*, store: ComparisonStore) -> APIRouter:
    """The router."""
    router = APIRouter(
        prefix="/v1", tags=["meters"], dependencies=[Depends(require("billing:read"))]
    )

    @router.get("/meters/{meter_id}/months", summary="A meter's months as billing rates them")
    async def months(
        meter_id: str, page: Annotated[PageRequest[MonthKey], Depends(PagesBy(MonthKey))]
    ) -> Page[MonthOut]:
        """The newest first."""
        bindings = await store.bindings_of_meter(meter_id)
        if not bindings:
            raise UnknownMeter(meter_id)
        tariffs = await store.tariffs()
        histories = await store.histories([bound.id for bound in bindings])
        months = [
            month
            for bound in bindings
            for month in months_of_binding(
                bound=bound,
                registers=histories[bound.id].registers,
                posted=histories[bound.id].posted,
                tariffs=tariffs,
            )
        ]
        found = newest_of(months, before=page.after, limit=page.rows_max)
        return page.of(found, key=lambda month: month.key, item=_month)

    return router


def _month(month: MeterMonth) -> MonthOut:
    charge, used = month.charge, month.usage
    return MonthOut(
        month=str(used.month),
        binding_id=month.bound.id,
        account_id=month.bound.account_id,
        tariff_code=month.bound.tariff_code,
        base_wh=used.base_wh,
        import_wh=used.max_wh,
        energy_wh=used.energy_wh,
        days=used.days,
        last_read_at=used.last_at,
        charge=ChargeOut(
            currency=month.currency or "",
            energy_micro=charge.energy_micro,
            standing_micro=charge.standing_micro,
            tax_micro=charge.tax_micro,
            total_micro=charge.total_micro,
        )
        if charge
        else None,
        ledger_total_micro=month.posted.total_micro if month.posted else None,
    )
