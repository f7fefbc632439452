"""Points of sale over HTTP: opened, limited and staffed by the utility's people."""

from collections.abc import Callable
from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from prepay_ledger.approvals.api import MAY_WAIT, waits
from prepay_ledger.approvals.values import ApprovalTerms, Proposal
from prepay_ledger.balances.refusals import UnknownAccount
from prepay_ledger.fields import Writer
from prepay_ledger.vending.change_limits import change_limits
from prepay_ledger.vending.open_vendor import LIMITS, OPENED, add_seller, open_vendor, remove_seller
from prepay_ledger.vending.ports import OpenUnit
from prepay_ledger.vending.postgres_queries import VendQueries
from prepay_ledger.vending.schemas import (
    HolderIn,
    LimitsIn,
    SellerIn,
    SubjectField,
    VendorCode,
    VendorIn,
    VendorOut,
    VendorViewOut,
    vendor_fields,
    vendor_out,
)
from prepay_ledger.vending.values import Vendor, VendorStep
from prewatt_common.clock import Clock
from prewatt_common.http.auth import Principal, require
from prewatt_common.http.fields import Reason
from prewatt_common.http.pages import Page, PageRequest, PagesBy
from prewatt_common.ids import new_id


def vendors_router(
    *,
    open_unit: OpenUnit,
    queries: VendQueries,
    terms: ApprovalTerms,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/vendors``."""
    router = APIRouter(prefix="/v1/vendors", tags=["vending"])
    reading = [Depends(require("ledger:read"))]

    def step(action: str, body: Reason, who: Principal, **decided: Any) -> VendorStep:
        return VendorStep(
            action=action, decided=decided, who=who.subject, reason=body.reason, at=clock()
        )

    @router.get("", dependencies=reading)
    async def vendors(
        *, page: Annotated[PageRequest[str], Depends(PagesBy(str))]
    ) -> Page[VendorOut]:
        """Points of sale by their codes, with what each has left to sell, or owes."""
        rows = await queries.vendors(after=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.code, item=vendor_out)

    @router.post("", status_code=HTTPStatus.CREATED)
    async def open_(body: VendorIn, principal: Writer) -> VendorOut:
        """Open a point of sale. Much credit is given to it later, by two people. The same again
        changes nothing."""
        vendor = Vendor(
            id=new_id(),
            code=body.code,
            name=body.name,
            kind=body.kind,
            currency=body.currency,
            limits=body.limits,
            opened_at=clock(),
        )
        made = step(OPENED, body, principal, **asdict(body.limits))
        async with open_unit() as unit:
            vendor = await open_vendor(unit=unit, vendor=vendor, step=made, terms=terms)
        committed()
        return vendor_out(vendor)

    @router.get("/{code}", dependencies=reading)
    async def one(code: VendorCode) -> VendorViewOut:
        """A point of sale, and who sells for it."""
        view = await queries.view(code)
        return VendorViewOut(**vendor_fields(view.vendor), sellers=list(view.sellers))

    @router.put("/{code}/limits", response_model=VendorOut, responses=dict(MAY_WAIT))
    async def limit(
        code: VendorCode, body: LimitsIn, principal: Writer
    ) -> VendorOut | JSONResponse:
        """Set what it may sell, or close it. A credit limit that is raised to much is kept as a
        proposal and answered with 202. The same again changes nothing."""
        made = step(LIMITS, body, principal)
        async with open_unit() as unit:
            vendor = await change_limits(
                unit=unit, code=code, limits=body.limits, step=made, terms=terms
            )
        committed()
        if isinstance(vendor, Proposal):
            return waits(vendor, now=made.at)
        return vendor_out(vendor)

    @router.post("/{code}/sellers", status_code=HTTPStatus.NO_CONTENT)
    async def let_sell(code: VendorCode, body: SellerIn, principal: Writer) -> None:
        """Let a person or machine sell for it. The same again changes nothing."""
        made = step("seller-added", body, principal, subject=body.subject)
        async with open_unit() as unit:
            await add_seller(unit=unit, code=code, subject=body.subject, step=made)
        committed()

    @router.post("/{code}/sellers/{subject}/end", status_code=HTTPStatus.NO_CONTENT)
    async def end(code: VendorCode, subject: SubjectField, body: Reason, principal: Writer) -> None:
        """Have a person or machine sell for it no longer."""
        made = step("seller-removed", body, principal, subject=subject)
        async with open_unit() as unit:
            await remove_seller(unit=unit, code=code, subject=subject, step=made)
        committed()

    return router


def holders_router(*, open_unit: OpenUnit, clock: Clock) -> APIRouter:
    """``/v1/accounts/{account_id}/holder``."""
    router = APIRouter(prefix="/v1/accounts", tags=["vending"])

    @router.put("/{account_id}/holder", status_code=HTTPStatus.NO_CONTENT)
    async def holder(account_id: UUID, body: HolderIn, principal: Writer) -> None:
        """The name that tills are shown, masked, before they take money; null: forget it."""
        async with open_unit() as unit:
            if await unit.balances.account(account_id) is None:
                message = f"account {account_id} does not exist"
                raise UnknownAccount(message)
            await unit.vendors.put_holder(account_id, body.name, by=principal.subject, at=clock())

    return router
