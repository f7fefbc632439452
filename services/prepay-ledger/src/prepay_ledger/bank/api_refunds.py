"""Lines of the bank that are refunds, over HTTP."""

from collections.abc import Callable
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from prepay_ledger.approvals.api import MAY_WAIT, waits
from prepay_ledger.approvals.values import Proposal
from prepay_ledger.bank.ports import OpenUnit
from prepay_ledger.bank.postgres_queries import BankQueries
from prepay_ledger.bank.schemas import BankLineOut, SumIn
from prepay_ledger.bank.settle_refund import Asked, SettleRefund
from prepay_ledger.bank.settle_sum import Asked as AskedSum
from prepay_ledger.bank.settle_sum import SettleSum
from prepay_ledger.facts.values import Decided
from prepay_ledger.fields import IdempotencyKey, Writer
from prepay_ledger.refunds.schemas import RefundMatchIn, RefundOut, refund_out
from prewatt_common.clock import Clock


def refund_lines_router(
    *,
    open_unit: OpenUnit,
    queries: BankQueries,
    settle_refund: SettleRefund,
    settle_sum: SettleSum,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/refunds/{refund_id}/match``, and of a sum ``/v1/bank/lines/{line_id}/refunds``."""
    router = APIRouter(prefix="/v1", tags=["refunds"])

    @router.post("/refunds/{refund_id}/match", response_model=RefundOut, responses=dict(MAY_WAIT))
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

    @router.post(
        "/bank/lines/{line_id}/refunds", response_model=BankLineOut, responses=dict(MAY_WAIT)
    )
    async def name_refunds(
        line_id: UUID, body: SumIn, principal: Writer
    ) -> BankLineOut | JSONResponse:
        """Say which refunds went out, or came back, in a sum whose parts the bank has not told:
        they must come to it. What moves a balance is kept as a proposal and answered with 202. The
        same again changes nothing."""
        by = Decided(by=principal.subject, reason=body.reason, at=clock())
        asked = AskedSum(line_id=line_id, refund_ids=body.refunds, decided=by)
        async with open_unit() as unit:
            waiting = await settle_sum(unit, asked=asked)
        committed()
        if waiting is not None:
            return waits(waiting, now=by.at)
        line = await queries.line(line_id)
        assert line is not None, "a line stays"
        return BankLineOut.of(line)

    return router
