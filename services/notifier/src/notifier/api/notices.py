"""What customers were told."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from notifier.adapters.postgres.queries import NoticeQueries
from notifier.api.schemas import NoticePage
from prewatt_common.http.auth import require


def notices_router(*, queries: NoticeQueries) -> APIRouter:
    """``/v1/notices``."""
    router = APIRouter(prefix="/v1", tags=["notices"])

    @router.get("/notices", dependencies=[Depends(require("notifier:read"))])
    async def notices(
        account_id: UUID,
        cursor: Annotated[str | None, Query(pattern=r"^\d{1,18}$")] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> NoticePage:
        """Notices of an account, newest first; ``cursor`` is the page before's ``next_cursor``."""
        rows = await queries.notices(
            account_id=account_id, before=int(cursor) if cursor else None, limit=limit + 1
        )
        return NoticePage.of(rows, limit=limit)

    return router
