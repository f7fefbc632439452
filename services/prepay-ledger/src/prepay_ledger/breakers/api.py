"""Holds of cuts, and cuts that are undone, over HTTP."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from prepay_ledger.breakers.hold_cuts import end_hold, hold_cuts
from prepay_ledger.breakers.ports import OpenUnit
from prepay_ledger.breakers.postgres_queries import BreakerQueries
from prepay_ledger.breakers.refusals import UnknownUndo
from prepay_ledger.breakers.schemas import (
    HoldIn,
    HoldOut,
    UndoIn,
    UndoneAccountOut,
    UndoOut,
    hold_out,
    undo_out,
)
from prepay_ledger.breakers.undo_cuts import draft_undo, end_undo, release_undo, withdraw_undo
from prepay_ledger.breakers.values import CutUndo
from prepay_ledger.facts.values import Decided
from prepay_ledger.fields import PageById, Writer
from prewatt_common.clock import Clock
from prewatt_common.http.auth import Principal, require
from prewatt_common.http.fields import Reason
from prewatt_common.http.pages import Page, PageRequest, PagesBy

_READING = [Depends(require("ledger:read"))]


def cut_holds_router(
    *,
    open_unit: OpenUnit,
    queries: BreakerQueries,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/cut-holds``: the operators' switch, and what the fleet breaker holds."""
    router = APIRouter(prefix="/v1/cut-holds", tags=["supply"])

    @router.post("", status_code=HTTPStatus.CREATED)
    async def place(body: HoldIn, principal: Writer) -> HoldOut:
        """Nobody of the scope is cut from now on; cuts in flight are called back within seconds.
        Reconnections go on."""
        async with open_unit() as unit:
            hold = await hold_cuts(
                unit=unit,
                scope=body.value,
                until=body.until,
                decided=_decided(body, principal, clock),
            )
        committed()
        return hold_out(hold)

    @router.get("", dependencies=_READING)
    async def holds(page: PageById, *, active: bool = False) -> Page[HoldOut]:
        """Holds of cuts, the newest first; ``active=true``: those that hold now."""
        rows = await queries.holds(
            active=active, now=clock(), before=page.after, limit=page.rows_max
        )
        return page.of(rows, key=lambda row: row.id, item=hold_out)

    @router.post("/{hold_id}/end")
    async def end(hold_id: UUID, body: Reason, principal: Writer) -> HoldOut:
        """It holds no more, be it a person's or the fleet breaker's; whoever it held is cut as the
        pace allows. The same again changes nothing."""
        async with open_unit() as unit:
            hold = await end_hold(
                unit=unit, hold_id=hold_id, decided=_decided(body, principal, clock)
            )
        committed()
        return hold_out(hold)

    return router


def cut_undos_router(
    *,
    open_unit: OpenUnit,
    queries: BreakerQueries,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/cut-undos``: cuts that were a mistake."""
    router = APIRouter(prefix="/v1/cut-undos", tags=["supply"])

    @router.post("", status_code=HTTPStatus.CREATED)
    async def draft(body: UndoIn, principal: Writer) -> UndoOut:
        """List the accounts of the scope whose cuts were issued then. Look at them; nothing changes
        before another person releases it."""
        async with open_unit() as unit:
            undo = await draft_undo(
                unit=unit,
                scope=body.value,
                since=body.since,
                until=body.until,
                decided=_decided(body, principal, clock),
            )
        return undo_out(undo)

    @router.get("", dependencies=_READING)
    async def undos(page: PageById) -> Page[UndoOut]:
        """The newest first."""
        rows = await queries.undos(before=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.id, item=undo_out)

    @router.get("/{undo_id}", dependencies=_READING)
    async def one(undo_id: UUID) -> UndoOut:
        """How far it is."""
        return undo_out(await _known(queries, undo_id))

    @router.get("/{undo_id}/accounts", dependencies=_READING)
    async def accounts(
        undo_id: UUID, page: Annotated[PageRequest[UUID], Depends(PagesBy(UUID))]
    ) -> Page[UndoneAccountOut]:
        """Whose cuts it undoes."""
        await _known(queries, undo_id)
        rows = await queries.accounts(undo_id, after=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.account_id, item=UndoneAccountOut.model_validate)

    @router.post("/{undo_id}/release")
    async def release(undo_id: UUID, body: Reason, principal: Writer) -> UndoOut:
        """By another person than who drafted it: its accounts are kept on, whatever their balance,
        until it is ended; they are reconnected, and those that went dark are told that we are
        sorry. The same again changes nothing."""
        async with open_unit() as unit:
            undo = await release_undo(
                unit=unit, undo_id=undo_id, decided=_decided(body, principal, clock)
            )
        committed()
        return undo_out(undo)

    @router.post("/{undo_id}/withdraw")
    async def withdraw(undo_id: UUID, body: Reason, principal: Writer) -> UndoOut:
        """It is not to be released. The same again changes nothing."""
        async with open_unit() as unit:
            undo = await withdraw_undo(
                unit=unit, undo_id=undo_id, decided=_decided(body, principal, clock)
            )
        return undo_out(undo)

    @router.post("/{undo_id}/end")
    async def end(undo_id: UUID, body: Reason, principal: Writer) -> UndoOut:
        """What cut them was put right: its accounts are kept on no more, and are decided about as
        any other. The same again changes nothing."""
        async with open_unit() as unit:
            undo = await end_undo(
                unit=unit, undo_id=undo_id, decided=_decided(body, principal, clock)
            )
        committed()
        return undo_out(undo)

    return router


def _decided(body: Reason, principal: Principal, clock: Clock) -> Decided:
    return Decided(by=principal.subject, reason=body.reason, at=clock())


async def _known(queries: BreakerQueries, undo_id: UUID) -> CutUndo:
    undo = await queries.undo(undo_id)
    if undo is None:
        message = f"there is no undo of cuts {undo_id}"
        raise UnknownUndo(message)
    return undo
