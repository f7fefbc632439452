"""Supply policies over HTTP."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from prepay_ledger.facts.values import Decided
from prepay_ledger.fields import InstantField, PageById, Writer
from prepay_ledger.policies.differences import differences
from prepay_ledger.policies.ports import OpenUnit
from prepay_ledger.policies.postgres_queries import PolicyQueries
from prepay_ledger.policies.publish_policy import draft_policy, publish_policy, withdraw_policy
from prepay_ledger.policies.refusals import InvalidDocument, UnknownPolicy
from prepay_ledger.policies.schemas import (
    DifferencesOut,
    InForceOut,
    PolicyIn,
    PolicyOut,
    differences_out,
    in_force_out,
    policy_out,
)
from prepay_ledger.policies.values import PolicyDraft
from prewatt_common.clock import Clock
from prewatt_common.contracts.supply_policy_v1 import DEFAULT_CLASS, InvalidPolicy, policy_of
from prewatt_common.http.auth import require
from prewatt_common.http.fields import Reason
from prewatt_common.http.pages import Page

ClassName = Annotated[str, Query(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]


def policies_router(
    *,
    open_unit: OpenUnit,
    queries: PolicyQueries,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/policies``."""
    router = APIRouter(prefix="/v1/policies", tags=["policies"])
    reading = [Depends(require("ledger:read"))]

    @router.post("", status_code=HTTPStatus.CREATED)
    async def draft(body: PolicyIn, principal: Writer) -> PolicyOut:
        """Draft a version of the supply policy: nothing changes before another person publishes
        it."""
        try:
            document = policy_of(body.document)
        except InvalidPolicy as error:
            message = f"{error}; nothing was drafted"
            raise InvalidDocument(message) from error
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            draft = await draft_policy(
                unit=unit,
                document=document,
                effective_from=body.effective_from,
                decided=decided,
            )
        return policy_out(draft)

    @router.get("", dependencies=reading)
    async def policies(page: PageById) -> Page[PolicyOut]:
        """Drafts and what became of them, the newest first."""
        rows = await queries.drafts(before=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.id, item=policy_out)

    @router.get("/in-force", dependencies=reading)
    async def in_force(
        customer_class: ClassName = DEFAULT_CLASS, at: InstantField | None = None
    ) -> InForceOut:
        """What holds for a class at an instant (left out: now); where nobody has published
        anything, what is built in."""
        now = at or clock()
        async with open_unit() as unit:
            book = await unit.policies.book()
        return in_force_out(
            book.version(now),
            book.in_force(customer_class, at=now),
            changes_at=book.next_change(now),
        )

    @router.get("/{policy_id}", dependencies=reading)
    async def one(policy_id: UUID) -> PolicyOut:
        """A policy with its document, all that it left out included."""
        return policy_out(await _known(queries, policy_id))

    @router.get("/{policy_id}/differences", dependencies=reading)
    async def diff(policy_id: UUID, against: UUID | None = None) -> DifferencesOut:
        """What it changes against another policy (left out: against what holds now), field by
        field."""
        after = (await _known(queries, policy_id)).document
        if against is not None:
            other = await _known(queries, against)
            before, number = other.document, other.number
        else:
            async with open_unit() as unit:
                holding = (await unit.policies.book()).version(clock())
            before, number = holding.document, holding.number
        return differences_out(differences(before, after), against=against, against_number=number)

    @router.post("/{policy_id}/publish")
    async def publish(policy_id: UUID, body: Reason, principal: Writer) -> PolicyOut:
        """Publish what another person drafted: it holds from its instant on and is never changed,
        only followed by another one. The same again changes nothing."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            draft = await publish_policy(unit=unit, policy_id=policy_id, decided=decided)
        committed()
        return policy_out(draft)

    @router.post("/{policy_id}/withdraw")
    async def withdraw(policy_id: UUID, body: Reason, principal: Writer) -> PolicyOut:
        """The draft is not to be published. The same again changes nothing."""
        decided = Decided(by=principal.subject, reason=body.reason, at=clock())
        async with open_unit() as unit:
            draft = await withdraw_policy(unit=unit, policy_id=policy_id, decided=decided)
        return policy_out(draft)

    return router


async def _known(queries: PolicyQueries, policy_id: UUID) -> PolicyDraft:
    draft = await queries.draft(policy_id)
    if draft is None:
        message = f"there is no policy {policy_id}"
        raise UnknownPolicy(message)
    return draft
