"""Payouts of providers over HTTP: whether they came to the bank, and what people do about it."""

from collections.abc import Callable
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse

from prepay_ledger.approvals.api import MAY_WAIT, waits
from prepay_ledger.bank.ports import OpenUnit
from prepay_ledger.bank.settle_payout import Asked, SettlePayout
from prepay_ledger.fields import GivenByProvider, IdempotencyKey, PageById, Writer
from prepay_ledger.payouts.postgres_queries import PayoutQueries
from prepay_ledger.payouts.refusals import UnknownPayout
from prepay_ledger.payouts.schemas import PayoutMatchIn, PayoutOut, WholePayoutOut
from prepay_ledger.payouts.values import Action, PayoutState
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.fields import Reason
from prewatt_common.http.pages import Page

Reading = Depends(require("ledger:read"))


def payouts_router(
    *,
    open_unit: OpenUnit,
    queries: PayoutQueries,
    settle_payout: SettlePayout,
    late_before: Callable[[], date],
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/payouts``. ``late_before``: what was sent earlier and is still expected is late."""
    router = APIRouter(prefix="/v1/payouts", tags=["settlements"])

    @router.get("", dependencies=[Reading])
    async def payouts(
        *,
        page: PageById,
        provider: GivenByProvider | None = None,
        state: PayoutState | None = None,
        open: Annotated[bool | None, Query()] = None,  # noqa: A002 - as the field is called
    ) -> Page[PayoutOut]:
        """What providers say they have sent to the bank, newest first; ``open=true``: those that
        have not arrived in time, and those that arrived and are in the provider's file no more."""
        since = late_before()
        rows = await queries.page(
            provider=provider,
            state=state,
            open_=open,
            late_before=since,
            before=page.after,
            limit=page.rows_max,
        )
        return page.of(
            rows, key=lambda row: row.id, item=lambda row: PayoutOut.of(row, late_before=since)
        )

    @router.get("/{payout_id}", dependencies=[Reading])
    async def payout(payout_id: UUID) -> WholePayoutOut:
        """One of them, with what people did about it."""
        return await shown(payout_id)

    @router.post("/{payout_id}/match", response_model=WholePayoutOut, responses=dict(MAY_WAIT))
    async def match(
        payout_id: UUID, body: PayoutMatchIn, key: IdempotencyKey, principal: Writer
    ) -> WholePayoutOut | JSONResponse:
        """Say as which line of the bank it arrived: one in suspense, in doubt, or a debit. What the
        line has less was kept on the way, and is a fee; much of that is kept as a proposal and
        answered with 202. The same key again is answered as it is by then."""
        asked = Asked(
            payout_id=payout_id,
            action=Action.MATCH,
            key=key,
            who=principal.subject,
            reason=body.reason,
            bank_line=body.bank_line,
        )
        now = clock()
        async with open_unit() as unit:
            waiting = await settle_payout(unit, asked=asked, now=now)
        committed()
        return await shown(payout_id) if waiting is None else waits(waiting, now=now)

    @router.post("/{payout_id}/undo")
    async def undo(
        payout_id: UUID, body: Reason, key: IdempotencyKey, principal: Writer
    ) -> WholePayoutOut:
        """Say that the line which it was matched with is something else: that is in suspense again,
        or doubtful."""
        return await simply(Action.UNDO, payout_id, body, key, principal.subject)

    @router.post("/{payout_id}/accept")
    async def accept(
        payout_id: UUID, body: Reason, key: IdempotencyKey, principal: Writer
    ) -> WholePayoutOut:
        """Say why it is not waited for any more. Nothing is moved."""
        return await simply(Action.ACCEPT, payout_id, body, key, principal.subject)

    async def simply(
        action: Action, payout_id: UUID, body: Reason, key: str, who: str
    ) -> WholePayoutOut:
        asked = Asked(payout_id=payout_id, action=action, key=key, who=who, reason=body.reason)
        async with open_unit() as unit:
            await settle_payout(unit, asked=asked, now=clock())
        committed()
        return await shown(payout_id)

    async def shown(payout_id: UUID) -> WholePayoutOut:
        view = await queries.payout(payout_id)
        if view is None:
            message = f"there is no payout {payout_id}"
            raise UnknownPayout(message)
        return WholePayoutOut.of_view(view, late_before=late_before())

    return router
