"""Deposits and bank guarantees over HTTP."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse

from prepay_ledger.approvals.api import MAY_WAIT, waits
from prepay_ledger.approvals.values import ApprovalTerms, Proposal
from prepay_ledger.deposits.draw_deposit import draw_deposit, receive_called
from prepay_ledger.deposits.hold_deposit import hold_deposit
from prepay_ledger.deposits.ports import OpenUnit, Review, UnitT
from prepay_ledger.deposits.postgres_queries import DepositQueries
from prepay_ledger.deposits.release_deposit import release_deposit
from prepay_ledger.deposits.schemas import (
    DepositIn,
    DepositOut,
    DepositStepOut,
    DrawIn,
    ReceiptIn,
    ReleaseIn,
    deposit_out,
    step_out,
)
from prepay_ledger.deposits.values import Deposit
from prepay_ledger.facts.values import Decided
from prepay_ledger.fields import DayField, IdempotencyKey, PageById, Writer
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.fields import Reason
from prewatt_common.http.pages import Page


def deposits_router(
    *,
    open_unit: OpenUnit[UnitT],
    queries: DepositQueries,
    review: Review[UnitT],
    zone: ZoneInfo,
    terms: ApprovalTerms,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/deposits``, and an account's. ``zone``: the utility's, in which papers end."""
    router = APIRouter(prefix="/v1", tags=["deposits"])

    def decided(body: Reason, principal: Writer) -> Decided:
        return Decided(by=principal.subject, reason=body.reason, at=clock())

    def answer(deposit: Deposit | Proposal, *, by: Decided) -> DepositOut | JSONResponse:
        return waits(deposit, now=by.at) if isinstance(deposit, Proposal) else deposit_out(deposit)

    @router.post(
        "/accounts/{account_id}/deposits",
        status_code=HTTPStatus.CREATED,
        response_model=DepositOut,
        responses=dict(MAY_WAIT),
    )
    async def hold(
        account_id: UUID, body: DepositIn, key: IdempotencyKey, principal: Writer
    ) -> DepositOut | JSONResponse:
        """Hold a deposit or a guarantee for an account: its balance has no more by it. Much, unless
        from the balance, is kept as a proposal and answered with 202. The same key again is
        answered as it is by then."""
        by = decided(body, principal)
        async with open_unit() as unit:
            deposit = await hold_deposit(
                unit=unit,
                review=review,
                account_id=account_id,
                terms=body.terms(),
                place=body.place,
                key=key,
                today=by.at.astimezone(zone).date(),
                decided=by,
                approvals=terms,
            )
        committed()
        return answer(deposit, by=by)

    @router.get("/deposits", dependencies=[Depends(require("ledger:read"))])
    async def deposits(
        *,
        page: PageById,
        account_id: UUID | None = None,
        open_only: Annotated[bool | None, Query(alias="open")] = None,
        ends_before: DayField | None = None,
        without_line: bool | None = None,
    ) -> Page[DepositOut]:
        """What is held, the newest first; ``open=true``: what something is left of;
        ``ends_before``: what holds for no longer than until the day before; ``without_line=true``:
        whose money came to a bank or went from it, and no line of the bank is that yet."""
        rows = await queries.deposits(
            account_id=account_id,
            open_=open_only,
            ends_before=ends_before,
            without_line=without_line,
            before=page.after,
            limit=page.rows_max,
        )
        return page.of(rows, key=lambda row: row.id, item=deposit_out)

    @router.get("/deposits/{deposit_id}/steps", dependencies=[Depends(require("ledger:read"))])
    async def steps(*, deposit_id: UUID, page: PageById) -> Page[DepositStepOut]:
        """What was done with it, the newest first."""
        rows = await queries.steps(deposit_id, before=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.id, item=step_out)

    @router.post("/deposits/{deposit_id}/draw", response_model=DepositOut, responses=dict(MAY_WAIT))
    async def draw(
        deposit_id: UUID, body: DrawIn, key: IdempotencyKey, principal: Writer
    ) -> DepositOut | JSONResponse:
        """Pay what is owed from it. Much is kept as a proposal and answered with 202. The same key
        again changes nothing."""
        by = decided(body, principal)
        async with open_unit() as unit:
            deposit = await draw_deposit(
                unit=unit,
                review=review,
                deposit_id=deposit_id,
                amount_micro=body.amount_micro,
                debt_id=body.debt_id,
                key=key,
                today=by.at.astimezone(zone).date(),
                decided=by,
                approvals=terms,
            )
        committed()
        return answer(deposit, by=by)

    @router.post("/deposits/{deposit_id}/receive")
    async def receive(
        deposit_id: UUID, body: ReceiptIn, key: IdempotencyKey, principal: Writer
    ) -> DepositOut:
        """Say that a guarantee's issuer has paid what was drawn, or a part. The same key again
        changes nothing."""
        async with open_unit() as unit:
            deposit = await receive_called(
                unit=unit,
                deposit_id=deposit_id,
                amount_micro=body.amount_micro,
                key=key,
                decided=decided(body, principal),
            )
        committed()
        return deposit_out(deposit)

    @router.post(
        "/deposits/{deposit_id}/release", response_model=DepositOut, responses=dict(MAY_WAIT)
    )
    async def release(
        deposit_id: UUID, body: ReleaseIn, key: IdempotencyKey, principal: Writer
    ) -> DepositOut | JSONResponse:
        """Give it back, or a part of it. Much is kept as a proposal and answered with 202. The same
        key again changes nothing."""
        by = decided(body, principal)
        async with open_unit() as unit:
            deposit = await release_deposit(
                unit=unit,
                review=review,
                deposit_id=deposit_id,
                amount_micro=body.amount_micro,
                place=body.place,
                key=key,
                decided=by,
                approvals=terms,
            )
        committed()
        return answer(deposit, by=by)

    return router
