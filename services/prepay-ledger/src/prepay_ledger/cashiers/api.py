"""Cashiers' days and cash over HTTP: counted by who sells, decided and received by others."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from prepay_ledger.cashiers.count_cash import CountCash
from prepay_ledger.cashiers.decide_count import decide_count
from prepay_ledger.cashiers.hand_over_cash import hand_over_cash
from prepay_ledger.cashiers.ports import OpenUnit
from prepay_ledger.cashiers.postgres_queries import CashQueries, DaysAsked
from prepay_ledger.cashiers.receive_cash import receive_cash
from prepay_ledger.cashiers.schemas import (
    CashDayOut,
    CountIn,
    DecisionIn,
    HandOverIn,
    HandOverOut,
    ReceiptIn,
    day_out,
    hand_over_out,
)
from prepay_ledger.cashiers.values import (
    CountOrder,
    DayState,
    Decision,
    HandOver,
    OutcomeAction,
    Receipt,
)
from prepay_ledger.fields import DayField, IdempotencyKey, PageById, Writer
from prepay_ledger.vending.api_vends import SUPERVISE, Seller
from prepay_ledger.vending.refusals import NotASeller
from prepay_ledger.vending.schemas import SubjectField, VendorCode
from prewatt_common.clock import Clock
from prewatt_common.http.auth import Principal, require
from prewatt_common.http.pages import Page
from prewatt_common.ids import new_id

_NOBODY = UUID(int=0)
"""Set by the use case, once the desk is locked."""


def cash_days_router(
    *,
    open_unit: OpenUnit,
    queries: CashQueries,
    count_cash: CountCash,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/cash-days``."""
    router = APIRouter(prefix="/v1/cash-days", tags=["cashiers"])

    @router.post("/counts", status_code=HTTPStatus.CREATED)
    async def count(body: CountIn, key: IdempotencyKey, principal: Seller) -> CashDayOut:
        """Count a drawer and close its day. Where it is what should be there the day is closed;
        else it needs a reason, and waits for a second person. Nothing is sold or voided in that
        drawer on that day any more. The same key again is answered as the day is by then."""
        asked = CountOrder(
            key=key,
            who=principal.subject,
            seller=_whose(body.seller, principal),
            vendor_code=body.vendor,
            business_day=body.business_day,
            counted_micro=body.counted_micro,
            reason=body.reason or "",
        )
        async with open_unit() as unit:
            day = await count_cash(unit, asked=asked)
        committed()
        return day_out(day)

    async def decide(
        count_id: UUID, action: OutcomeAction, body: DecisionIn, key: str, who: Principal
    ) -> CashDayOut:
        decided = Decision(
            count_id=count_id,
            action=action,
            key=key,
            who=who.subject,
            reason=body.reason,
            at=clock(),
        )
        async with open_unit() as unit:
            day = await decide_count(unit=unit, decided=decided)
        committed()
        return day_out(day)

    @router.post("/counts/{count_id}/accept")
    async def accept(
        count_id: UUID, body: DecisionIn, key: IdempotencyKey, principal: Writer
    ) -> CashDayOut:
        """Close the day with that count: what differs is cash short or over. Not by who sold or
        counted. The same key again is answered the same."""
        return await decide(count_id, OutcomeAction.CLOSED, body, key, principal)

    @router.post("/counts/{count_id}/send-back")
    async def send_back(
        count_id: UUID, body: DecisionIn, key: IdempotencyKey, principal: Writer
    ) -> CashDayOut:
        """Open the day again: it is counted anew. Not by who sold or counted. The same key again
        is answered the same."""
        return await decide(count_id, OutcomeAction.SENT_BACK, body, key, principal)

    @router.get("", dependencies=[Depends(require("ledger:read"))])
    async def days(
        *,
        page: PageById,
        vendor: VendorCode | None = None,
        seller: Annotated[SubjectField | None, Query()] = None,
        business_day: DayField | None = None,
        state: DayState | None = None,
    ) -> Page[CashDayOut]:
        """Cashiers' days, newest first: what each took, counted, and handed over."""
        asked = DaysAsked(vendor_code=vendor, seller=seller, business_day=business_day, state=state)
        rows = await queries.days(asked, before=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.id, item=day_out)

    return router


def hand_overs_router(
    *, open_unit: OpenUnit, queries: CashQueries, committed: Callable[[], None], clock: Clock
) -> APIRouter:
    """``/v1/cash-hand-overs``."""
    router = APIRouter(prefix="/v1/cash-hand-overs", tags=["cashiers"])

    @router.post("", status_code=HTTPStatus.CREATED)
    async def hand_over(body: HandOverIn, key: IdempotencyKey, principal: Seller) -> HandOverOut:
        """Hand over all cash of closed days, to the bank or to a person: it is on its way until a
        second person receives it. The same key again is answered as it is by then."""
        asked = HandOver(
            id=new_id(),
            key=key,
            vendor_id=_NOBODY,
            vendor_code=body.vendor,
            seller=_whose(body.seller, principal),
            currency="",
            amount_micro=body.amount_micro,
            destination=body.destination,
            receiver=body.receiver or "",
            slip=body.slip,
            who=principal.subject,
            journal_id=0,
            at=clock(),
        )
        async with open_unit() as unit:
            made = await hand_over_cash(unit=unit, asked=asked)
        committed()
        return hand_over_out(made)

    @router.post("/{hand_over_id}/receive")
    async def receive(
        hand_over_id: UUID, body: ReceiptIn, key: IdempotencyKey, principal: Writer
    ) -> HandOverOut:
        """Say that it came: to the bank, or to the person. Not by who handed it over. Another
        amount needs a reason. The same key again is answered the same."""
        asked = Receipt(
            id=new_id(),
            key=key,
            received_micro=body.received_micro,
            who=principal.subject,
            reason=body.reason or "",
            journal_id=0,
            at=clock(),
        )
        async with open_unit() as unit:
            received = await receive_cash(unit=unit, hand_over_id=hand_over_id, asked=asked)
        committed()
        return hand_over_out(received)

    @router.get("", dependencies=[Depends(require("ledger:read"))])
    async def hand_overs(
        *, page: PageById, vendor: VendorCode | None = None, received: bool | None = None
    ) -> Page[HandOverOut]:
        """Cash that was handed over, newest first; ``received=false``: what is on its way."""
        rows = await queries.hand_overs(
            vendor_code=vendor, is_received=received, before=page.after, limit=page.rows_max
        )
        return page.of(rows, key=lambda row: row.id, item=hand_over_out)

    return router


def _whose(seller: str | None, principal: Principal) -> str:
    """Whose drawer it is. Raises `NotASeller`."""
    if seller is None or seller == principal.subject:
        return principal.subject
    if SUPERVISE not in principal.scopes:
        message = f"the drawer of {seller} is theirs, or a supervisor's ({SUPERVISE}), to count"
        raise NotASeller(message)
    return seller
