"""``/v1/campaigns``, to look at."""

import csv
import io
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from notifier.campaigns.change_campaign import campaign_by_id
from notifier.campaigns.ports import CampaignRecords, OpenCampaigns
from notifier.campaigns.results_schemas import ResultsOut
from notifier.campaigns.schemas import CampaignOut, MemberOut, StepOut
from notifier.contacts.values import Channel
from notifier.deliveries.values import SegmentPrice
from prewatt_common.http.auth import require
from prewatt_common.http.pages import Page, PageRequest, PagesBy

_READS = [Depends(require("notifier:read"))]
_CSV = {"schema": {"type": "string"}, "example": "name,value\r\naudience,2000\r\n"}


def campaigns_router(
    *,
    open_campaigns: OpenCampaigns,
    records: CampaignRecords,
    prices: Mapping[Channel, SegmentPrice],
) -> APIRouter:
    """The router."""
    router = APIRouter(prefix="/v1/campaigns", tags=["campaigns"], dependencies=_READS)

    async def results_of(campaign_id: UUID) -> ResultsOut:
        async with open_campaigns() as store:
            campaign = await campaign_by_id(store, campaign_id)
        return ResultsOut.of(campaign, await records.results(campaign), dict(prices))

    @router.get("")
    async def campaigns(
        page: Annotated[PageRequest[UUID], Depends(PagesBy(UUID))],
    ) -> Page[CampaignOut]:
        """Campaigns, newest first; those that ended too."""
        async with open_campaigns() as store:
            found = await store.page(before=page.after, limit=page.rows_max)
        return page.of(found, key=lambda each: each.id, item=CampaignOut.of)

    @router.get("/{campaign_id}")
    async def one(campaign_id: UUID) -> CampaignOut:
        """What is told to whom and when, and how it stands."""
        async with open_campaigns() as store:
            return CampaignOut.of(await campaign_by_id(store, campaign_id))

    @router.get("/{campaign_id}/steps")
    async def steps(
        campaign_id: UUID, page: Annotated[PageRequest[UUID], Depends(PagesBy(UUID))]
    ) -> Page[StepOut]:
        """Who did what with it and why, newest first."""
        async with open_campaigns() as store:
            await campaign_by_id(store, campaign_id)
            found = await store.steps(campaign_id, before=page.after, limit=page.rows_max)
        return page.of(found, key=lambda each: each.id, item=StepOut.model_validate)

    @router.get("/{campaign_id}/audience")
    async def audience(
        campaign_id: UUID, page: Annotated[PageRequest[str], Depends(PagesBy(str))]
    ) -> Page[MemberOut]:
        """Its accounts in order of their numbers: who was told, left out, or skipped and why."""
        async with open_campaigns() as store:
            await campaign_by_id(store, campaign_id)
            found = await store.members(campaign_id, after=page.after, limit=page.rows_max)
        return page.of(found, key=lambda each: each.number, item=MemberOut.model_validate)

    @router.get("/{campaign_id}/results")
    async def results(campaign_id: UUID) -> ResultsOut:
        """Reach, cost and response, as they are now: counted anew each time."""
        return await results_of(campaign_id)

    @router.get(
        "/{campaign_id}/results.csv",
        summary="Reach, cost and response as a CSV file",
        response_class=Response,
        responses={HTTPStatus.OK: {"content": {"text/csv": _CSV}}},
    )
    async def results_csv(campaign_id: UUID) -> Response:
        """A line each, by name: `channels.sms.tried`."""
        said = (await results_of(campaign_id)).model_dump(mode="json")
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["name", "value"])
        writer.writerows(_lines(said))
        return Response(text.getvalue(), media_type="text/csv")

    return router


def _lines(said: Mapping[str, Any], *names: str) -> Iterator[tuple[str, Any]]:
    """Each with the names on the way to it."""
    for name, value in said.items():
        match value:
            case dict():
                yield from _lines(cast("Mapping[str, Any]", value), *names, name)
            case list():
                for each in cast("list[Mapping[str, Any]]", value):
                    yield from _lines(each, *names, name, each["channel"])
            case _:
                yield ".".join([*names, name]), "" if value is None else value
