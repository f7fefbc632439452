"""Mandates and the requests that they make, over HTTP."""

from collections.abc import Callable
from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from prepay_ledger.facts.values import Decided
from prepay_ledger.fields import IdempotencyKey, PageById, Writer
from prepay_ledger.mandates.agree_mandate import change_mandate, end_mandate, open_mandate
from prepay_ledger.mandates.close_request import close_request
from prepay_ledger.mandates.ports import OpenUnit
from prepay_ledger.mandates.postgres_queries import MandateQueries, StepView
from prepay_ledger.mandates.refusals import UnknownMandate, UnknownTopUpRequest
from prepay_ledger.mandates.schemas import (
    MandateChange,
    MandateIn,
    MandateOut,
    MandateStepOut,
    TopUpRequestOut,
)
from prepay_ledger.mandates.settle_request import SettleRequest
from prepay_ledger.mandates.values import Mandate, MandateState, RequestState, Step, StepAction
from prepay_ledger.payment_requests.configured import Requesters
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.fields import Reason
from prewatt_common.http.pages import Page
from prewatt_common.ids import new_id

Reading = Depends(require("ledger:read"))


def mandates_router(
    *,
    open_unit: OpenUnit,
    queries: MandateQueries,
    requesters: Requesters,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/mandates``."""
    router = APIRouter(prefix="/v1/mandates", tags=["automatic top-up"])

    @router.post("", status_code=HTTPStatus.CREATED)
    async def open_(
        body: MandateIn, key: IdempotencyKey, principal: Writer, response: Response
    ) -> MandateOut:
        """A customer has agreed that money is taken as the balance falls to a threshold. An account
        has one mandate. The same under the same key is answered 200."""
        asked = Mandate(
            id=new_id(),
            account_id=body.account_id,
            provider=body.provider,
            reference=body.reference,
            terms=body.terms.terms(),
            consent=body.consent.consent(),
            state=MandateState.ACTIVE,
            state_reason="",
            failures=0,
            retry_on=None,
            waits=None,
            look_at=None,
        )
        step = Step(
            action=StepAction.OPEN,
            who=principal.subject,
            reason=body.reason,
            key=key,
            at=clock(),
        )
        async with open_unit() as unit:
            mandate, is_new = await open_mandate(
                unit=unit, asked=asked, step=step, requesters=requesters
            )
        committed()
        if not is_new:
            response.status_code = HTTPStatus.OK
        return MandateOut.of(mandate)

    @router.get("", dependencies=[Reading])
    async def mandates(
        page: PageById, *, account_id: UUID | None = None, state: MandateState | None = None
    ) -> Page[MandateOut]:
        """Mandates, the newest first."""
        rows = await queries.mandates(
            account_id=account_id, state=state, before=page.after, limit=page.rows_max
        )
        return page.of(rows, key=lambda row: row.id, item=MandateOut.of)

    @router.get("/{mandate_id}", dependencies=[Reading])
    async def mandate(mandate_id: UUID) -> MandateOut:
        """One of them."""
        return MandateOut.of(await _mandate(queries, mandate_id))

    @router.get("/{mandate_id}/steps", dependencies=[Reading])
    async def steps(mandate_id: UUID, page: PageById) -> Page[MandateStepOut]:
        """What was done with it, and what was agreed each time, the newest first."""
        rows = await queries.steps(mandate_id, before=page.after, limit=page.rows_max)
        if not rows:
            await _mandate(queries, mandate_id)
        return page.of(rows, key=lambda row: row.id, item=_step_out)

    @router.put("/{mandate_id}")
    async def change(
        mandate_id: UUID, body: MandateChange, key: IdempotencyKey, principal: Writer
    ) -> MandateOut:
        """Other terms from now on, all of them. More than before, or another reference, needs
        consent of its own. With it a suspended mandate is active again."""
        step = Step(
            action=StepAction.CHANGE,
            who=principal.subject,
            reason=body.reason,
            key=key,
            at=clock(),
        )
        async with open_unit() as unit:
            mandate = await change_mandate(
                unit=unit,
                mandate_id=mandate_id,
                reference=body.reference,
                terms=body.terms.terms(),
                consent=body.consent.consent() if body.consent else None,
                step=step,
                requesters=requesters,
            )
        committed()
        return MandateOut.of(mandate)

    @router.post("/{mandate_id}/end")
    async def end(mandate_id: UUID, body: Reason, principal: Writer) -> MandateOut:
        """Nothing more is asked for. The same again changes nothing."""
        step = Step(
            action=StepAction.END,
            who=principal.subject,
            reason=body.reason,
            key="",
            at=clock(),
        )
        async with open_unit() as unit:
            mandate = await end_mandate(unit=unit, mandate_id=mandate_id, step=step)
        committed()
        return MandateOut.of(mandate)

    return router


def top_up_requests_router(
    *,
    open_unit: OpenUnit,
    queries: MandateQueries,
    settle: SettleRequest,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/top-up-requests``."""
    router = APIRouter(prefix="/v1/top-up-requests", tags=["automatic top-up"])

    @router.get("", dependencies=[Reading])
    async def requests(
        page: PageById, *, account_id: UUID | None = None, state: RequestState | None = None
    ) -> Page[TopUpRequestOut]:
        """What mandates asked for, the newest first; ``state=unanswered``: what a person has to
        look at."""
        rows = await queries.requests(
            account_id=account_id, state=state, before=page.after, limit=page.rows_max
        )
        return page.of(rows, key=lambda row: row.id, item=TopUpRequestOut.of)

    @router.get("/{request_id}", dependencies=[Reading])
    async def request(request_id: UUID) -> TopUpRequestOut:
        """One of them."""
        found = await queries.request(request_id)
        if found is None:
            message = f"there is no top-up request {request_id}"
            raise UnknownTopUpRequest(message)
        return TopUpRequestOut.of(found)

    @router.post("/{request_id}/close")
    async def close(request_id: UUID, body: Reason, principal: Writer) -> TopUpRequestOut:
        """A person has found out that no money comes of a request that nobody answered: it is
        failed, and the next one may be made. The same again changes nothing."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            after = await close_request(
                unit=unit, settle=settle, request_id=request_id, decided=decided
            )
        committed()
        return TopUpRequestOut.of(after)

    return router


async def _mandate(queries: MandateQueries, mandate_id: UUID) -> Mandate:
    found = await queries.mandate(mandate_id)
    if found is None:
        message = f"there is no mandate {mandate_id}"
        raise UnknownMandate(message)
    return found


def _step_out(step: StepView) -> MandateStepOut:
    return MandateStepOut.model_validate(step)
