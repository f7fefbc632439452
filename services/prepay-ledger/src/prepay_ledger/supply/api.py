"""Why the supply stayed, went or came back, over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Depends

from prepay_ledger.supply.postgres_queries import SupplyQueries
from prepay_ledger.supply.schemas import CommandOut, DecisionOut
from prewatt_common.http.auth import require
from prewatt_common.http.fields import Limit


def supply_router(*, queries: SupplyQueries) -> APIRouter:
    """Decisions and commands of an account. Scope ``ledger:read``."""
    router = APIRouter(
        prefix="/v1", tags=["supply"], dependencies=[Depends(require("ledger:read"))]
    )

    @router.get("/accounts/{account_id}/decisions")
    async def decisions(account_id: UUID, limit: Limit = 100) -> list[DecisionOut]:
        """Why the supply stayed, went or came back, newest first."""
        return [
            DecisionOut.model_validate(row)
            for row in await queries.decisions(account_id, limit=limit)
        ]

    @router.get("/accounts/{account_id}/commands")
    async def commands(account_id: UUID, limit: Limit = 100) -> list[CommandOut]:
        """The relay commands of the account, newest first."""
        return [
            CommandOut.model_validate(row)
            for row in await queries.commands(account_id, limit=limit)
        ]

    return router
