"""Statements of post-paid accounts, over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from prepay_ledger.paper.api import PDF_ANSWER, Paper
from prepay_ledger.paper.values import Language
from prepay_ledger.statements.postgres_queries import StatementQueries
from prepay_ledger.statements.schemas import StatementOut, statement_out
from prepay_ledger.statements.slip import statement_slip
from prewatt_common.http.auth import require
from prewatt_common.http.pages import Page, PageRequest, PagesBy

ByNumber = Annotated[PageRequest[int], Depends(PagesBy(int))]


def statements_router(*, queries: StatementQueries, paper: Paper) -> APIRouter:
    """``/v1/statements``."""
    router = APIRouter(
        prefix="/v1/statements",
        tags=["statements"],
        dependencies=[Depends(require("ledger:read"))],
    )

    @router.get("")
    async def statements(*, page: ByNumber, account_id: UUID | None = None) -> Page[StatementOut]:
        """What post-paid accounts were told of each period, newest first."""
        rows = await queries.statements(
            account_id=account_id, before=page.after, limit=page.rows_max
        )
        return page.of(rows, key=lambda row: row.number, item=statement_out)

    @router.get("/{statement_id}")
    async def one(statement_id: UUID) -> StatementOut:
        """One of them, as it was issued."""
        return statement_out(await queries.statement(statement_id))

    @router.get("/{statement_id}/pdf", response_class=Response, responses=PDF_ANSWER)
    async def pdf(statement_id: UUID, language: Language = Language.ENGLISH) -> Response:
        """The same on paper: a slip of 80 mm."""
        found = await queries.statement(statement_id)
        return await paper.answer(statement_slip(found, issuer=paper.issuer, language=language))

    return router
