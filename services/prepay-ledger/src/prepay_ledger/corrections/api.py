"""Correction runs over HTTP."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from prepay_ledger.corrections.draft_run import draft_run, withdraw_run
from prepay_ledger.corrections.ports import OpenUnit
from prepay_ledger.corrections.postgres_queries import CorrectionQueries
from prepay_ledger.corrections.refusals import PreviewOutOfDate, UnknownRun
from prepay_ledger.corrections.release_run import release_run
from prepay_ledger.corrections.schemas import (
    AccountOut,
    CorrectionIn,
    RunOut,
    RunWithProgress,
    run_out,
)
from prepay_ledger.facts.values import Decided
from prepay_ledger.fields import PageById, Writer
from prepay_ledger.tariffs.refusals import InvalidDocument
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.fields import Reason
from prewatt_common.http.pages import Page, PageRequest, PagesBy
from prewatt_metering.tariffs.document import InvalidTariff, tariff_of


def corrections_router(
    *,
    open_unit: OpenUnit,
    queries: CorrectionQueries,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/corrections``."""
    router = APIRouter(prefix="/v1/corrections", tags=["tariffs"])
    reading = [Depends(require("ledger:read"))]

    @router.post("", status_code=HTTPStatus.CREATED)
    async def draft(body: CorrectionIn, principal: Writer) -> RunOut:
        """Draft a run that replaces the document of a tariff's version, of the code and day in the
        document. What it would change is worked out next; nothing changes before its release."""
        try:
            version = tariff_of(body.document)
        except InvalidTariff as error:
            message = f"{error}; nothing was drafted"
            raise InvalidDocument(message) from error
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            run = await draft_run(
                unit=unit, version=version, decided=decided, our_fault=body.our_fault
            )
        return run_out(run)

    @router.get("", dependencies=reading)
    async def runs(page: PageById) -> Page[RunOut]:
        """Correction runs, the newest first."""
        rows = await queries.runs(before=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.id, item=run_out)

    @router.get("/{run_id}", dependencies=reading)
    async def one(run_id: UUID) -> RunWithProgress:
        """A correction run, with what it would change and how far it is."""
        run = await queries.run(run_id)
        if run is None:
            raise _unknown(run_id)
        left = await queries.agreements_left(run_id)
        return RunWithProgress(**dict(run_out(run)), agreements_left=left)

    @router.get("/{run_id}/accounts", dependencies=reading)
    async def accounts(
        run_id: UUID,
        page: Annotated[PageRequest[UUID], Depends(PagesBy(UUID))],
        *,
        newly_negative: bool = False,
    ) -> Page[AccountOut]:
        """What the preview says of each account; ``newly_negative=true``: of those that have
        something left and would fall below zero."""
        if await queries.run(run_id) is None:
            raise _unknown(run_id)
        rows = await queries.accounts(
            run_id, newly_negative=newly_negative, after=page.after, limit=page.rows_max
        )
        return page.of(rows, key=lambda row: row.account_id, item=AccountOut.model_validate)

    @router.post("/{run_id}/release")
    async def release(run_id: UUID, body: Reason, principal: Writer) -> RunOut:
        """Correct the version: it counts from now on, and agreement by agreement is charged by it.
        Where many would fall below zero, by another person than who drafted it. The same again
        changes nothing."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            run, why = await release_run(unit=unit, run_id=run_id, decided=decided)
        committed()
        if why is not None:
            message = (
                f"what was shown of correction run {run_id} holds no more: {why}. It is worked out "
                "again; look at it, then release it"
            )
            raise PreviewOutOfDate(message)
        return run_out(run)

    @router.post("/{run_id}/withdraw")
    async def withdraw(run_id: UUID, body: Reason, principal: Writer) -> RunOut:
        """The run is not to be released. The same again changes nothing."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            run = await withdraw_run(unit=unit, run_id=run_id, decided=decided)
        return run_out(run)

    return router


def _unknown(run_id: UUID) -> UnknownRun:
    return UnknownRun(f"there is no correction run {run_id}")
