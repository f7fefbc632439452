"""Conditions over HTTP."""

from collections.abc import Callable
from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from prepay_ledger.conditions.ports import OpenUnit
from prepay_ledger.conditions.postgres_queries import ConditionQueries
from prepay_ledger.conditions.schemas import ConditionIn, ConditionOut, condition_out
from prepay_ledger.conditions.tell_condition import begin_condition, end_condition
from prepay_ledger.facts.values import Decided
from prepay_ledger.fields import PageById, Writer
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.fields import Reason
from prewatt_common.http.openapi import as_it_was
from prewatt_common.http.pages import Page


def conditions_router(
    *,
    open_unit: OpenUnit,
    queries: ConditionQueries,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/conditions``."""
    router = APIRouter(prefix="/v1/conditions", tags=["supply"])

    @router.post("", status_code=HTTPStatus.CREATED, responses=as_it_was(ConditionOut))
    async def begin(body: ConditionIn, principal: Writer, response: Response) -> ConditionOut:
        """Something is so from now on that may hold cuts, where the policy of a class says so: it
        is looked at within seconds, and a cut in flight is called back. The same reference again
        changes nothing, and is answered with 200."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            condition, is_new = await begin_condition(
                unit=unit,
                kind=body.kind,
                account_id=body.account_id,
                reference=body.reference,
                until=body.until,
                decided=decided,
            )
        committed()
        if not is_new:
            response.status_code = HTTPStatus.OK
        return condition_out(condition)

    @router.get("", dependencies=[Depends(require("ledger:read"))])
    async def conditions(page: PageById, *, active: bool = False) -> Page[ConditionOut]:
        """The newest first; ``active=true``: those that stand now."""
        rows = await queries.conditions(
            active=active, now=clock(), before=page.after, limit=page.rows_max
        )
        return page.of(rows, key=lambda row: row.id, item=condition_out)

    @router.post("/{condition_id}/end")
    async def end(condition_id: UUID, body: Reason, principal: Writer) -> ConditionOut:
        """It stands no more, and whoever it alone held is cut. The same again changes nothing."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            condition = await end_condition(unit=unit, condition_id=condition_id, decided=decided)
        committed()
        return condition_out(condition)

    return router
