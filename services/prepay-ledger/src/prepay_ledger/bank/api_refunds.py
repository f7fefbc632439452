"""Lines of the bank that are refunds, over HTTP."""

from collections.abc import Callable
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from prepay_ledger.approvals.api import MAY_WAIT, waits
from prepay_ledger.approvals.values import Proposal
from prepay_ledger.bank.ports import OpenUnit
from prepay_ledger.bank.settle_refund import Asked, SettleRefund
from prepay_ledger.facts.values import Decided
from prepay_ledger.fields import IdempotencyKey, Writer
from prepay_ledger.refunds.schemas import RefundMatchIn, RefundOut, refund_out
from prewatt_common.clock import Clock


def refund_lines_router(
    *,
    open_unit: OpenUnit,
    settle_refund: SettleRefund,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/refunds/{refund_id}/match``."""
    router = APIRouter(prefix="/v1/refunds", tags=["refunds"])

    @router.post("/{refund_id}/match", response_model=RefundOut, responses=dict(MAY_WAIT))
    async def match(
        refund_id: UUID, body: RefundMatchIn, key: IdempotencyKey, principal: Writer
    ) -> RefundOut | JSONResponse:
        """Say as which line of the bank it went, or by which it came back: the line names no
        refund, or names it and is in doubt. What came back is the account's again; much of it is
        kept as a proposal and answered with 202. The same key again is answered as it is by
        then."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            done = await settle_refund(
                unit,
                asked=Asked(refund_id=refund_id, line_id=body.bank_line, key=key, decided=decided),
            )
        committed()
        return waits(done, now=decided.at) if isinstance(done, Proposal) else refund_out(done)

    return router
