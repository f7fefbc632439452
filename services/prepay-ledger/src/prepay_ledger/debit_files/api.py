"""Batch debits over HTTP: debtors, files for banks, and what banks answered."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import date
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from prepay_ledger.business_days import BusinessDays
from prepay_ledger.debit_files.begin_file import Asked, begin_file
from prepay_ledger.debit_files.keep_result import keep_result, read_upload
from prepay_ledger.debit_files.mark_file import mark_file
from prepay_ledger.debit_files.ports import OpenUnit
from prepay_ledger.debit_files.postgres_queries import DebitQueries
from prepay_ledger.debit_files.put_debtor import put_debtor
from prepay_ledger.debit_files.refusals import (
    AnswerNotOpen,
    UnknownDebitFile,
    UnknownDebtor,
    UnknownProfile,
)
from prepay_ledger.debit_files.schemas import (
    DebitAnswerOut,
    DebitFileIn,
    DebitFileOut,
    DebitItemOut,
    DebitResultIn,
    DebitResultOut,
    DebtorIn,
    DebtorOut,
    WholeDebitFileOut,
)
from prepay_ledger.debit_files.values import AnswerState, KnownDebtor, StepAction
from prepay_ledger.debit_formats.configured import DebitProfile
from prepay_ledger.debit_formats.values import Debtor
from prepay_ledger.fields import GivenByProvider, IdempotencyKey, PageById, Writer
from prewatt_common.clock import Clock
from prewatt_common.http.auth import Principal, require
from prewatt_common.http.body import MIB, BodyLimits, DeclaredBody
from prewatt_common.http.fields import Reason
from prewatt_common.http.pages import Page, PageRequest, PagesBy

RESULT_BODY = BodyLimits(
    media_type="application/json", bytes_max=12 * MIB, timeout_s=120, held_bytes_max=24 * MIB
)
"""An answer of 8 MiB in base64."""
Reading = Depends(require("ledger:read"))
ByNumber = Annotated[PageRequest[int], Depends(PagesBy(int))]


def debit_files_router(
    *,
    open_unit: OpenUnit,
    queries: DebitQueries,
    profiles: Mapping[str, DebitProfile],
    days: BusinessDays,
    today: Callable[[], date],
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/debit-files``."""
    router = APIRouter(prefix="/v1/debit-files", tags=["batch debit"])

    @router.post("", status_code=HTTPStatus.CREATED)
    async def begin(body: DebitFileIn, key: IdempotencyKey, principal: Writer) -> WholeDebitFileOut:
        """Have all that is due by now collected into a file for the bank. It is made within
        seconds to minutes: `state` says how far it is."""
        asked = Asked(
            provider=body.provider,
            collect_on=body.collect_on,
            key=key,
            who=principal.subject,
            reason=body.reason,
        )
        async with open_unit() as unit:
            file = await begin_file(
                unit,
                asked=asked,
                profile=_profile(profiles, body.provider),
                days=days,
                today=today(),
                now=clock(),
            )
        return await shown(file.id)

    @router.get("", dependencies=[Reading])
    async def files(
        *, page: PageById, provider: GivenByProvider | None = None
    ) -> Page[DebitFileOut]:
        """Files, newest first."""
        rows = await queries.files(provider=provider, before=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.id, item=DebitFileOut.of)

    @router.get("/{file_id}", dependencies=[Reading])
    async def file(file_id: UUID) -> WholeDebitFileOut:
        """A file, and how many of its lines are in each state."""
        return await shown(file_id)

    @router.get(
        "/{file_id}/content",
        dependencies=[Depends(require("ledger:write"))],
        response_class=Response,
        responses={HTTPStatus.OK: {"content": {"application/octet-stream": {}}}},
    )
    async def content(file_id: UUID) -> Response:
        """The file for the bank: the same bytes each time, with whole account numbers."""
        body = await queries.body(file_id)
        if body is None:
            message = f"there is no debit file {file_id}, or it is not made"
            raise UnknownDebitFile(message)
        return Response(body, media_type="application/octet-stream")

    @router.get("/{file_id}/lines", dependencies=[Reading])
    async def lines(file_id: UUID, page: ByNumber) -> Page[DebitItemOut]:
        """Its lines, by their numbers."""
        await shown(file_id)
        rows = await queries.items(file_id, after=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row[0].number, item=DebitItemOut.of)

    @router.post("/{file_id}/send")
    async def send(file_id: UUID, body: Reason, principal: Writer) -> WholeDebitFileOut:
        """Say that the bank has the file, and by what reference."""
        return await marked(StepAction.SEND, file_id, body, principal)

    @router.post("/{file_id}/cancel")
    async def cancel(file_id: UUID, body: Reason, principal: Writer) -> WholeDebitFileOut:
        """Say that the bank never had the file, or give up one that cannot be made: what is due is
        asked for anew."""
        return await marked(StepAction.CANCEL, file_id, body, principal)

    async def marked(
        action: StepAction, file_id: UUID, body: Reason, principal: Principal
    ) -> WholeDebitFileOut:
        async with open_unit() as unit:
            await mark_file(
                unit,
                file_id=file_id,
                action=action,
                who=principal.subject,
                reason=body.reason,
                now=clock(),
            )
        committed()
        return await shown(file_id)

    async def shown(file_id: UUID) -> WholeDebitFileOut:
        view = await queries.file(file_id)
        if view is None:
            message = f"there is no debit file {file_id}"
            raise UnknownDebitFile(message)
        return WholeDebitFileOut.of_view(view)

    return router


