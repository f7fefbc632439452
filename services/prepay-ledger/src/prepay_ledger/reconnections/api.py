"""Reconnections over HTTP: each, and how long they took."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from prepay_ledger.fields import InstantField, MeterIdField, PageById
from prepay_ledger.reconnections.postgres_queries import ReconnectionQueries
from prepay_ledger.reconnections.schemas import (
    ReconnectionOut,
    SummaryOut,
    reconnection_out,
    summary_out,
)
from prewatt_common.http.auth import require
from prewatt_common.http.pages import Page
from prewatt_common.http.problems import Problem

_LONGEST = timedelta(days=366)


def reconnections_router(*, queries: ReconnectionQueries) -> APIRouter:
    """``/v1/reconnections``. Scope ``ledger:read``."""
    router = APIRouter(
        prefix="/v1/reconnections",
        tags=["supply"],
        dependencies=[Depends(require("ledger:read"))],
    )

    @router.get("")
    async def listed(
        *,
        page: PageById,
        meter_id: MeterIdField | None = None,
        account_id: UUID | None = None,
        open_only: Annotated[bool | None, Query(alias="open")] = None,
        late: bool | None = None,
    ) -> Page[ReconnectionOut]:
        """Relays that were to close, newest first; ``open=true``: those of which something is
        waited for; ``late=true``: those that were late."""
        rows = await queries.listed(
            meter_id=meter_id,
            account_id=account_id,
            open_=open_only,
            late=late,
            before=page.after,
            limit=page.rows_max,
        )
        return page.of(rows, key=lambda row: row.id, item=reconnection_out)

    @router.get("/summary")
    async def summary(
        first: Annotated[InstantField, Query(alias="from")],
        end: Annotated[InstantField, Query(alias="to")],
    ) -> SummaryOut:
        """How far those came that were caused from ``from`` up to, without, ``to``, and how long
        they took: exact, from all of them."""
        if not timedelta(0) < end - first <= _LONGEST:
            raise Problem(
                status=HTTPStatus.UNPROCESSABLE_ENTITY,
                kind="time-out-of-range",
                detail=f"from {first} to {end}: ask for a time of up to {_LONGEST.days} days, its "
                "begin first.",
            )
        return summary_out(await queries.summary(first=first, end=end))

    return router
