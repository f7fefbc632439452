"""Reconnection codes over HTTP: read by a person who may, which is written down."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from prepay_ledger.metrics import SITE_CODE_READINGS
from prepay_ledger.site_codes.ports import OpenUnit
from prepay_ledger.site_codes.schemas import CodeIn, ShownCodeOut, shown_out
from prepay_ledger.site_codes.show_code import show_code
from prepay_ledger.site_codes.values import Masters, Reading
from prewatt_common.clock import Clock
from prewatt_common.http.auth import Principal, require

SCOPE = "ledger:site-codes"
"""Apart from reading and writing: who has a code can close the relay."""
_Reader = Annotated[Principal, Depends(require(SCOPE))]


def site_codes_router(*, open_unit: OpenUnit, masters: Masters, clock: Clock) -> APIRouter:
    """``/v1/work-orders/{order_id}/site-code``."""
    router = APIRouter(prefix="/v1/work-orders", tags=["work orders"])

    @router.post("/{order_id}/site-code")
    async def read(order_id: UUID, body: CodeIn, principal: _Reader) -> ShownCodeOut:
        """Read the code that closes the relay of a paid meter once, at the meter, without any
        network. A POST: who reads it, and when, is kept. Scope ``ledger:site-codes``."""
        reading = Reading(principal.subject, clock())
        async with open_unit() as unit:
            shown = await show_code(
                unit=unit,
                masters=masters,
                order_id=order_id,
                another=body.another,
                reading=reading,
            )
        SITE_CODE_READINGS.inc()
        return shown_out(shown)

    return router
