"""Proposals over HTTP: what waits for a second person, who approves or refuses it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from prepay_ledger.approvals.decide_proposal import ApproveProposal, refuse_proposal
from prepay_ledger.approvals.ports import OpenUnit, UnitT
from prepay_ledger.approvals.postgres_queries import ProposalQueries
from prepay_ledger.approvals.refusals import UnknownProposal
from prepay_ledger.approvals.schemas import ProposalOut
from prepay_ledger.approvals.values import ActKind, Proposal, ProposalState
from prepay_ledger.facts.values import Decided
from prepay_ledger.fields import PageById, Writer
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.fields import Reason
from prewatt_common.http.pages import Page

MAY_WAIT: Mapping[int | str, dict[str, Any]] = {
    HTTPStatus.ACCEPTED: {
        "model": ProposalOut,
        "description": "Nothing is done yet: it waits for a second person",
    }
}
"""What an endpoint answers besides, whose act may take two people."""


def waits(proposal: Proposal, *, now: datetime) -> JSONResponse:
    """202: the act is kept as a proposal."""
    body = ProposalOut.of(proposal, now=now).model_dump(mode="json")
    return JSONResponse(body, status_code=HTTPStatus.ACCEPTED)


def proposals_router(
    *,
    open_unit: OpenUnit[UnitT],
    queries: ProposalQueries,
    approve_proposal: ApproveProposal[UnitT],
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/proposals``."""
    router = APIRouter(prefix="/v1/proposals", tags=["proposals"])
    reading = [Depends(require("ledger:read"))]

    @router.get("", dependencies=reading)
    async def proposals(
        *, page: PageById, state: ProposalState | None = None, kind: ActKind | None = None
    ) -> Page[ProposalOut]:
        """Acts that were proposed, newest first; ``state=waiting``: what waits for a second
        person."""
        now = clock()
        rows = await queries.proposals(
            state=state, kind=kind, now=now, before=page.after, limit=page.rows_max
        )
        return page.of(
            rows, key=lambda row: row.id, item=lambda each: ProposalOut.of(each, now=now)
        )

    @router.get("/{proposal_id}", dependencies=reading)
    async def one(proposal_id: UUID) -> ProposalOut:
        """One of them."""
        found = await queries.proposal(proposal_id)
        if found is None:
            message = f"there is no proposal {proposal_id}"
            raise UnknownProposal(message)
        return ProposalOut.of(found, now=clock())

    @router.post("/{proposal_id}/approve")
    async def approve(proposal_id: UUID, body: Reason, principal: Writer) -> ProposalOut:
        """Approve it, by which it is done. Not by who proposed it. What has changed since is
        checked again: where that is in the way nothing is done, and it goes on waiting. The same
        again changes nothing."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            approved = await approve_proposal(unit, proposal_id=proposal_id, decided=decided)
        committed()
        return ProposalOut.of(approved, now=decided.at)

    @router.post("/{proposal_id}/refuse")
    async def refuse(proposal_id: UUID, body: Reason, principal: Writer) -> ProposalOut:
        """It is not to be done; by who proposed it, it is withdrawn. The same again changes
        nothing."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            refused = await refuse_proposal(unit=unit, proposal_id=proposal_id, decided=decided)
        return ProposalOut.of(refused, now=decided.at)

    return router
