"""``/v1/campaigns``: what people decide about them."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from notifier.campaigns.change_campaign import ChangeCampaign, Order
from notifier.campaigns.schemas import CampaignIn, CampaignOut, MemberLine, UploadedOut
from notifier.campaigns.values import What
from notifier.templates.schemas import IdempotencyKey
from prewatt_common.http.auth import Principal, require
from prewatt_common.http.csv_upload import CsvLines
from prewatt_common.http.fields import Reason

Writer = Annotated[Principal, Depends(require("notifier:write"))]
"""Whoever asks, named by the token."""


def campaign_decisions_router(*, change: ChangeCampaign) -> APIRouter:
    """The router."""
    router = APIRouter(prefix="/v1/campaigns", tags=["campaigns"])

    async def done(
        what: What, campaign_id: UUID, body: Reason, key: str, who: Principal
    ) -> CampaignOut:
        order = Order(what=what, by=who.subject, reason=body.reason, key=key)
        return CampaignOut.of(await change.decide(order, campaign_id))

    @router.post("", status_code=HTTPStatus.CREATED)
    async def draft(body: CampaignIn, key: IdempotencyKey, who: Writer) -> CampaignOut:
        """Draft a campaign. Its texts are drafted with its id at `/v1/templates`; nobody is told
        anything before another person approves it, and it is started."""
        order = Order(what=What.DRAFTED, by=who.subject, reason=body.reason, key=key)
        return CampaignOut.of(await change.draft(order, body.terms()))

    @router.post(
        "/{campaign_id}/audience",
        description="Column: account, the account's number. A large list comes in parts; the same "
        "again changes nothing.",
        openapi_extra={"requestBody": {"required": True, "content": {"text/csv": {}}}},
    )
    async def upload(
        campaign_id: UUID,
        lines: Annotated[
            list[tuple[int, MemberLine]], Depends(CsvLines(MemberLine, unique="account"))
        ],
        who: Writer,
    ) -> UploadedOut:
        numbers = [line.account for _, line in lines]
        return UploadedOut(added=await change.upload(campaign_id, numbers, by=who.subject))

    @router.post("/{campaign_id}/approve")
    async def approve(
        campaign_id: UUID, body: Reason, key: IdempotencyKey, who: Writer
    ) -> CampaignOut:
        """Approve what another person drafted and gave accounts, its texts being published. Its
        audience is counted then, and stands."""
        return await done(What.APPROVED, campaign_id, body, key, who)

    @router.post("/{campaign_id}/start")
    async def start(
        campaign_id: UUID, body: Reason, key: IdempotencyKey, who: Writer
    ) -> CampaignOut:
        """Begin to tell its audience, on its days and in its hours."""
        return await done(What.STARTED, campaign_id, body, key, who)

    @router.post("/{campaign_id}/pause")
    async def pause(
        campaign_id: UUID, body: Reason, key: IdempotencyKey, who: Writer
    ) -> CampaignOut:
        """Tell nobody more for now. Notices that wait are withdrawn, and those accounts have their
        turn again; what is being sent arrives."""
        return await done(What.PAUSED, campaign_id, body, key, who)

    @router.post("/{campaign_id}/resume")
    async def resume(
        campaign_id: UUID, body: Reason, key: IdempotencyKey, who: Writer
    ) -> CampaignOut:
        """Go on where it stopped."""
        return await done(What.RESUMED, campaign_id, body, key, who)

    @router.post("/{campaign_id}/cancel")
    async def cancel(
        campaign_id: UUID, body: Reason, key: IdempotencyKey, who: Writer
    ) -> CampaignOut:
        """End it for good, whatever it has told: notices that wait are withdrawn, and whoever was
        not told yet is not."""
        return await done(What.CANCELLED, campaign_id, body, key, who)

    return router
