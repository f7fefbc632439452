"""Differences over HTTP, and what people do about them."""

from collections.abc import Callable
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from prepay_ledger.approvals.api import MAY_WAIT, waits
from prepay_ledger.fields import GivenByProvider, IdempotencyKey, PageById, Writer
from prepay_ledger.settlements.ports import OpenUnit
from prepay_ledger.settlements.postgres_queries import SettlementQueries
from prepay_ledger.settlements.refusals import UnknownDifference
from prepay_ledger.settlements.resolve_difference import Asked, ResolveDifference
from prepay_ledger.settlements.schemas import DifferenceIn, DifferenceOut, WholeDifferenceOut
from prepay_ledger.settlements.values import Action, DifferenceKind, State
from prewatt_common.clock import Clock
from prewatt_common.http.auth import Principal, require
from prewatt_common.http.pages import Page

Reading = Depends(require("ledger:read"))


def differences_router(
    *,
    open_unit: OpenUnit,
    queries: SettlementQueries,
    resolve: ResolveDifference,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/settlements/differences``."""
    router = APIRouter(prefix="/v1/settlements/differences", tags=["settlements"])

    @router.get("", dependencies=[Reading])
    async def differences(
        *,
        page: PageById,
        provider: GivenByProvider | None = None,
        difference: DifferenceKind | None = None,
        state: State | None = None,
        unresolved: bool | None = None,
    ) -> Page[DifferenceOut]:
        """What differs, newest first; ``unresolved=true``: what nobody has resolved yet."""
        rows = await queries.differences(
            provider=provider,
            difference=difference,
            state=state,
            unresolved=unresolved,
            before=page.after,
            limit=page.rows_max,
        )
        return page.of(rows, key=lambda row: row.id, item=DifferenceOut.of)

    @router.get("/{difference_id}", dependencies=[Reading])
    async def difference(difference_id: UUID) -> WholeDifferenceOut:
        """One of them, with what people did about it."""
        return await shown(difference_id)

    @router.post(
        "/{difference_id}/take", response_model=WholeDifferenceOut, responses=dict(MAY_WAIT)
    )
    async def take(
        difference_id: UUID, body: DifferenceIn, key: IdempotencyKey, principal: Writer
    ) -> WholeDifferenceOut | JSONResponse:
        """Take over what is missing here, as if its webhook had come: it is credited, in suspense
        where its account is not known, or taken back. Its webhook later changes nothing more.
        Much is kept as a proposal and answered with 202."""
        return await done(Action.TAKE, difference_id, body, key, principal)

    @router.post(
        "/{difference_id}/correct", response_model=WholeDifferenceOut, responses=dict(MAY_WAIT)
    )
    async def correct(
        difference_id: UUID, body: DifferenceIn, key: IdempotencyKey, principal: Writer
    ) -> WholeDifferenceOut | JSONResponse:
        """Make what the account has of a payment what the provider has settled of it. Much is kept
        as a proposal and answered with 202."""
        return await done(Action.CORRECT, difference_id, body, key, principal)

    @router.post("/{difference_id}/ask", response_model=WholeDifferenceOut)
    async def ask(
        difference_id: UUID, body: DifferenceIn, key: IdempotencyKey, principal: Writer
    ) -> WholeDifferenceOut | JSONResponse:
        """Note that the provider was asked. A later file closes it, or a person."""
        return await done(Action.ASK, difference_id, body, key, principal)

    @router.post("/{difference_id}/accept", response_model=WholeDifferenceOut)
    async def accept(
        difference_id: UUID, body: DifferenceIn, key: IdempotencyKey, principal: Writer
    ) -> WholeDifferenceOut | JSONResponse:
        """Leave both sides as they are; nothing is moved."""
        return await done(Action.ACCEPT, difference_id, body, key, principal)

    async def done(
        action: Action,
        difference_id: UUID,
        body: DifferenceIn,
        key: str,
        principal: Principal,
    ) -> WholeDifferenceOut | JSONResponse:
        asked = Asked(
            difference_id=difference_id,
            action=action,
            key=key,
            who=principal.subject,
            reason=body.reason,
        )
        now = clock()
        async with open_unit() as unit:
            waiting = await resolve(unit, asked=asked, now=now)
        committed()
        return await shown(difference_id) if waiting is None else waits(waiting, now=now)

    async def shown(difference_id: UUID) -> WholeDifferenceOut:
        view = await queries.difference(difference_id)
        if view is None:
            message = f"there is no difference {difference_id}"
            raise UnknownDifference(message)
        return WholeDifferenceOut.of_view(view)

    return router
