"""Debts over HTTP: listed, paid off by instalments as agreed, paused, written off by two people."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from prepay_ledger.debts.pause_debt import pause_debt
from prepay_ledger.debts.plan_debt import plan_debt
from prepay_ledger.debts.ports import OpenUnit, OpenWriteOffUnit
from prepay_ledger.debts.postgres_queries import DebtQueries
from prepay_ledger.debts.schemas import (
    DebtOut,
    PauseIn,
    PlanIn,
    WriteOffIn,
    WriteOffOut,
    debt_out,
    write_off_out,
)
from prepay_ledger.debts.write_off_debt import (
    draft_write_off,
    release_write_off,
    withdraw_write_off,
)
from prepay_ledger.facts.values import Decided, DraftState
from prepay_ledger.fields import PageById, Writer
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.fields import Reason
from prewatt_common.http.pages import Page


def debts_router(
    *,
    open_unit: OpenUnit,
    open_write_off_unit: OpenWriteOffUnit,
    queries: DebtQueries,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/debts``."""
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

    @router.get("/write-offs", dependencies=[Depends(require("ledger:read"))])
    async def write_offs(*, page: PageById, state: DraftState | None = None) -> Page[WriteOffOut]:
        """What was drafted to be written off and what became of it, the newest first."""
        rows = await queries.write_offs(state=state, before=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.id, item=write_off_out)

    @router.post("/{debt_id}/write-offs", status_code=HTTPStatus.CREATED)
    async def draft(debt_id: UUID, body: WriteOffIn, principal: Writer) -> WriteOffOut:
        """Draft that it is not to be asked for any more: nothing changes before another person
        releases it. The same again by the same person is the same draft."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_write_off_unit() as unit:
            one = await draft_write_off(
                unit=unit, debt_id=debt_id, amount_micro=body.amount_micro, decided=decided
            )
        return write_off_out(one)

    @router.post("/write-offs/{write_off_id}/release")
    async def release(write_off_id: UUID, body: Reason, principal: Writer) -> WriteOffOut:
        """Carry out what another person drafted: so much less is owed, and the customer is told.
        The same again changes nothing."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_write_off_unit() as unit:
            one = await release_write_off(unit=unit, write_off_id=write_off_id, decided=decided)
        committed()
        return write_off_out(one)

    @router.post("/write-offs/{write_off_id}/withdraw")
    async def withdraw(write_off_id: UUID, body: Reason, principal: Writer) -> WriteOffOut:
        """The draft is not to be carried out. The same again changes nothing."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_write_off_unit() as unit:
            one = await withdraw_write_off(unit=unit, write_off_id=write_off_id, decided=decided)
        return write_off_out(one)

    return router
