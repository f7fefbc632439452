"""Refunds through providers over HTTP: what was given back otherwise than asked for is taken."""

from collections.abc import Callable
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from prepay_ledger.approvals.api import MAY_WAIT, waits
from prepay_ledger.approvals.values import Proposal
from prepay_ledger.facts.values import Decided
from prepay_ledger.fields import IdempotencyKey, Writer
from prepay_ledger.payments.ports import OpenUnit
from prepay_ledger.refund_requests.accept_given import AcceptGiven, Asked
from prepay_ledger.refunds.schemas import RefundOut, refund_out
from prewatt_common.clock import Clock
from prewatt_common.http.fields import Reason


def given_router(
    *,
    open_unit: OpenUnit,
    accept_given: AcceptGiven,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/refunds/{refund_id}/accept-given``."""
    router = APIRouter(prefix="/v1/refunds", tags=["refunds"])

    @router.post("/{refund_id}/accept-given", response_model=RefundOut, responses=dict(MAY_WAIT))
    async def accept(
        refund_id: UUID, body: Reason, key: IdempotencyKey, principal: Writer
    ) -> RefundOut | JSONResponse:
        """Propose to take what the provider gave back (`given_micro`) for the refund, though it is
        another amount: of whatever amount nothing changes before another person approves it. The
        same key again is answered as it is by then."""
        by = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            done = await accept_given(unit, asked=Asked(refund_id=refund_id, key=key, decided=by))
        committed()
        return waits(done, now=by.at) if isinstance(done, Proposal) else refund_out(done)

    return router
