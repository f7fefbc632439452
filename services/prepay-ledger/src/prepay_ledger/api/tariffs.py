"""Tariffs over HTTP."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends

from prepay_ledger.adapters.postgres.queries import LedgerQueries
from prepay_ledger.api.schemas import TariffIn, TariffOut
from prepay_ledger.application.manage_accounts import publish_tariff
from prepay_ledger.application.ports import Unit
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.problems import Problem
from prewatt_metering.monthly.months import BillingMonth
from prewatt_metering.monthly.tariffs import Block, Tariff, TariffVersion


def tariffs_router(
    *,
    open_unit: Callable[[], AbstractAsyncContextManager[Unit]],
    queries: LedgerQueries,
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
    async def tariffs() -> list[TariffOut]:
        """Every tariff version."""
        return [TariffOut(**row) for row in await queries.tariffs()]

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
