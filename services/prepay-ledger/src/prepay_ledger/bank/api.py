"""Banks' statements over HTTP."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import JSONResponse

from prepay_ledger.approvals.api import MAY_WAIT, waits
from prepay_ledger.bank.keep_file import keep_file, read_upload
from prepay_ledger.bank.open_bank_account import open_bank_account
from prepay_ledger.bank.ports import OpenUnit
from prepay_ledger.bank.postgres_queries import BankQueries
from prepay_ledger.bank.refusals import UnknownLine, UnknownStatementFile
from prepay_ledger.bank.schemas import (
    BankAccountField,
    BankAccountIn,
    BankAccountOut,
    BankFileOut,
    BankLineOut,
    StatementIn,
    WholeBankFileOut,
)
from prepay_ledger.bank.settle_line import SettleLine
from prepay_ledger.bank.values import BankAccount, ByHand, LineState, StepAction
from prepay_ledger.fields import IdempotencyKey, PageById, Writer
from prepay_ledger.payments.credit import Decided
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.body import MIB, BodyLimits, DeclaredBody
from prewatt_common.http.fields import Reason
from prewatt_common.http.pages import Page, PageRequest, PagesBy

FILE_BODY = BodyLimits(
    media_type="application/json", bytes_max=12 * MIB, timeout_s=120, held_bytes_max=24 * MIB
)
"""A file of 8 MiB in base64, and its mapping."""
_FILES_AT_ONCE = 2
"""While the database writes one, the next is read."""
Reading = Depends(require("ledger:read"))
ByAccount = Annotated[PageRequest[str], Depends(PagesBy(str))]


def bank_router(
    *,
    open_unit: OpenUnit,
    queries: BankQueries,
    settle_line: SettleLine,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/bank``."""
    router = APIRouter(prefix="/v1/bank", tags=["bank"])
    turns = asyncio.Semaphore(_FILES_AT_ONCE)

    @router.post("/accounts", status_code=HTTPStatus.CREATED)
    async def open_account(body: BankAccountIn, principal: Writer) -> BankAccountOut:
        """Tell of an account of ours at a bank. The same again changes nothing."""
        asked = BankAccount(**body.model_dump(), opened_by=principal.subject, at=clock())
        async with open_unit() as unit:
            account = await open_bank_account(unit=unit, asked=asked)
        return BankAccountOut.of(account)

    @router.get("/accounts", dependencies=[Reading])
    async def accounts(*, page: ByAccount) -> Page[BankAccountOut]:
        """Accounts of ours at banks, by their numbers."""
        rows = await queries.accounts(after=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.account, item=BankAccountOut.of)

    @router.post(
        "/statements",
        status_code=HTTPStatus.CREATED,
        dependencies=[Depends(DeclaredBody(FILE_BODY))],
    )
    async def upload(body: StatementIn, key: IdempotencyKey, principal: Writer) -> WholeBankFileOut:
        """Take a file: all of it, or nothing, with the reason. It is kept as it came, once; its
        lines are applied after that, one by one, within seconds: `states` says how far that is. The
        same file again, under whatever key, is answered the same."""
        async with turns:
            read = await asyncio.to_thread(
                read_upload,
                body.content_base64,
                key=key,
                name=body.name,
                mapping=body.mapping,
                who=principal.subject,
            )
            async with open_unit() as unit:
                kept = await keep_file(unit=unit, upload=read, now=clock())
        view = await queries.file(kept.file.id)
        assert view is not None, "a file stays"
        return WholeBankFileOut.with_states(view.file, dict(view.states), repeated=kept.repeated)

    @router.get("/statements", dependencies=[Reading])
    async def files(*, page: PageById) -> Page[BankFileOut]:
        """Files, newest first."""
        rows = await queries.files(before=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.id, item=BankFileOut.of)

    @router.get("/statements/{file_id}", dependencies=[Reading])
    async def file(file_id: UUID) -> WholeBankFileOut:
        """A file, and how many of its lines are in each state."""
        view = await queries.file(file_id)
        if view is None:
            raise _unknown_file(file_id)
        return WholeBankFileOut.with_states(view.file, dict(view.states))

    @router.get(
        "/statements/{file_id}/content",
        dependencies=[Reading],
        response_class=Response,
        responses={HTTPStatus.OK: {"content": {"application/octet-stream": {}}}},
    )
    async def content(file_id: UUID) -> Response:
        """The file as it came."""
        body = await queries.body(file_id)
        if body is None:
            raise _unknown_file(file_id)
        return Response(body, media_type="application/octet-stream")

    @router.get("/lines", dependencies=[Reading])
    async def lines(
        *,
        page: PageById,
        file_id: UUID | None = None,
        account: Annotated[BankAccountField | None, Query()] = None,
        state: LineState | None = None,
        open: bool | None = None,  # noqa: A002 - as the field is called
    ) -> Page[BankLineOut]:
        """Lines of statements, newest first; ``open=true``: those that a person has to look at."""
        rows = await queries.lines(
            file_id=file_id,
            account=account,
            state=state,
            open_=open,
            before=page.after,
            limit=page.rows_max,
        )
        return page.of(rows, key=lambda row: row.id, item=BankLineOut.of)

    @router.get("/lines/{line_id}", dependencies=[Reading])
    async def line(line_id: UUID) -> BankLineOut:
        """One of them."""
        return await _line(queries, line_id)

    @router.post("/lines/{line_id}/take", response_model=BankLineOut, responses=dict(MAY_WAIT))
    async def take(line_id: UUID, body: Reason, principal: Writer) -> BankLineOut | JSONResponse:
        """A doubtful line is a payment of its own: credit it. Much money is kept as a proposal and
        answered with 202. One that failed is tried again."""
        return await settle(StepAction.TAKE, line_id, Decided(principal.subject, body.reason))

    @router.post("/lines/{line_id}/close", response_model=BankLineOut)
    async def close(line_id: UUID, body: Reason, principal: Writer) -> BankLineOut | JSONResponse:
        """The line was dealt with in another way: it is open no more."""
        return await settle(StepAction.CLOSE, line_id, Decided(principal.subject, body.reason))

    async def settle(action: ByHand, line_id: UUID, decided: Decided) -> BankLineOut | JSONResponse:
        now = clock()
        async with open_unit() as unit:
            waiting = await settle_line(
                unit, line_id=line_id, action=action, decided=decided, now=now
            )
        committed()
        if waiting is not None:
            return waits(waiting, now=now)
        return await _line(queries, line_id)

    return router


async def _line(queries: BankQueries, line_id: UUID) -> BankLineOut:
    found = await queries.line(line_id)
    if found is None:
        message = f"there is no bank line {line_id}"
        raise UnknownLine(message)
    return BankLineOut.of(found)


def _unknown_file(file_id: UUID) -> UnknownStatementFile:
    message = f"there is no bank file {file_id}"
    return UnknownStatementFile(message)
