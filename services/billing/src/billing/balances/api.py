"""GET /v1/balance-differences. Money is integer micro-units of the currency in JSON."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from billing.balances.ports import BalanceDifferences
from prewatt_common.http.auth import require
from prewatt_common.http.pages import Page, PageRequest, PagesBy


class BalanceDifferenceOut(BaseModel, from_attributes=True):
    """An account whose balance at the ledger is not what it was given less what it was charged.
    ``since``: when that was first seen; ``changed_at``: since when it is by this much."""

    account_id: UUID
    account_number: str | None
    currency: str | None
    ours_micro: int
    theirs_micro: int
    difference_micro: int
    since: datetime
    changed_at: datetime


def balances_router(*, store: BalanceDifferences) -> APIRouter:
    """The router."""
    router = APIRouter(
        prefix="/v1", tags=["reconciliation"], dependencies=[Depends(require("billing:read"))]
    )

    @router.get("/balance-differences", summary="Balances that are not what they come to")
    async def differences(
        page: Annotated[PageRequest[UUID], Depends(PagesBy(UUID))],
    ) -> Page[BalanceDifferenceOut]:
        """As of the last look; one that has just moved may be on its way still."""
        return page.of(
            await store.listed(after=page.after, limit=page.rows_max),
            key=lambda each: each.account_id,
            item=BalanceDifferenceOut.model_validate,
        )

    return router
