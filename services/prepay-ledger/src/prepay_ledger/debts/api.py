"""Debts over HTTP: listed, paid off by instalments as agreed, paused, written off by two people."""

from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse

from prepay_ledger.approvals.api import waits
from prepay_ledger.approvals.schemas import ProposalOut
from prepay_ledger.debts.pause_debt import pause_debt
from prepay_ledger.debts.plan_debt import plan_debt
from prepay_ledger.debts.ports import OpenUnit, OpenWriteOffUnit
from prepay_ledger.debts.postgres_queries import DebtQueries
from prepay_ledger.debts.schemas import (
    DebtOut,
    PauseIn,
    PlanIn,
    WriteOffIn,
    debt_out,
)
from prepay_ledger.debts.write_off_debt import propose_write_off
from prepay_ledger.facts.values import Decided
from prepay_ledger.fields import PageById, Writer
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.pages import Page


def debts_router(
    *,
    open_unit: OpenUnit,
    open_write_off_unit: OpenWriteOffUnit,
    queries: DebtQueries,
    term: timedelta,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/debts``. ``term``: for so long a write-off may be approved."""
    router = APIRouter(prefix="/v1/debts", tags=["debts"])

    @router.get("", dependencies=[Depends(require("ledger:read"))])
    async def debts(
        *,
        page: PageById,
        account_id: UUID | None = None,
        open_only: Annotated[bool | None, Query(alias="open")] = None,
    ) -> Page[DebtOut]:
        """What accounts owe apart from their balances, newest first; ``open=true``: what is not
        paid yet."""
        rows = await queries.debts(
            account_id=account_id, open_=open_only, before=page.after, limit=page.rows_max
        )
        return page.of(rows, key=lambda row: row.id, item=debt_out)

    @router.put("/{debt_id}/plan")
    async def plan(debt_id: UUID, body: PlanIn, principal: Writer) -> DebtOut:
        """Agree on instalments for what is left of it, or on a part of each top-up, in place of
        what was agreed before. The same again
        changes nothing."""
        async with open_unit() as unit:
            debt = await plan_debt(
                unit=unit,
                debt_id=debt_id,
                instalments=body.instalments,
                first_due=body.first_due,
                topup_share_ppm=body.topup_share_ppm,
                decided=Decided(by=principal.subject, reason=body.reason, at=clock()),
            )
        committed()
        return debt_out(debt)

    @router.put("/{debt_id}/pause")
    async def pause(debt_id: UUID, body: PauseIn, principal: Writer) -> DebtOut:
        """Have nothing taken of it before a day, or, with null, from now on again. What fell due
        meanwhile is due then. The same again changes nothing."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            debt = await pause_debt(unit=unit, debt_id=debt_id, until=body.until, decided=decided)
        committed()
        return debt_out(debt)

    @router.post(
        "/{debt_id}/write-offs", status_code=HTTPStatus.ACCEPTED, response_model=ProposalOut
    )
    async def write_off(debt_id: UUID, body: WriteOffIn, principal: Writer) -> JSONResponse:
        """Propose that it is not to be asked for any more: of whatever amount nothing changes
        before another person approves it. The same again by the same person changes nothing."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_write_off_unit() as unit:
            waiting = await propose_write_off(
                unit=unit,
                debt_id=debt_id,
                amount_micro=body.amount_micro,
                term=term,
                decided=decided,
            )
        return waits(waiting, now=decided.at)

    return router
