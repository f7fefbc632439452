"""Procedures by law over HTTP."""

from collections.abc import Callable
from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Depends

from prepay_ledger.facts.values import Decided
from prepay_ledger.fields import PageById, Writer
from prepay_ledger.procedures.draft_procedure import draft_procedure, withdraw_draft
from prepay_ledger.procedures.ports import OpenUnit
from prepay_ledger.procedures.postgres_queries import ProcedureQueries
from prepay_ledger.procedures.publish_procedure import publish_procedure
from prepay_ledger.procedures.refusals import InvalidDocument, UnknownDraft
from prepay_ledger.procedures.schemas import ProcedureIn, ProcedureOut, procedure_out
from prewatt_common.clock import Clock
from prewatt_common.contracts.procedure_v1 import InvalidProcedure, procedure_of
from prewatt_common.http.auth import require
from prewatt_common.http.fields import Reason
from prewatt_common.http.pages import Page


def procedures_router(
    *,
    open_unit: OpenUnit,
    queries: ProcedureQueries,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/procedures``."""
    router = APIRouter(prefix="/v1/procedures", tags=["procedures"])
    reading = [Depends(require("ledger:read"))]

    @router.post("", status_code=HTTPStatus.CREATED)
    async def draft(body: ProcedureIn, principal: Writer) -> ProcedureOut:
        """Draft what the law asks for before a cut. Nothing follows it before another person
        publishes it."""
        try:
            procedure = procedure_of(body.document)
        except InvalidProcedure as error:
            message = f"{error}; nothing was drafted"
            raise InvalidDocument(message) from error
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            made = await draft_procedure(unit=unit, procedure=procedure, decided=decided)
        return procedure_out(made)

    @router.get("", dependencies=reading)
    async def procedures(page: PageById) -> Page[ProcedureOut]:
        """Procedures, published, drafted and withdrawn, the newest first."""
        rows = await queries.drafts(before=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.id, item=procedure_out)

    @router.get("/{procedure_id}", dependencies=reading)
    async def one(procedure_id: UUID) -> ProcedureOut:
        """A procedure with its document."""
        found = await queries.draft(procedure_id)
        if found is None:
            message = f"there is no procedure {procedure_id}"
            raise UnknownDraft(message)
        return procedure_out(found)

    @router.post("/{procedure_id}/publish")
    async def publish(procedure_id: UUID, body: Reason, principal: Writer) -> ProcedureOut:
        """Publish it, by another person than who drafted it: cuts follow it from its first day on.
        The same again changes nothing."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            made = await publish_procedure(unit=unit, draft_id=procedure_id, decided=decided)
        committed()
        return procedure_out(made)

    @router.post("/{procedure_id}/withdraw")
    async def withdraw(procedure_id: UUID, body: Reason, principal: Writer) -> ProcedureOut:
        """A draft is not to be published. The same again changes nothing."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            made = await withdraw_draft(unit=unit, draft_id=procedure_id, decided=decided)
        return procedure_out(made)

    return router
