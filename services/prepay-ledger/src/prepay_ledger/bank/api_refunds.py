"""Lines of the bank that are refunds, over HTTP."""

from collections.abc import Callable
from uuid import UUID

from fastapi import APIRouter

from prepay_ledger.bank.ports import OpenUnit
from prepay_ledger.bank.receive_refund import ReceiveRefund
from prepay_ledger.bank.settle_refund import settle_refund
from prepay_ledger.facts.values import Decided
from prepay_ledger.fields import IdempotencyKey, Writer
from prepay_ledger.refunds.schemas import RefundMatchIn, RefundOut, refund_out
from prewatt_common.clock import Clock


def refund_lines_router(
    *,
    open_unit: OpenUnit,
    receive_refund: ReceiveRefund,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/refunds/{refund_id}/match``."""
    router = APIRouter(prefix="/v1/refunds", tags=["refunds"])

    @router.post("/{refund_id}/match")
    async def match(
        refund_id: UUID, body: RefundMatchIn, key: IdempotencyKey, principal: Writer
    ) -> RefundOut:
        """Say as which line of the bank it went, or by which it came back: the line names no
        refund, or names it and is in doubt. What came back is the account's again."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            refund = await settle_refund(
                unit=unit,
                receive_refund=receive_refund,
                refund_id=refund_id,
                line_id=body.bank_line,
                key=key,
                decided=decided,
            )
        committed()
        return refund_out(refund)

    return router
