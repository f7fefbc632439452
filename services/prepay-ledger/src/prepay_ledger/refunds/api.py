"""Refunds over HTTP: what is paid out of accounts that moved out, and what nobody has claimed."""

from collections.abc import Callable
from datetime import date, timedelta
from http import HTTPStatus
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from prepay_ledger.approvals.api import MAY_WAIT, waits
from prepay_ledger.approvals.values import Proposal
from prepay_ledger.facts.values import Decided
from prepay_ledger.fields import IdempotencyKey, PageById, Writer
from prepay_ledger.refunds.end_refund import cancel_refund, hand_out
from prepay_ledger.refunds.order_refund import OrderRefund
from prepay_ledger.refunds.ports import OpenUnit, Review, UnitT
from prepay_ledger.refunds.postgres_queries import RefundQueries
from prepay_ledger.refunds.schemas import (
    HandOutIn,
    PayeeOut,
    RefundableOut,
    RefundIn,
    RefundOut,
    RefundStepOut,
    UnclaimedOut,
    refund_out,
    step_out,
    unclaimed_out,
)
from prepay_ledger.refunds.values import RefundState
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.fields import Reason
from prewatt_common.http.pages import Page

Reading = Depends(require("ledger:read"))


def refunds_router(
    *,
    open_unit: OpenUnit[UnitT],
    queries: RefundQueries,
    order_refund: OrderRefund[UnitT],
    review: Review[UnitT],
    zone: ZoneInfo,
    unclaimed_days: int,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/refunds``, and an account's. ``zone``: the utility's, in which days end."""
    router = APIRouter(prefix="/v1", tags=["refunds"])

    def today() -> date:
        return clock().astimezone(zone).date()

    def decided(body: Reason, principal: Writer) -> Decided:
        return Decided(by=principal.subject, reason=body.reason, at=clock())

    @router.post(
        "/accounts/{account_id}/refunds",
        status_code=HTTPStatus.CREATED,
        response_model=RefundOut,
        responses=dict(MAY_WAIT),
    )
    async def order(
        account_id: UUID, body: RefundIn, key: IdempotencyKey, principal: Writer
    ) -> RefundOut | JSONResponse:
        """Pay out what an account that moved out has left: its deposits in cash become balance, its
        debts are paid first. Much, in all, is kept as a proposal and answered with 202. The same
        key again is answered as it is by then."""
        by = decided(body, principal)
        async with open_unit() as unit:
            done = await order_refund(unit, asked=body.order(account_id, key=key, decided=by))
        committed()
        return waits(done, now=by.at) if isinstance(done, Proposal) else refund_out(done)

    @router.get("/accounts/{account_id}/refundable", dependencies=[Reading])
    async def refundable(account_id: UUID) -> RefundableOut:
        """What may be paid out of an account, and what is in the way."""
        found = await queries.ground(account_id, today=today(), now=clock())
        return RefundableOut.of(account_id, found)

    @router.get("/refunds", dependencies=[Reading])
    async def refunds(
        *, page: PageById, account_id: UUID | None = None, state: RefundState | None = None
    ) -> Page[RefundOut]:
        """What was paid out, newest first; ``state=in-transit``: what is to be sent or fetched, and
        what the bank has not told of yet."""
        rows = await queries.refunds(
            account_id=account_id, state=state, before=page.after, limit=page.rows_max
        )
        return page.of(rows, key=lambda row: row.id, item=refund_out)

    @router.get("/refunds/{refund_id}", dependencies=[Reading])
    async def one(refund_id: UUID) -> RefundOut:
        """One of them."""
        return refund_out(await queries.refund(refund_id))

    @router.get("/refunds/{refund_id}/payee", dependencies=[Depends(require("ledger:write"))])
    async def payee(refund_id: UUID) -> PayeeOut:
        """Where it goes, in full, for who makes the transfer."""
        return PayeeOut.model_validate((await queries.refund(refund_id)).payee)

    @router.get("/refunds/{refund_id}/steps", dependencies=[Reading])
    async def steps(*, refund_id: UUID, page: PageById) -> Page[RefundStepOut]:
        """What was done with it, the newest first."""
        rows = await queries.steps(refund_id, before=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.id, item=step_out)

    @router.post("/refunds/{refund_id}/hand-out")
    async def hand(
        refund_id: UUID, body: HandOutIn, key: IdempotencyKey, principal: Writer
    ) -> RefundOut:
        """Say that the customer has the cash. The same key again changes nothing."""
        async with open_unit() as unit:
            refund = await hand_out(
                unit=unit,
                refund_id=refund_id,
                slip=body.slip,
                key=key,
                decided=decided(body, principal),
            )
        return refund_out(refund)

    @router.post("/refunds/{refund_id}/cancel")
    async def cancel(
        refund_id: UUID, body: Reason, key: IdempotencyKey, principal: Writer
    ) -> RefundOut:
        """Say that it was never sent, or that nobody fetches it: the account has it again. The same
        key again changes nothing."""
        async with open_unit() as unit:
            refund = await cancel_refund(
                unit=unit,
                review=review,
                refund_id=refund_id,
                key=key,
                decided=decided(body, principal),
            )
        committed()
        return refund_out(refund)

    @router.get("/unclaimed-balances", dependencies=[Reading])
    async def unclaimed(*, page: PageById) -> Page[UnclaimedOut]:
        """Accounts that moved out `PREWATT_UNCLAIMED_DAYS` ago or longer and have money left, by
        their ids. What becomes of it by law is for the utility to find out."""
        rows = await queries.unclaimed(
            today() - timedelta(days=unclaimed_days), after=page.after, limit=page.rows_max
        )
        return page.of(rows, key=lambda row: row.account_id, item=unclaimed_out)

    return router
