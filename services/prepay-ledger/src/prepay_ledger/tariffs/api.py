"""Tariffs over HTTP."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from prepay_ledger.fields import CurrencyField, MicroUnits, MonthField, TariffCodeField
from prepay_ledger.tariffs.ports import OpenUnit
from prepay_ledger.tariffs.postgres import VersionKey, published
from prepay_ledger.tariffs.publish_tariff import publish_tariff
from prewatt_common.clock import Clock
from prewatt_common.db.database import Database
from prewatt_common.http.auth import require
from prewatt_common.http.fields import Body
from prewatt_common.http.pages import Page, PageRequest, PagesBy
from prewatt_common.http.problems import Problem
from prewatt_metering.monthly.months import BillingMonth
from prewatt_metering.monthly.tariffs import Block, Tariff, TariffVersion


class BlockIn(Body):
    """A step of the price, up to ``upto_wh`` of the month's total; the last has no end."""

    upto_wh: Annotated[int, Field(gt=0, le=10**13)] | None = None
    price_micro_per_kwh: MicroUnits


class TariffIn(Body):
    """A tariff version, for whole months from ``effective_from`` on. One block is a flat tariff."""

    code: TariffCodeField
    effective_from: MonthField
    currency: CurrencyField
    timezone: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_+/-]+$")]
    blocks: Annotated[list[BlockIn], Field(min_length=1, max_length=20)]
    standing_micro_per_day: MicroUnits = 0
    tax_bp: Annotated[int, Field(ge=0, le=10_000)] = 0


class TariffOut(BaseModel, from_attributes=True):
    """A tariff version; blocks as pairs of end (Wh, none for the last) and price."""

    code: str
    effective_from: str
    currency: str
    timezone: str
    blocks: list[tuple[int | None, int]]
    standing_micro_per_day: int
    tax_bp: int
    published_at: datetime


def tariffs_router(
    *,
    open_unit: OpenUnit,
    database: Database,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/tariffs``."""
    router = APIRouter(prefix="/v1/tariffs", tags=["tariffs"])

    @router.post(
        "", status_code=HTTPStatus.CREATED, dependencies=[Depends(require("ledger:write"))]
    )
    async def publish(body: TariffIn) -> TariffIn:
        """Publish a tariff version; it is never changed, a later month may have another."""
        async with open_unit() as unit:
            await publish_tariff(unit=unit, version=_version(body), now=clock())
        committed()
        return body

    @router.get("", dependencies=[Depends(require("ledger:read"))])
    async def tariffs(
        page: Annotated[PageRequest[VersionKey], Depends(PagesBy(VersionKey))],
    ) -> Page[TariffOut]:
        """Every tariff version, in the order of codes and months."""
        rows = await published(database, after=page.after, limit=page.rows_max)
        return page.of(
            rows,
            key=lambda row: (row.code, row.effective_from),
            item=TariffOut.model_validate,
        )

    return router


def _version(body: TariffIn) -> TariffVersion:
    """Raises a 422 problem for a timezone or blocks that make no tariff."""
    try:
        return _checked_version(body)
    except (KeyError, ValueError, OSError) as error:
        raise Problem(
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
            kind="invalid-tariff",
            detail=f"{error}; nothing was published.",
        ) from error


def _checked_version(body: TariffIn) -> TariffVersion:
    zone = ZoneInfo(body.timezone)
    return TariffVersion(
        code=body.code,
        effective_from=BillingMonth.parse(body.effective_from),
        currency=body.currency,
        timezone=zone.key,
        tariff=Tariff(
            blocks=tuple(
                Block(upto_wh=b.upto_wh, price_micro_per_kwh=b.price_micro_per_kwh)
                for b in body.blocks
            ),
            standing_micro_per_day=body.standing_micro_per_day,
            tax_bp=body.tax_bp,
        ),
    )
