"""Debts over HTTP: listed, and paid off by instalments as agreed."""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from prepay_ledger.debts.plan_debt import plan_debt
from prepay_ledger.debts.ports import OpenUnit
from prepay_ledger.debts.postgres_queries import DebtQueries
from prepay_ledger.debts.schemas import DebtOut, PlanIn, debt_out
from prepay_ledger.facts.values import Decided
from prepay_ledger.fields import PageById, Writer
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.pages import Page


def debts_router(
    *, open_unit: OpenUnit, queries: DebtQueries, committed: Callable[[], None], clock: Clock
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

    return router
