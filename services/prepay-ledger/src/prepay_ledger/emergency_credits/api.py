"""Emergency credit over HTTP: looked up, and accepted by its customer."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from prepay_ledger.balances.refusals import UnknownAccount
from prepay_ledger.emergency_credits.accept_credit import accept_credit, situation
from prepay_ledger.emergency_credits.ports import UnitT
from prepay_ledger.emergency_credits.schemas import (
    AcceptIn,
    CreditOut,
    StandingOut,
    credit_out,
    standing_out,
)
from prepay_ledger.emergency_credits.values import Acceptance
from prepay_ledger.facts.values import Decided
from prepay_ledger.fields import IdempotencyKey
from prewatt_common.clock import Clock
from prewatt_common.http.auth import Principal, require

Accepter = Annotated[Principal, Depends(require("ledger:emergency-credit"))]
"""A customer's app, or whoever answers the phone: it may do this, and no more."""


def emergency_credits_router(
    *,
    open_unit: Callable[[], AbstractAsyncContextManager[UnitT]],
    review: Callable[[UnitT, Sequence[UUID], datetime], Awaitable[None]],
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/accounts/{account_id}/emergency-credit``."""
    router = APIRouter(prefix="/v1/accounts/{account_id}/emergency-credit", tags=["supply"])

    @router.get("")
    async def standing(account_id: UUID, _: Accepter) -> StandingOut:
        """What is offered to the account, or accepted; or why nothing can be accepted now."""
        async with open_unit() as unit:
            account = await unit.balances.account(account_id)
            if account is None:
                message = f"account {account_id} does not exist"
                raise UnknownAccount(message)
            found = await situation(unit, account, now=clock())
        return standing_out(account, found.credit, found.refused)

    @router.post("")
    async def accept(
        account_id: UUID, body: AcceptIn, key: IdempotencyKey, principal: Accepter
    ) -> CreditOut:
        """Accept what is offered: from now on so much may be used below zero, and supply that was
        cut comes back as far as that goes. The next top-up repays it first. The same key again is
        answered the same."""
        acceptance = Acceptance(
            means=body.means,
            key=key,
            decided=Decided(by=principal.subject, reason=body.reason, at=clock()),
        )
        async with open_unit() as unit:
            credit = await accept_credit(
                unit=unit, review=review, account_id=account_id, acceptance=acceptance
            )
        committed()
        return credit_out(credit)

    return router
