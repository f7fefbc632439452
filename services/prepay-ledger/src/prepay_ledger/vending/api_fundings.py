"""What points of sale pay in, over HTTP: told and taken off by the utility's people."""

from collections.abc import Callable
from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Depends

from prepay_ledger.fields import IdempotencyKey, PageById, Writer
from prepay_ledger.vending.fund_vendor import fund_vendor
from prepay_ledger.vending.ports import OpenUnit
from prepay_ledger.vending.postgres_queries import VendQueries
from prepay_ledger.vending.reverse_funding import ReversalOrder, reverse_funding
from prepay_ledger.vending.schemas import FundingIn, FundingOut, FundingReversalIn, VendorCode
from prepay_ledger.vending.values import Funding
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.pages import Page
from prewatt_common.ids import new_id


def fundings_router(
    *, open_unit: OpenUnit, queries: VendQueries, committed: Callable[[], None], clock: Clock
) -> APIRouter:
    """``/v1/vendors/{code}/fundings``."""
    router = APIRouter(prefix="/v1/vendors", tags=["vending"])

    @router.post("/{code}/fundings", status_code=HTTPStatus.CREATED)
    async def fund(
        code: VendorCode, body: FundingIn, key: IdempotencyKey, principal: Writer
    ) -> FundingOut:
        """Say that its money has reached the utility. The same key again is answered the same; a
        slip that was paid in before, and stands, is refused."""
        asked = Funding(
            id=new_id(), key=key, who=principal.subject, journal_id=0, at=clock(),
            **body.model_dump(),
        )  # fmt: skip
        async with open_unit() as unit:
            funding = await fund_vendor(unit=unit, code=code, asked=asked)
        committed()
        return FundingOut.model_validate(funding)

    @router.post("/{code}/fundings/{funding_id}/reverse")
    async def reverse(
        code: VendorCode,
        funding_id: UUID,
        body: FundingReversalIn,
        key: IdempotencyKey,
        principal: Writer,
    ) -> FundingOut:
        """Take a funding off again: a cheque that bounced, a slip typed wrong. Not by who told of
        it. The slip may be told of again then. The same key again is answered the same."""
        asked = ReversalOrder(key=key, who=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            funding = await reverse_funding(
                unit=unit, code=code, funding_id=funding_id, asked=asked
            )
        committed()
        return FundingOut.model_validate(funding)

    @router.get("/{code}/fundings", dependencies=[Depends(require("ledger:read"))])
    async def fundings(*, code: VendorCode, page: PageById) -> Page[FundingOut]:
        """What it paid in, newest first."""
        view = await queries.view(code)
        rows = await queries.fundings(view.vendor.id, before=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.id, item=FundingOut.model_validate)

    return router
