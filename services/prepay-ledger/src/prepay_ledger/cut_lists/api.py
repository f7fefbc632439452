"""Lists of a day's cuts over HTTP."""

from collections.abc import Callable, Collection
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from prepay_ledger.cut_lists.decide_list import approve_list, stop_list
from prepay_ledger.cut_lists.draft_list import draft_list
from prepay_ledger.cut_lists.ports import OpenUnit
from prepay_ledger.cut_lists.postgres_queries import CutListQueries
from prepay_ledger.cut_lists.refusals import UnknownCutList
from prepay_ledger.cut_lists.rules import released
from prepay_ledger.cut_lists.schemas import (
    CutListApproval,
    CutListIn,
    CutListOut,
    CutListWithProgress,
    LineOut,
    list_out,
    with_progress,
)
from prepay_ledger.facts.values import Decided
from prepay_ledger.fields import PageById, Writer
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.fields import Reason
from prewatt_common.http.pages import Page, PageRequest, PagesBy


def cut_lists_router(
    *,
    open_unit: OpenUnit,
    queries: CutListQueries,
    committed: Callable[[], None],
    clock: Clock,
    passing: Collection[str],
) -> APIRouter:
    """``/v1/cut-lists``. ``passing``: rules that hold a cut and end by themselves."""
    router = APIRouter(prefix="/v1/cut-lists", tags=["procedures"])
    reading = [Depends(require("ledger:read"))]

    @router.post("", status_code=HTTPStatus.CREATED)
    async def draft(body: CutListIn, principal: Writer) -> CutListOut:
        """Draft today's list, where the procedure asks for one. Nothing is cut by it before another
        person approves it."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            made = await draft_list(
                unit=unit,
                of=(body.jurisdiction, body.customer_class, body.mode),
                account_ids=body.account_ids,
                passing=passing,
                decided=decided,
            )
        return list_out(made)

    @router.get("", dependencies=reading)
    async def lists(page: PageById) -> Page[CutListOut]:
        """Lists of cuts, the newest first."""
        rows = await queries.lists(before=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.id, item=list_out)

    @router.get("/{list_id}", dependencies=reading)
    async def one(list_id: UUID) -> CutListWithProgress:
        """A list, how far it is, and how many of it may be cut by now."""
        found = await queries.one(list_id)
        if found is None:
            raise _unknown(list_id)
        made, progress = found
        async with open_unit() as unit:
            cited = (await unit.procedures.book()).cited(made.cited)
        assert cited is not None and cited.procedure.cut_list is not None, "versions stand"
        may_go = released(
            made,
            cited.procedure.cut_list,
            timezone=cited.procedure.timezone,
            progress=progress,
            now=clock(),
        )
        return with_progress(made, progress, released=may_go)

    @router.get("/{list_id}/lines", dependencies=reading)
    async def lines(
        list_id: UUID, page: Annotated[PageRequest[int], Depends(PagesBy(int))]
    ) -> Page[LineOut]:
        """Accounts of a list in the order in which they are cut, and how far each is."""
        if await queries.one(list_id) is None:
            raise _unknown(list_id)
        rows = await queries.lines(list_id, after=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.number, item=LineOut.model_validate)

    @router.post("/{list_id}/approve")
    async def approve(list_id: UUID, body: CutListApproval, principal: Writer) -> CutListOut:
        """Approve it, by another person than who drafted it. The same again changes nothing."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            made = await approve_list(unit=unit, list_id=list_id, role=body.role, decided=decided)
        committed()
        return list_out(made)

    @router.post("/{list_id}/stop")
    async def stop(list_id: UUID, body: Reason, principal: Writer) -> CutListOut:
        """No more of it is cut. The same again changes nothing."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            made = await stop_list(unit=unit, list_id=list_id, decided=decided)
        committed()
        return list_out(made)

    return router


def _unknown(list_id: UUID) -> UnknownCutList:
    return UnknownCutList(f"there is no list of cuts {list_id}")
