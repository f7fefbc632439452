"""Sales over HTTP: for tills, machines and agencies, and for whoever supervises them."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends
from fastapi.responses import PlainTextResponse, Response

from prepay_ledger.balances.refusals import UnknownAccount
from prepay_ledger.fields import AccountNumberField, DayField, IdempotencyKey, PageById
from prepay_ledger.paper.api import PDF_ANSWER, Paper
from prepay_ledger.paper.text import slip_text
from prepay_ledger.paper.values import Language, Slip
from prepay_ledger.prepay_agreements.load_policy import maximum_balance_micro
from prepay_ledger.vending.ports import OpenUnit
from prepay_ledger.vending.postgres_queries import VendQueries
from prepay_ledger.vending.receipt import vend_slip
from prepay_ledger.vending.refusals import DutiesNotSeparate, UnknownVend
from prepay_ledger.vending.reverse_vend import ReverseVend
from prepay_ledger.vending.rules import check_is_open, sells
from prepay_ledger.vending.schemas import (
    PayableOut,
    ReversalIn,
    ReversalOut,
    VendIn,
    VendorCode,
    VendOut,
    vend_out,
)
from prepay_ledger.vending.take_vend import TakeVend
from prepay_ledger.vending.values import Order, Vend
from prepay_ledger.vending.void_vend import VoidOrder, VoidVend
from prewatt_common.clock import Clock
from prewatt_common.http.auth import Principal, require
from prewatt_common.http.fields import Reason
from prewatt_common.http.pages import Page

VEND = "ledger:vend"
SUPERVISE = "ledger:supervise-vends"
_APART = "ledger:write"
"""Readings, tariffs, terms: who takes money does none of these."""


async def _seller(principal: Annotated[Principal, Depends(require(VEND))]) -> Principal:
    if _APART in principal.scopes:
        message = (
            f"a token that sells ({VEND}) must not change readings, tariffs or accounts too "
            f"({_APART}): have one issued without that; nothing was done"
        )
        raise DutiesNotSeparate(message)
    return principal


Seller = Annotated[Principal, Depends(_seller)]


def vends_router(
    *,
    open_unit: OpenUnit,
    queries: VendQueries,
    take_vend: TakeVend,
    void_vend: VoidVend,
    reverse_vend: ReverseVend,
    committed: Callable[[], None],
    clock: Clock,
    zone: ZoneInfo,
    paper: Paper,
) -> APIRouter:
    """``/v1/vends``. ``zone``: the utility's, of times on receipts."""
    router = APIRouter(prefix="/v1/vends", tags=["vending"])

    @router.post("", status_code=HTTPStatus.CREATED)
    async def sell(body: VendIn, key: IdempotencyKey, principal: Seller) -> VendOut:
        """Take a customer's money for the vendor that the token's subject sells for: it is credited
        at once, and supply comes back as after any payment. The same key again is answered the
        same; with another body it is refused."""
        order = Order(
            key=key,
            account_number=body.account_number,
            amount_micro=body.amount_micro,
            tender=body.tender,
            reference=body.reference or "",
        )
        async with open_unit() as unit:
            vend = await take_vend(unit, order=order, sold_by=principal.subject)
        committed()
        return vend_out(vend)

    @router.post("/{vend_id}/void")
    async def void(vend_id: UUID, body: Reason, key: IdempotencyKey, principal: Seller) -> VendOut:
        """Take a sale back within its business day, by the same vendor or a supervisor: account,
        debts and float are as if it had not been. The same key again is answered the same; a
        second void is refused."""
        asked = VoidOrder(
            key=key,
            who=principal.subject,
            supervises=SUPERVISE in principal.scopes,
            reason=body.reason,
        )
        async with open_unit() as unit:
            vend = await void_vend(unit, vend_id=vend_id, asked=asked, now=clock())
        committed()
        return vend_out(vend)

    @router.post("/reversals")
    async def reverse(body: ReversalIn, principal: Seller) -> ReversalOut:
        """Have a sale not stand whose answer was lost: by its key, whether it had come or not. It
        is void then, or refused if it comes later. The same again changes nothing."""
        async with open_unit() as unit:
            vend = await reverse_vend(
                unit, key=body.key, asked_by=principal.subject, reason=body.reason, now=clock()
            )
        committed()
        return ReversalOut(key=body.key, vend=None if vend is None else vend_out(vend))

    @router.get("", dependencies=[Depends(require("ledger:read"))])
    async def vends(
        *, page: PageById, vendor: VendorCode | None = None, business_day: DayField | None = None
    ) -> Page[VendOut]:
        """Sales, newest first; of one vendor, of one of its business days."""
        rows = await queries.vends(
            code=vendor, business_day=business_day, before=page.after, limit=page.rows_max
        )
        return page.of(rows, key=lambda row: row.id, item=vend_out)

    async def seen(vend_id: UUID, principal: Principal) -> Vend:
        """A sale of the same vendor, or any for a supervisor. Raises `UnknownVend`."""
        vend = await queries.vend(vend_id)
        mine = SUPERVISE in principal.scopes or (
            vend is not None and vend.vendor_id == await queries.sells_for(principal.subject)
        )
        if vend is None or not mine:
            message = f"there is no sale {vend_id} of yours"
            raise UnknownVend(message)
        return vend

    async def slip(vend_id: UUID, principal: Principal, language: Language) -> Slip:
        vend = await seen(vend_id, principal)
        local_time = f"{vend.at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
        return vend_slip(vend, local_time=local_time, language=language)

    @router.get("/{vend_id}")
    async def one(vend_id: UUID, principal: Seller) -> VendOut:
        """A sale of the same vendor, or any for a supervisor."""
        return vend_out(await seen(vend_id, principal))

    @router.get("/{vend_id}/receipt", response_class=PlainTextResponse)
    async def receipt(
        vend_id: UUID, principal: Seller, language: Language = Language.ENGLISH
    ) -> str:
        """Its receipt as text for a roll of 80 mm (42 columns, a Chinese character takes two)."""
        return slip_text(await slip(vend_id, principal, language))

    @router.get("/{vend_id}/receipt.pdf", response_class=Response, responses=PDF_ANSWER)
    async def receipt_pdf(
        vend_id: UUID, principal: Seller, language: Language = Language.ENGLISH
    ) -> Response:
        """The same as PDF, 80 mm wide."""
        return await paper.answer(await slip(vend_id, principal, language))

    return router


def payables_router(*, open_unit: OpenUnit, queries: VendQueries, clock: Clock) -> APIRouter:
    """``/v1/payable-accounts``."""
    router = APIRouter(prefix="/v1/payable-accounts", tags=["vending"])

    @router.get("")
    async def payable(number: AccountNumberField, principal: Seller) -> PayableOut:
        """An account before it is paid for: whose it is, masked, and what is left and owed. For who
        sells for an open vendor, and for supervisors."""
        if SUPERVISE not in principal.scopes:
            vendor = await queries.vendor_of(principal.subject)
            check_is_open(sells(vendor, principal.subject))
        found = await queries.payable(number)
        if found is None:
            message = f"there is no account {number}"
            raise UnknownAccount(message)
        async with open_unit() as unit:
            maximum_micro = await maximum_balance_micro(
                unit, found.account_id, currency=found.currency, at=clock()
            )
        out = PayableOut.model_validate(found)
        if maximum_micro is not None:
            out.most_micro = max(0, maximum_micro - found.balance_micro)
        return out

    return router
