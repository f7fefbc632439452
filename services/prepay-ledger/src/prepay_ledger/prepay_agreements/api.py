"""What customers have signed, and what was done before a cut, over HTTP."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from prepay_ledger.facts.values import Decided
from prepay_ledger.fields import PageById, Writer
from prepay_ledger.prepay_agreements.ports import Unit
from prepay_ledger.prepay_agreements.postgres_queries import GroundsQueries
from prepay_ledger.prepay_agreements.record_step import record_step, take_back_step
from prepay_ledger.prepay_agreements.schemas import (
    EvidenceOut,
    PrepayAgreementEnd,
    PrepayAgreementIn,
    PrepayAgreementOut,
    StepIn,
    agreement_out,
    evidence_out,
)
from prepay_ledger.prepay_agreements.sign_agreement import end_agreement, sign_agreement
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.fields import Reason
from prewatt_common.http.openapi import as_it_was
from prewatt_common.http.pages import Page, PageRequest, PagesBy

UnitT = TypeVar("UnitT", bound=Unit)


def prepay_agreements_router(
    *,
    open_unit: Callable[[], AbstractAsyncContextManager[UnitT]],
    review: Callable[[UnitT, Sequence[UUID], datetime], Awaitable[None]],
    queries: GroundsQueries,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/accounts/{account_id}/prepay-agreement`` and ``.../procedure-steps``. ``review``
    decides the accounts' supply anew, in the transaction that it is given."""
    router = APIRouter(prefix="/v1/accounts/{account_id}", tags=["procedures"])
    reading = [Depends(require("ledger:read"))]

    @router.put(
        "/prepay-agreement",
        status_code=HTTPStatus.CREATED,
        responses=as_it_was(PrepayAgreementOut),
    )
    async def sign(
        account_id: UUID, body: PrepayAgreementIn, principal: Writer, response: Response
    ) -> PrepayAgreementOut:
        """Enter what the customer has signed: it holds from its begin on in place of the version
        before. The same again changes nothing, and is answered with 200."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            agreement, is_new = await sign_agreement(
                unit=unit, account_id=account_id, terms=body.terms, decided=decided
            )
            await review(unit, [account_id], decided.at)
        committed()
        if not is_new:
            response.status_code = HTTPStatus.OK
        return agreement_out(agreement)

    @router.post("/prepay-agreement/end")
    async def end(
        account_id: UUID, body: PrepayAgreementEnd, principal: Writer
    ) -> PrepayAgreementOut:
        """Nothing is agreed from then on: the account is not cut by itself."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            agreement = await end_agreement(
                unit=unit,
                account_id=account_id,
                ends_at=body.ends_at or decided.at,
                decided=decided,
            )
            await review(unit, [account_id], decided.at)
        committed()
        return agreement_out(agreement)

    @router.get("/prepay-agreements", dependencies=reading)
    async def agreements(
        account_id: UUID, page: Annotated[PageRequest[int], Depends(PagesBy(int))]
    ) -> Page[PrepayAgreementOut]:
        """What the customer has signed, the newest version first."""
        rows = await queries.agreements(account_id, before=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.version, item=agreement_out)

    @router.post("/procedure-steps", status_code=HTTPStatus.CREATED)
    async def record(account_id: UUID, body: StepIn, principal: Writer) -> EvidenceOut:
        """Say that a step of the account's procedure was done, or that a cut is forbidden
        (`paid_under_protest`, `complaint_open`) until that is taken back."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            evidence = await record_step(
                unit=unit, account_id=account_id, done=body.done(now=decided.at), decided=decided
            )
            await review(unit, [account_id], decided.at)
        committed()
        return evidence_out(evidence)

    @router.post("/procedure-steps/{evidence_id}/take-back")
    async def take_back(
        account_id: UUID, evidence_id: UUID, body: Reason, principal: Writer
    ) -> EvidenceOut:
        """What was said counts no more, though it stays. The same again changes nothing."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            evidence = await take_back_step(
                unit=unit, account_id=account_id, evidence_id=evidence_id, decided=decided
            )
            await review(unit, [account_id], decided.at)
        committed()
        return evidence_out(evidence)

    @router.get("/procedure-steps", dependencies=reading)
    async def steps(account_id: UUID, page: PageById) -> Page[EvidenceOut]:
        """What was said and delivered, the newest first; a row that takes another back names it."""
        rows = await queries.evidence(account_id, before=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.id, item=evidence_out)

    return router
