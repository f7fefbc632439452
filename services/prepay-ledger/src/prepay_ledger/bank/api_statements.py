"""Statements of banks that are missing, over HTTP."""

from collections.abc import Callable
from datetime import date
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from prepay_ledger.bank.accept_gap import accept_gap
from prepay_ledger.bank.ports import OpenUnit
from prepay_ledger.bank.postgres_statements import StatementQueries
from prepay_ledger.bank.schemas import BankAccountField, GapOut, SilentAccountOut
from prepay_ledger.fields import PageById, Writer
from prepay_ledger.payments.credit import Decided
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.fields import Reason
from prewatt_common.http.pages import Page

Reading = Depends(require("ledger:read"))


def missing_statements_router(
    *, open_unit: OpenUnit, queries: StatementQueries, today: Callable[[], date], clock: Clock
) -> APIRouter:
    """``/v1/bank/gaps`` and ``/v1/bank/silent-accounts``."""
    router = APIRouter(prefix="/v1/bank", tags=["bank"])

    @router.get("/gaps", dependencies=[Reading])
    async def gaps(
        *,
        page: PageById,
        account: Annotated[BankAccountField | None, Query()] = None,
        open: bool | None = None,  # noqa: A002 - as the field is called
    ) -> Page[GapOut]:
        """Statements that do not begin where another ended, newest first; ``open=true``: those
        that nobody has accepted. As the missing one comes, it is in this list no more."""
        rows = await queries.gaps(
            account=account, open_=open, before=page.after, limit=page.rows_max
        )
        return page.of(rows, key=lambda row: row.id, item=GapOut.model_validate)

    @router.post("/gaps/{statement_id}/accept", status_code=HTTPStatus.NO_CONTENT)
    async def accept(statement_id: UUID, body: Reason, principal: Writer) -> None:
        """Say why nothing is missing before that statement."""
        async with open_unit() as unit:
            await accept_gap(
                unit=unit,
                statement_id=statement_id,
                decided=Decided(principal.subject, body.reason),
                now=clock(),
            )

    @router.get("/silent-accounts", dependencies=[Reading])
    async def silent() -> list[SilentAccountOut]:
        """Accounts of ours that no statement came of in time, by their numbers."""
        found = await queries.silent(today=today())
        return [SilentAccountOut.model_validate(each) for each in found]

    return router