def debit_results_router(
    *,
    open_unit: OpenUnit,
    queries: DebitQueries,
    profiles: Mapping[str, DebitProfile],
    clock: Clock,
) -> APIRouter:
    """``/v1/debit-results`` and ``/v1/debit-answers``."""
    router = APIRouter(prefix="/v1", tags=["batch debit"])

    @router.post(
        "/debit-results",
        status_code=HTTPStatus.CREATED,
        dependencies=[Depends(DeclaredBody(RESULT_BODY))],
    )
    async def upload(body: DebitResultIn, key: IdempotencyKey, principal: Writer) -> DebitResultOut:
        """Take a bank's answer: all of it, or nothing, with the reason. What it says of each line
        is applied within seconds. The same again changes nothing."""
        profile = _profile(profiles, body.provider)
        read = await asyncio.to_thread(
            read_upload,
            body.content_base64,
            key=key,
            provider=body.provider,
            profile=profile,
            name=body.name,
            who=principal.subject,
        )
        async with open_unit() as unit:
            kept = await keep_result(unit=unit, upload=read, now=clock())
        return DebitResultOut.of(kept.result, repeated=kept.repeated)

    @router.get("/debit-results", dependencies=[Reading])
    async def results(
        *, page: PageById, provider: GivenByProvider | None = None
    ) -> Page[DebitResultOut]:
        """Answers of banks, newest first."""
        rows = await queries.results(provider=provider, before=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.id, item=DebitResultOut.of)

    @router.get("/debit-answers", dependencies=[Reading])
    async def answers(
        *,
        page: PageById,
        result_id: UUID | None = None,
        state: AnswerState | None = None,
        open: bool | None = None,  # noqa: A002 - as the field is called
    ) -> Page[DebitAnswerOut]:
        """What banks said of lines, newest first; ``open=true``: what a person has to look at."""
        rows = await queries.answers(
            result_id=result_id,
            state=state,
            open_=open,
            before=page.after,
            limit=page.rows_max,
        )
        return page.of(rows, key=lambda row: row.id, item=DebitAnswerOut.of)

    @router.post("/debit-answers/{answer_id}/close", status_code=HTTPStatus.NO_CONTENT)
    async def close(answer_id: UUID, body: Reason, principal: Writer) -> None:
        """A person has dealt with it."""
        async with open_unit() as unit:
            if not await unit.debit_files.close_answer(
                answer_id, who=principal.subject, reason=body.reason
            ):
                message = f"there is no debit answer {answer_id} that is open; nothing was changed"
                raise AnswerNotOpen(message)

    return router


def debtors_router(
    *,
    open_unit: OpenUnit,
    queries: DebitQueries,
    profiles: Mapping[str, DebitProfile],
    clock: Clock,
) -> APIRouter:
    """``/v1/mandates/{id}/debtor``."""
    router = APIRouter(prefix="/v1/mandates", tags=["batch debit"])

    @router.put("/{mandate_id}/debtor")
    async def put(mandate_id: UUID, body: DebtorIn, principal: Writer) -> DebtorOut:
        """Tell from whose account a mandate's money is taken, where a bank takes batch debits."""
        now = clock()
        asked = KnownDebtor(
            mandate_id=mandate_id,
            debtor=Debtor(
                holder=body.holder, bank_account=body.bank_account, bank_code=body.bank_code
            ),
            who=principal.subject,
            reason=body.reason,
            at=now,
        )
        async with open_unit() as unit:
            await put_debtor(unit, asked=asked, profiles=dict(profiles), now=now)
        return DebtorOut.of(asked)

    @router.get("/{mandate_id}/debtor", dependencies=[Reading])
    async def debtor(mandate_id: UUID) -> DebtorOut:
        """From whose account it is."""
        known = await queries.debtor(mandate_id)
        if known is None:
            message = f"of mandate {mandate_id} nobody has told whose account it is"
            raise UnknownDebtor(message)
        return DebtorOut.of(known)

    return router


def _profile(profiles: Mapping[str, DebitProfile], provider: str) -> DebitProfile:
    profile = profiles.get(provider)
    if profile is None:
        message = f"no bank {provider} takes batch debits; those that do: {', '.join(profiles)}"
        raise UnknownProfile(message)
    return profile
