"""Files of transfers over HTTP: made, given to the bank, and what it answered."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import date
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from prepay_ledger.approvals.api import MAY_WAIT, waits
from prepay_ledger.approvals.values import ApprovalTerms
from prepay_ledger.business_days import BusinessDays
from prepay_ledger.debit_files.api import RESULT_BODY
from prepay_ledger.debit_files.keep_result import read_upload
from prepay_ledger.debit_files.refusals import ResultRefused
from prepay_ledger.debit_formats.configured import TransferProfile
from prepay_ledger.facts.values import Decided
from prepay_ledger.fields import GivenByProvider, IdempotencyKey, PageById, Writer
from prepay_ledger.transfer_files.close_answer import CloseAnswer, Closing
from prepay_ledger.transfer_files.keep_result import keep_transfer_result
from prepay_ledger.transfer_files.make_file import Asked, make_file
from prepay_ledger.transfer_files.mark_file import cancel_file, send_file
from prepay_ledger.transfer_files.ports import OpenUnit
from prepay_ledger.transfer_files.postgres_queries import TransferQueries
from prepay_ledger.transfer_files.refusals import (
    TransferResultRefused,
    UnknownBank,
    UnknownTransferFile,
)
from prepay_ledger.transfer_files.rules import why_not_given
from prepay_ledger.transfer_files.schemas import (
    TransferAnswerCloseIn,
    TransferAnswerOut,
    TransferFileIn,
    TransferFileOut,
    TransferItemOut,
    TransferResultIn,
    TransferResultOut,
    WholeTransferFileOut,
)
from prepay_ledger.transfer_files.values import FileView
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.body import DeclaredBody
from prewatt_common.http.fields import Reason
from prewatt_common.http.pages import Page, PageRequest, PagesBy

Reading = Depends(require("ledger:read"))
ByNumber = Annotated[PageRequest[int], Depends(PagesBy(int))]


def transfer_files_router(
    *,
    open_unit: OpenUnit,
    queries: TransferQueries,
    profiles: Mapping[str, TransferProfile],
    days: BusinessDays,
    terms: ApprovalTerms,
    today: Callable[[], date],
    clock: Clock,
) -> APIRouter:
    """``/v1/transfer-files``."""
    router = APIRouter(prefix="/v1/transfer-files", tags=["transfer files"])

    def decided(body: Reason, principal: Writer) -> Decided:
        return Decided(by=principal.subject, reason=body.reason, at=clock())

    @router.post("", status_code=HTTPStatus.CREATED)
    async def make(
        body: TransferFileIn, key: IdempotencyKey, principal: Writer
    ) -> WholeTransferFileOut:
        """Have all refunds that wait for a transfer paid by a file. One of much money is `proposed`
        until a second person approves it among the proposals."""
        asked = Asked(
            bank=body.bank,
            pay_on=body.pay_on,
            without=body.without,
            key=key,
            decided=decided(body, principal),
        )
        async with open_unit() as unit:
            file = await make_file(
                unit,
                asked=asked,
                profile=_profile(profiles, body.bank),
                days=days,
                today=today(),
                terms=terms,
            )
        return WholeTransferFileOut.of_view(await view_of(file.id))

    @router.get("", dependencies=[Reading])
    async def files(
        *, page: PageById, bank: GivenByProvider | None = None
    ) -> Page[TransferFileOut]:
        """Files, newest first."""
        rows = await queries.files(bank=bank, before=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.id, item=TransferFileOut.of)

    @router.get("/{file_id}", dependencies=[Reading])
    async def file(file_id: UUID) -> WholeTransferFileOut:
        """A file, and how many of its lines are in each state."""
        return WholeTransferFileOut.of_view(await view_of(file_id))

    @router.get(
        "/{file_id}/content",
        dependencies=[Depends(require("ledger:write"))],
        response_class=Response,
        responses={HTTPStatus.OK: {"content": {"application/octet-stream": {}}}},
    )
    async def content(file_id: UUID) -> Response:
        """The file for the bank: the same bytes each time, with whole account numbers."""
        if (why := why_not_given((await view_of(file_id)).file.state)) is not None:
            message = f"nobody gets the bytes of transfer file {file_id}: {why}"
            raise UnknownTransferFile(message)
        body = await queries.body(file_id)
        return Response(body, media_type="application/octet-stream")

    @router.get("/{file_id}/lines", dependencies=[Reading])
    async def lines(file_id: UUID, page: ByNumber) -> Page[TransferItemOut]:
        """Its lines, by their numbers."""
        await view_of(file_id)
        rows = await queries.items(file_id, after=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.number, item=TransferItemOut.of)

    @router.post("/{file_id}/send")
    async def send(file_id: UUID, body: Reason, principal: Writer) -> WholeTransferFileOut:
        """Say that the bank has the file, and by what reference."""
        async with open_unit() as unit:
            await send_file(unit, file_id=file_id, decided=decided(body, principal))
        return WholeTransferFileOut.of_view(await view_of(file_id))

    @router.post("/{file_id}/cancel")
    async def cancel(file_id: UUID, body: Reason, principal: Writer) -> WholeTransferFileOut:
        """Say that the bank never had the file, or has given it up: its refunds may go into another
        one."""
        async with open_unit() as unit:
            await cancel_file(unit, file_id=file_id, decided=decided(body, principal))
        return WholeTransferFileOut.of_view(await view_of(file_id))

    async def view_of(file_id: UUID) -> FileView:
        view = await queries.file(file_id)
        if view is None:
            message = f"there is no transfer file {file_id}"
            raise UnknownTransferFile(message)
        return view

    return router


def transfer_results_router(
    *,
    open_unit: OpenUnit,
    queries: TransferQueries,
    profiles: Mapping[str, TransferProfile],
    terms: ApprovalTerms,
    clock: Clock,
) -> APIRouter:
    """``/v1/transfer-results`` and ``/v1/transfer-answers``."""
    router = APIRouter(prefix="/v1", tags=["transfer files"])
    close_answer = CloseAnswer(terms=terms)

    @router.post(
        "/transfer-results",
        status_code=HTTPStatus.CREATED,
        dependencies=[Depends(DeclaredBody(RESULT_BODY))],
    )
    async def upload(
        body: TransferResultIn, key: IdempotencyKey, principal: Writer
    ) -> TransferResultOut:
        """Take a bank's answer: all of it, or nothing, with the reason. No answer moves money. The
        same again changes nothing."""
        profile = _profile(profiles, body.bank)
        try:
            read = await asyncio.to_thread(
                read_upload,
                body.content_base64,
                key=key,
                provider=body.bank,
                profile=profile,
                name=body.name,
                who=principal.subject,
            )
        except ResultRefused as error:
            raise TransferResultRefused(str(error)) from error
        async with open_unit() as unit:
            kept = await keep_transfer_result(unit=unit, upload=read, now=clock())
        return TransferResultOut.of(kept.result, repeated=kept.repeated)

    @router.get("/transfer-results", dependencies=[Reading])
    async def results(
        *, page: PageById, bank: GivenByProvider | None = None
    ) -> Page[TransferResultOut]:
        """Answers of banks, newest first."""
        rows = await queries.results(bank=bank, before=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.id, item=TransferResultOut.of)

    @router.get("/transfer-answers", dependencies=[Reading])
    async def answers(
        *,
        page: PageById,
        result_id: UUID | None = None,
        open: bool | None = None,  # noqa: A002 - as the field is called
    ) -> Page[TransferAnswerOut]:
        """What banks said of lines, newest first; ``open=true``: what a person has to look at."""
        rows = await queries.answers(
            result_id=result_id, open_=open, before=page.after, limit=page.rows_max
        )
        return page.of(rows, key=lambda row: row.id, item=TransferAnswerOut.of)

    @router.post(
        "/transfer-answers/{answer_id}/close",
        status_code=HTTPStatus.NO_CONTENT,
        response_model=None,
        responses=dict(MAY_WAIT),
    )
    async def close(answer_id: UUID, body: TransferAnswerCloseIn, principal: Writer) -> Response:
        """A person has dealt with it. A refund that was refused, and is not cancelled, is in the
        next file. ``not_paid``: by it the bank does not pay the line that a file has of its refund,
        which is refused then; much is kept as a proposal and answered with 202."""
        asked = Closing(
            answer_id=answer_id,
            not_paid=body.not_paid,
            decided=Decided(by=principal.subject, reason=body.reason, at=clock()),
        )
        async with open_unit() as unit:
            done = await close_answer(unit, asked=asked)
        if done is not None:
            return waits(done, now=asked.decided.at)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    return router


def _profile(profiles: Mapping[str, TransferProfile], bank: str) -> TransferProfile:
    profile = profiles.get(bank)
    if profile is None:
        known = ", ".join(sorted(profiles)) or "none is configured"
        message = f"no bank {bank} pays by files; those that do: {known}"
        raise UnknownBank(message)
    return profile
