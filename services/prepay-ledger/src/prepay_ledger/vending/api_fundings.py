"""What points of sale pay in, over HTTP: told and taken off by the utility's people."""

from collections.abc import Callable
from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from prepay_ledger.approvals.api import MAY_WAIT, waits
from prepay_ledger.approvals.values import ApprovalTerms, Proposal
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
    *,
    open_unit: OpenUnit,
    queries: VendQueries,
    terms: ApprovalTerms,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/vendors/{code}/fundings``."""
    router = APIRouter(prefix="/v1/vendors", tags=["vending"])

    def answer(funding: Funding | Proposal) -> FundingOut | JSONResponse:
        if isinstance(funding, Proposal):
            return waits(funding, now=clock())
        return FundingOut.model_validate(funding)

    @router.post(
        "/{code}/fundings",
        status_code=HTTPStatus.CREATED,
        response_model=FundingOut,
        responses=dict(MAY_WAIT),
    )
    async def fund(
        code: VendorCode, body: FundingIn, key: IdempotencyKey, principal: Writer
    ) -> FundingOut | JSONResponse:
        """Say that its money has reached the utility. Much money is kept as a proposal and answered
        with 202. The same key again is answered as it is by then; a slip that was paid in before,
        and stands, is refused."""
        asked = Funding(
            id=new_id(), key=key, who=principal.subject, journal_id=0, at=clock(),
            **body.model_dump(),
        )  # fmt: skip
        async with open_unit() as unit:
            funding = await fund_vendor(unit=unit, code=code, asked=asked, terms=terms)
        committed()
        return answer(funding)

    @router.post(
        "/{code}/fundings/{funding_id}/reverse",
        response_model=FundingOut,
        responses=dict(MAY_WAIT),
    )
    async def reverse(
        code: VendorCode,
        funding_id: UUID,
        body: FundingReversalIn,
        key: IdempotencyKey,
        principal: Writer,
    ) -> FundingOut | JSONResponse:
        """Take a funding off again: a cheque that bounced, a slip typed wrong. Not by who told of
        it; much money is kept as a proposal and answered with 202. The slip may be told of again
        once it is off. The same key again is answered as it is by then."""
        asked = ReversalOrder(key=key, who=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            funding = await reverse_funding(
                unit=unit, code=code, funding_id=funding_id, asked=asked, terms=terms
            )
        committed()
        return answer(funding)

    @router.get("/{code}/fundings", dependencies=[Depends(require("ledger:read"))])
    async def fundings(*, code: VendorCode, page: PageById) -> Page[FundingOut]:
        """What it paid in, newest first."""
        view = await queries.view(code)
        rows = await queries.fundings(view.vendor.id, before=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.id, item=FundingOut.model_validate)

    return router
