"""Late charges over HTTP, and giving them up: at once, or proposed to a second person."""

from collections.abc import Callable
from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from prepay_ledger.approvals.api import MAY_WAIT, waits
from prepay_ledger.approvals.values import Proposal
from prepay_ledger.fields import IdempotencyKey, PageById, Writer
from prepay_ledger.late_charges.ports import OpenUnit
from prepay_ledger.late_charges.postgres_queries import LateChargeQueries
from prepay_ledger.late_charges.schemas import (
    LateChargeOut,
    LateWaiverIn,
    LateWaiverOut,
    PaymentReminderOut,
)
from prepay_ledger.late_charges.waive_late import WaiveLate
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.pages import Page


def late_charges_router(
    *,
    open_unit: OpenUnit,
    queries: LateChargeQueries,
    waive_late: WaiveLate,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/late-charges``, ``/v1/late-charge-waivers`` and ``/v1/payment-reminders``."""
    router = APIRouter(prefix="/v1", tags=["late charges"])
    read = [Depends(require("ledger:read"))]

    @router.get("/late-charges", dependencies=read)
    async def charges(
        *, page: PageById, account_id: UUID | None = None, statement_id: UUID | None = None
    ) -> Page[LateChargeOut]:
        """What late days of statements cost, each change of it, newest first."""
        rows = await queries.charges(
            account_id=account_id,
            statement_id=statement_id,
            before=page.after,
            limit=page.rows_max,
        )
        return page.of(rows, key=lambda row: row.id, item=LateChargeOut.of)

    @router.post(
        "/late-charge-waivers",
        status_code=HTTPStatus.CREATED,
        response_model=LateWaiverOut,
        responses=dict(MAY_WAIT),
    )
    async def waive(
        body: LateWaiverIn, key: IdempotencyKey, principal: Writer
    ) -> LateWaiverOut | JSONResponse:
        """Give up late charges of a statement, for a reason. Much is kept as a proposal and
        answered with 202. The same key again is answered as it is by then."""
        now = clock()
        asked = body.order(key=key, who=principal.subject)
        async with open_unit() as unit:
            done = await waive_late(unit, asked=asked, now=now)
        committed()
        return waits(done, now=now) if isinstance(done, Proposal) else LateWaiverOut.of(done)

    @router.get("/late-charge-waivers", dependencies=read)
    async def waivers(*, page: PageById, account_id: UUID | None = None) -> Page[LateWaiverOut]:
        """What was given up of late charges, newest first."""
        rows = await queries.waivers(account_id=account_id, before=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.id, item=LateWaiverOut.of)

    @router.get("/payment-reminders", dependencies=read)
    async def reminders(
        *, page: PageById, account_id: UUID | None = None
    ) -> Page[PaymentReminderOut]:
        """Of which statements customers were reminded, and at which step, newest first."""
        rows = await queries.reminders(
            account_id=account_id, before=page.after, limit=page.rows_max
        )
        return page.of(rows, key=lambda row: row.id, item=PaymentReminderOut.model_validate)

    return router
