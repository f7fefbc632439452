"""Account checks over HTTP: a vendor tells its day, the utility's people resolve what differs."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from prepay_ledger.account_checks.check_day import CheckDay, DayTold
from prepay_ledger.account_checks.ports import OpenUnit
from prepay_ledger.account_checks.postgres_queries import CheckQueries
from prepay_ledger.account_checks.refusals import InParts
from prepay_ledger.account_checks.resolve_line import resolve_line
from prepay_ledger.account_checks.schemas import (
    CheckOut,
    LineOut,
    ResolutionIn,
    SaleLine,
    check_out,
    line_out,
)
from prepay_ledger.account_checks.values import Resolution, TheirSale
from prepay_ledger.fields import DayField, IdempotencyKey, PageById, Writer
from prepay_ledger.vending.api_vends import SUPERVISE, Seller
from prepay_ledger.vending.schemas import VendorCode
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.csv_upload import CsvLines
from prewatt_common.http.pages import Page

_FIRST_LINE = 2
"""Of a whole file, after its header."""


def account_checks_router(
    *,
    open_unit: OpenUnit,
    queries: CheckQueries,
    check_day: CheckDay,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/account-checks``."""
    router = APIRouter(prefix="/v1/account-checks", tags=["account checks"])
    reading = [Depends(require("ledger:read"))]

    @router.post("/{code}/{business_day}", status_code=HTTPStatus.CREATED)
    async def post(
        code: VendorCode,
        business_day: DayField,
        key: IdempotencyKey,
        principal: Seller,
        read: Annotated[list[tuple[int, SaleLine]], Depends(CsvLines(SaleLine, unique="key"))],
    ) -> CheckOut:
        """Tell a business day that is over, as the vendor has it, whole: a CSV file with the
        columns key, account_number and amount_micro. It is compared with ours sale by sale. Told
        again, what was resolved stays and the rest is compared anew; a day with nothing left to
        resolve is done. The same key again is answered as the day is by then."""
        first_line, _ = read[0]
        if first_line > _FIRST_LINE:
            message = "a day is told whole, in one file; nothing was compared"
            raise InParts(message)
        told = DayTold(
            vendor_code=code,
            business_day=business_day,
            sales=[TheirSale(**line.model_dump()) for _, line in read],
            key=key,
            who=principal.subject,
            supervises=SUPERVISE in principal.scopes,
        )
        async with open_unit() as unit:
            check = await check_day(unit, told=told)
        committed()
        return check_out(check)

    @router.post("/lines/{line_id}/resolve")
    async def resolve(
        line_id: UUID, body: ResolutionIn, key: IdempotencyKey, principal: Writer
    ) -> LineOut:
        """Say what came of a sale that differs. Not by who told the day, nor by a seller of the
        vendor. The same key again is answered the same."""
        asked = Resolution(key=key, who=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            line = await resolve_line(unit=unit, line_id=line_id, asked=asked)
        committed()
        return line_out(line)

    @router.get("", dependencies=reading)
    async def checks(
        *, page: PageById, vendor: VendorCode | None = None, done: bool | None = None
    ) -> Page[CheckOut]:
        """Days that were told, newest first."""
        rows = await queries.checks(
            vendor_code=vendor, is_done=done, before=page.after, limit=page.rows_max
        )
        return page.of(rows, key=lambda row: row.id, item=check_out)

    @router.get("/{check_id}/lines", dependencies=reading)
    async def lines(
        *, check_id: UUID, page: PageById, resolved: bool | None = None
    ) -> Page[LineOut]:
        """What differs of a day, newest first."""
        rows = await queries.lines(
            check_id, is_resolved=resolved, before=page.after, limit=page.rows_max
        )
        return page.of(rows, key=lambda row: row.id, item=line_out)

    return router
