"""Settlements over HTTP: files, and what providers owe."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from prepay_ledger.fields import GivenByProvider, IdempotencyKey, PageById, Writer
from prepay_ledger.settlements.keep_file import ReadUpload, keep_file
from prepay_ledger.settlements.ports import OpenUnit
from prepay_ledger.settlements.postgres_queries import SettlementQueries
from prepay_ledger.settlements.refusals import UnknownSettlementFile
from prepay_ledger.settlements.schemas import (
    OwedOut,
    SettlementFileOut,
    SettlementIn,
    WholeSettlementFileOut,
)
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.body import MIB, BodyLimits, DeclaredBody
from prewatt_common.http.pages import Page

FILE_BODY = BodyLimits(
    media_type="application/json", bytes_max=24 * MIB, timeout_s=120, held_bytes_max=48 * MIB
)
"""A file of 16 MiB in base64, and its mapping."""
_FILES_AT_ONCE = 2
"""While the database writes one, the next is read."""
Reading = Depends(require("ledger:read"))


def settlements_router(
    *,
    providers: list[str],
    open_unit: OpenUnit,
    queries: SettlementQueries,
    read_upload: ReadUpload,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/settlements``."""
    router = APIRouter(prefix="/v1/settlements", tags=["settlements"])
    turns = asyncio.Semaphore(_FILES_AT_ONCE)

    @router.post(
        "/{provider}",
        status_code=HTTPStatus.CREATED,
        dependencies=[Depends(DeclaredBody(FILE_BODY))],
    )
    async def upload(
        provider: str, body: SettlementIn, key: IdempotencyKey, principal: Writer
    ) -> WholeSettlementFileOut:
        """Take the file of a day that is over: all of it, or nothing, with the reason. It is kept
        as it came and compared with what we have of that provider. The same file again, under
        whatever key, is answered the same; another one of the same day takes its place, with a
        reason."""
        async with turns:
            read = await asyncio.to_thread(
                read_upload,
                body.content_base64,
                provider=provider,
                business_day=body.business_day,
                key=key,
                name=body.name,
                mapping=body.mapping,
                who=principal.subject,
                reason=body.reason,
            )
            async with open_unit() as unit:
                kept = await keep_file(unit=unit, upload=read, now=clock())
        committed()
        view = await queries.file(kept.file.id)
        assert view is not None, "a file stays"
        return WholeSettlementFileOut.of_view(view, repeated=kept.repeated)

    @router.get("", dependencies=[Reading])
    async def files(
        *, page: PageById, provider: GivenByProvider | None = None
    ) -> Page[SettlementFileOut]:
        """Files, newest first; of each day all revisions."""
        rows = await queries.files(provider=provider, before=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.id, item=SettlementFileOut.of)

    @router.get("/files/{file_id}", dependencies=[Reading])
    async def file(file_id: UUID) -> WholeSettlementFileOut:
        """A file, and how it compares."""
        view = await queries.file(file_id)
        if view is None:
            raise _unknown_file(file_id)
        return WholeSettlementFileOut.of_view(view)

    @router.get(
        "/files/{file_id}/content",
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

    @router.get("/owed", dependencies=[Reading])
    async def owed() -> list[OwedOut]:
        """What each provider owes us, one number a currency."""
        return [OwedOut.model_validate(each) for each in await queries.owed(providers)]

    return router


def _unknown_file(file_id: UUID) -> UnknownSettlementFile:
    message = f"there is no settlement file {file_id}"
    return UnknownSettlementFile(message)
