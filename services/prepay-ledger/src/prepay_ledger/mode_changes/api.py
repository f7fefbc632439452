"""Changes between prepaid and post-paid over HTTP."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from prepay_ledger.facts.values import Decided
from prepay_ledger.fields import IdempotencyKey, PageById, Writer
from prepay_ledger.mode_changes.decide_change import cancel_change, give_notice
from prepay_ledger.mode_changes.ports import OpenUnit
from prepay_ledger.mode_changes.postgres_queries import ModeChangeQueries
from prepay_ledger.mode_changes.request_change import request_change
from prepay_ledger.mode_changes.schemas import (
    ModeChangeIn,
    ModeChangeOut,
    ModeChangeStepOut,
    ModeNoticeIn,
    change_out,
    step_out,
)
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.fields import Reason
from prewatt_common.http.pages import Page


def mode_changes_router(
    *,
    open_unit: OpenUnit,
    queries: ModeChangeQueries,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/mode-changes``, and an account's."""
    router = APIRouter(prefix="/v1", tags=["mode changes"])

    def decided(body: Reason, principal: Writer) -> Decided:
        return Decided(by=principal.subject, reason=body.reason, at=clock())

    @router.post("/accounts/{account_id}/mode-changes", status_code=HTTPStatus.CREATED)
    async def request(
        account_id: UUID, body: ModeChangeIn, key: IdempotencyKey, principal: Writer
    ) -> ModeChangeOut:
        """Have an account pay in another way from a day on. Until that is made, what contradicts it
        is refused, and no cut is made where the policy says so. The same key again is answered the
        same."""
        async with open_unit() as unit:
            change = await request_change(
                unit=unit,
                account_id=account_id,
                terms=body.terms(),
                key=key,
                decided=decided(body, principal),
            )
        committed()
        return change_out(change)

    @router.get("/mode-changes", dependencies=[Depends(require("ledger:read"))])
    async def changes(
        *,
        page: PageById,
        account_id: UUID | None = None,
        open_only: Annotated[bool | None, Query(alias="open")] = None,
    ) -> Page[ModeChangeOut]:
        """Changes, the newest first; ``open=true``: those under way."""
        rows = await queries.changes(
            account_id=account_id, open_=open_only, before=page.after, limit=page.rows_max
        )
        return page.of(rows, key=lambda row: row.id, item=change_out)

    @router.get("/mode-changes/{change_id}/steps", dependencies=[Depends(require("ledger:read"))])
    async def steps(*, change_id: UUID, page: PageById) -> Page[ModeChangeStepOut]:
        """What was done with it, the newest first."""
        rows = await queries.steps(change_id, before=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.id, item=step_out)

    @router.post("/mode-changes/{change_id}/notice")
    async def notice(
        change_id: UUID, body: ModeNoticeIn, key: IdempotencyKey, principal: Writer
    ) -> ModeChangeOut:
        """Say that the customer was told in time. The same key again changes nothing."""
        async with open_unit() as unit:
            change = await give_notice(
                unit=unit,
                change_id=change_id,
                reference=body.reference,
                given_at=body.given_at,
                key=key,
                decided=decided(body, principal),
            )
        committed()
        return change_out(change)

    @router.post("/mode-changes/{change_id}/cancel")
    async def cancel(change_id: UUID, body: Reason, principal: Writer) -> ModeChangeOut:
        """Leave everything as it is. The same again changes nothing."""
        async with open_unit() as unit:
            change = await cancel_change(
                unit=unit, change_id=change_id, decided=decided(body, principal)
            )
        committed()
        return change_out(change)

    return router
