"""Lines of the bank that are deposits' money, over HTTP."""

from collections.abc import Callable
from uuid import UUID

from fastapi import APIRouter

from prepay_ledger.bank.ports import OpenUnit
from prepay_ledger.bank.settle_deposit import SettleDeposit
from prepay_ledger.deposits.schemas import DepositMatchIn, DepositStepOut, step_out
from prepay_ledger.facts.values import Decided
from prepay_ledger.fields import Writer
from prewatt_common.clock import Clock


def deposit_lines_router(
    *,
    open_unit: OpenUnit,
    settle_deposit: SettleDeposit,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/deposits/{deposit_id}/match``."""
    router = APIRouter(prefix="/v1/deposits", tags=["deposits"])

    @router.post("/{deposit_id}/match")
    async def match(deposit_id: UUID, body: DepositMatchIn, principal: Writer) -> DepositStepOut:
        """Say by which line of the bank its money came, or went back, or what the issuer has paid:
        a line in suspense, in doubt, or a debit, of the amount of what was held, received or
        released. The same again changes nothing."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            step = await settle_deposit(
                unit, deposit_id=deposit_id, line_id=body.bank_line, decided=decided
            )
        committed()
        return step_out(step)

    return router
