"""``/v1/hardship/policies``: by what a household is shown to a person."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends

from billing.hardship.policy import InvalidPolicy, policy_of
from billing.hardship.ports import OpenPolicies
from billing.hardship.publish_policy import publish_policy
from billing.hardship.refusals import InvalidDocument
from billing.hardship.schemas import IdempotencyKey, PolicyIn, PolicyOut
from prewatt_common.clock import Clock
from prewatt_common.http.auth import Principal, require
from prewatt_common.http.pages import Page, PageRequest, PagesBy


def hardship_policies_router(*, open_policies: OpenPolicies, clock: Clock) -> APIRouter:
    """The router."""
    router = APIRouter(prefix="/v1/hardship/policies", tags=["hardship"])

    @router.post("", status_code=HTTPStatus.CREATED)
    async def publish(
        body: PolicyIn,
        key: IdempotencyKey,
        person: Annotated[Principal, Depends(require("billing:write"))],
    ) -> PolicyOut:
        """Publish a version: the next daily look goes by it. Before the first nothing is looked
        at. The same again changes nothing."""
        try:
            policy = policy_of(body.document)
        except InvalidPolicy as error:
            message = f"{error}; nothing was published"
            raise InvalidDocument(message) from error
        async with open_policies() as store:
            published = await publish_policy(
                store=store,
                policy=policy,
                by=person.subject,
                reason=body.reason,
                key=key,
                now=clock(),
            )
        return PolicyOut.of(published)

    @router.get("", dependencies=[Depends(require("billing:read"))])
    async def policies(
        page: Annotated[PageRequest[int], Depends(PagesBy(int))],
    ) -> Page[PolicyOut]:
        """All versions, the newest first: it is the one that holds."""
        async with open_policies() as store:
            rows = await store.listed(before=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.version, item=PolicyOut.of)

    return router
