"""Why the supply stayed, went or came back, over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Depends

from prepay_ledger.fields import PageById
from prepay_ledger.supply.postgres_queries import SupplyQueries
from prepay_ledger.supply.schemas import CommandOut, DecisionOut
from prepay_ledger.tables import AnyRow
from prewatt_common.http.auth import require
from prewatt_common.http.pages import Page


def supply_router(*, queries: SupplyQueries) -> APIRouter:
    """Decisions and commands of an account. Scope ``ledger:read``."""
    router = APIRouter(
        prefix="/v1", tags=["supply"], dependencies=[Depends(require("ledger:read"))]
    )

    @router.get("/accounts/{account_id}/decisions")
    async def decisions(account_id: UUID, page: PageById) -> Page[DecisionOut]:
        """Why the supply stayed, went or came back, newest first."""
        rows = await queries.decisions(account_id, before=page.after, limit=page.rows_max)
        return page.of(rows, key=_id, item=DecisionOut.model_validate)

    @router.get("/accounts/{account_id}/commands")
    async def commands(account_id: UUID, page: PageById) -> Page[CommandOut]:
        """The relay commands of the account, newest first."""
        rows = await queries.commands(account_id, before=page.after, limit=page.rows_max)
        return page.of(rows, key=_id, item=CommandOut.model_validate)

    return router


def _id(row: AnyRow) -> UUID:
    return row.id
