"""Adjustments and transfers over HTTP: done at once, or proposed to a second person."""

from collections.abc import Callable
from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from prepay_ledger.adjustments.adjust_account import AdjustAccount
from prepay_ledger.adjustments.ports import OpenUnit
from prepay_ledger.adjustments.postgres_queries import AdjustmentQueries
from prepay_ledger.adjustments.schemas import (
    AdjustmentIn,
    AdjustmentOut,
    TransferIn,
    TransferOut,
)
from prepay_ledger.adjustments.transfer_money import TransferMoney
from prepay_ledger.approvals.api import MAY_WAIT, waits
from prepay_ledger.approvals.values import Proposal
from prepay_ledger.fields import IdempotencyKey, PageById, Writer
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.pages import Page


def adjustments_router(
    *,
    open_unit: OpenUnit,
    queries: AdjustmentQueries,
    adjust_account: AdjustAccount,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/adjustments``."""
    router = APIRouter(prefix="/v1/adjustments", tags=["adjustments"])

    @router.post(
        "", status_code=HTTPStatus.CREATED, response_model=AdjustmentOut, responses=dict(MAY_WAIT)
    )
    async def adjust(
        body: AdjustmentIn, key: IdempotencyKey, principal: Writer
    ) -> AdjustmentOut | JSONResponse:
        """Give to an account's balance, or take from it, for a cause. Much, or what overdraws the
        account, is kept as a proposal and answered with 202. The same key again is answered as it
        is by then."""
        now = clock()
        asked = body.order(key=key, who=principal.subject)
        async with open_unit() as unit:
            done = await adjust_account(unit, asked=asked, now=now)
        committed()
        return waits(done, now=now) if isinstance(done, Proposal) else AdjustmentOut.of(done)

    @router.get("", dependencies=[Depends(require("ledger:read"))])
    async def adjustments(*, page: PageById, account_id: UUID | None = None) -> Page[AdjustmentOut]:
        """What was adjusted, newest first."""
        rows = await queries.adjustments(
            account_id=account_id, before=page.after, limit=page.rows_max
        )
        return page.of(rows, key=lambda row: row.id, item=AdjustmentOut.of)

    return router


def transfers_router(
    *,
    open_unit: OpenUnit,
    queries: AdjustmentQueries,
    transfer_money: TransferMoney,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/transfers``."""
    router = APIRouter(prefix="/v1/transfers", tags=["adjustments"])

    @router.post(
        "", status_code=HTTPStatus.CREATED, response_model=TransferOut, responses=dict(MAY_WAIT)
    )
    async def transfer(
        body: TransferIn, key: IdempotencyKey, principal: Writer
    ) -> TransferOut | JSONResponse:
        """Move money from the account that it reached in error to another of the same currency.
        Much, or what overdraws the first, is kept as a proposal and answered with 202. The same
        key again is answered as it is by then."""
        now = clock()
        asked = body.order(key=key, who=principal.subject)
        async with open_unit() as unit:
            done = await transfer_money(unit, asked=asked, now=now)
        committed()
        return waits(done, now=now) if isinstance(done, Proposal) else TransferOut.of(done)

    @router.get("", dependencies=[Depends(require("ledger:read"))])
    async def transfers(*, page: PageById, account_id: UUID | None = None) -> Page[TransferOut]:
        """What was moved between accounts, newest first; of an account from it and to it."""
        rows = await queries.transfers(
            account_id=account_id, before=page.after, limit=page.rows_max
        )
        return page.of(rows, key=lambda row: row.id, item=TransferOut.of)

    return router
