"""Protections of single accounts, and protected periods, over HTTP."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from http import HTTPStatus
from typing import TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends

from prepay_ledger.balances.refusals import UnknownAccount
from prepay_ledger.facts.values import Decided
from prepay_ledger.fields import PageById, Writer
from prepay_ledger.policies.declare_period import declare_period, end_period
from prepay_ledger.policies.ports import OpenUnit, Unit
from prepay_ledger.policies.postgres_queries import PolicyQueries
from prepay_ledger.policies.protect_account import end_protection, grant_protection
from prepay_ledger.policies.schemas import (
    PeriodIn,
    PeriodOut,
    ProtectionIn,
    ProtectionOut,
    period_out,
    protection_out,
)
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.fields import Reason
from prewatt_common.http.pages import Page

UnitT = TypeVar("UnitT", bound=Unit)


def protections_router(
    *,
    open_unit: Callable[[], AbstractAsyncContextManager[UnitT]],
    review: Callable[[UnitT, Sequence[UUID], datetime], Awaitable[None]],
    queries: PolicyQueries,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/accounts/{account_id}/protections``. ``review`` decides the accounts' supply anew, in
    the transaction that it is given."""
    router = APIRouter(prefix="/v1/accounts/{account_id}/protections", tags=["accounts"])

    @router.post("", status_code=HTTPStatus.CREATED)
    async def grant(account_id: UUID, body: ProtectionIn, principal: Writer) -> ProtectionOut:
        """Protect the account from cuts for a time; where it is dark, it comes back."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            protection = await grant_protection(
                unit=unit,
                account_id=account_id,
                kind=body.kind,
                papers=body.papers,
                begins_at=body.begins_at,
                ends_at=body.ends_at,
                decided=decided,
            )
            await review(unit, [account_id], decided.at)
        committed()
        return protection_out(protection)

    @router.get("", dependencies=[Depends(require("ledger:read"))])
    async def protections(account_id: UUID, page: PageById) -> Page[ProtectionOut]:
        """Of now, of the past and to come, the newest first."""
        rows = await queries.protections(account_id, before=page.after, limit=page.rows_max)
        if rows is None:
            message = f"account {account_id} does not exist"
            raise UnknownAccount(message)
        return page.of(rows, key=lambda row: row.id, item=protection_out)

    @router.post("/{protection_id}/end")
    async def end(
        account_id: UUID, protection_id: UUID, body: Reason, principal: Writer
    ) -> ProtectionOut:
        """The protection ends now. The same again changes nothing."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            protection = await end_protection(
                unit=unit, account_id=account_id, protection_id=protection_id, decided=decided
            )
            await review(unit, [account_id], decided.at)
        committed()
        return protection_out(protection)

    return router


def periods_router(
    *,
    open_unit: OpenUnit,
    queries: PolicyQueries,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/protected-periods``."""
    router = APIRouter(prefix="/v1/protected-periods", tags=["policies"])

    @router.post("", status_code=HTTPStatus.CREATED)
    async def declare(body: PeriodIn, principal: Writer) -> PeriodOut:
        """Hold all cuts in an area, or everywhere, such as while a heat warning lasts. It may begin
        now: nobody else is needed, for it keeps supply on."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            period = await declare_period(
                unit=unit,
                kind=body.kind,
                name=body.name,
                area=body.where(),
                begins_at=body.begins_at,
                ends_at=body.ends_at,
                decided=decided,
            )
        committed()
        return period_out(period)

    @router.get("", dependencies=[Depends(require("ledger:read"))])
    async def periods(page: PageById) -> Page[PeriodOut]:
        """Of now, of the past and to come, the newest first."""
        rows = await queries.periods(before=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.id, item=period_out)

    @router.post("/{period_id}/end")
    async def end(period_id: UUID, body: Reason, principal: Writer) -> PeriodOut:
        """The period ends now. The same again changes nothing."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            period = await end_period(unit=unit, period_id=period_id, decided=decided)
        committed()
        return period_out(period)

    return router
