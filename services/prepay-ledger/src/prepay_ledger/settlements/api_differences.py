"""Differences over HTTP, and what people do about them."""

from collections.abc import Callable
from uuid import UUID

from fastapi import APIRouter, Depends

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

    @router.post("/{difference_id}/take")
    async def take(
        difference_id: UUID, body: DifferenceIn, key: IdempotencyKey, principal: Writer
    ) -> WholeDifferenceOut:
        """Take over what is missing here, as if its webhook had come: it is credited, in suspense
        where its account is not known, or taken back. Its webhook later changes nothing more. A
        high amount waits until a second person asks for the same."""
        return await done(Action.TAKE, difference_id, body, key, principal)

    @router.post("/{difference_id}/correct")
    async def correct(
        difference_id: UUID, body: DifferenceIn, key: IdempotencyKey, principal: Writer
    ) -> WholeDifferenceOut:
        """Make what the account has of a payment what the provider has settled of it. A high amount
        waits until a second person asks for the same."""
        return await done(Action.CORRECT, difference_id, body, key, principal)

    @router.post("/{difference_id}/ask")
    async def ask(
        difference_id: UUID, body: DifferenceIn, key: IdempotencyKey, principal: Writer
    ) -> WholeDifferenceOut:
        """Note that the provider was asked. A later file closes it, or a person."""
        return await done(Action.ASK, difference_id, body, key, principal)

    @router.post("/{difference_id}/accept")
    async def accept(
        difference_id: UUID, body: DifferenceIn, key: IdempotencyKey, principal: Writer
    ) -> WholeDifferenceOut:
        """Leave both sides as they are; nothing is moved."""
        return await done(Action.ACCEPT, difference_id, body, key, principal)

    async def done(
        action: Action,
        difference_id: UUID,
        body: DifferenceIn,
        key: str,
        principal: Principal,
    ) -> WholeDifferenceOut:
        asked = Asked(
            difference_id=difference_id,
            action=action,
            key=key,
            who=principal.subject,
            reason=body.reason,
        )
        async with open_unit() as unit:
            await resolve(unit, asked=asked, now=clock())
        committed()
        return await shown(difference_id)

    async def shown(difference_id: UUID) -> WholeDifferenceOut:
        view = await queries.difference(difference_id)
        if view is None:
            message = f"there is no difference {difference_id}"
            raise UnknownDifference(message)
        return WholeDifferenceOut.of_view(view)

    return router
