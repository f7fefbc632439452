"""The parts of campaigns, as the settings say."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import httpx
from fastapi import APIRouter

from notifier.campaigns.api import campaigns_router
from notifier.campaigns.api_decisions import campaign_decisions_router
from notifier.campaigns.billing import HttpSegments, NoBilling
from notifier.campaigns.change_campaign import ChangeCampaign
from notifier.campaigns.freeze_audiences import FreezeAudiences
from notifier.campaigns.ports import CampaignStore, Segments, TurnStore
from notifier.campaigns.postgres import open_campaigns
from notifier.campaigns.postgres_records import PostgresCampaignRecords
from notifier.campaigns.postgres_turn import open_turn
from notifier.campaigns.tell_members import TellMembers
from notifier.settings import NotifierSettings
from prewatt_common.clock import utc_now
from prewatt_common.db.database import Database
from prewatt_common.workers import Repeating

_TURN_S = 1.0
_FREEZE_S = 2.0


@dataclass(frozen=True, slots=True)
class CampaignParts:
    """What the service needs of them."""

    routers: Sequence[APIRouter]
    workers: Sequence[Repeating]


def make_campaigns(
    settings: NotifierSettings,
    client: httpx.AsyncClient,
    database: Database,
    *,
    passing: Callable[[BaseException], bool],
    committed: Callable[[], None],
) -> CampaignParts:
    """As the settings say. ``committed``: there are notices to send, or events to tell."""
    segments, records = _segments(settings, client), PostgresCampaignRecords(database)

    def campaigns() -> AbstractAsyncContextManager[CampaignStore]:
        return open_campaigns(database)

    def turn() -> AbstractAsyncContextManager[TurnStore]:
        return open_turn(database, refusable=settings.refusable_purposes)

    change = ChangeCampaign(
        open_campaigns=campaigns,
        segments=segments,
        fallback=settings.default_language,
        zone=ZoneInfo(settings.timezone),
        clock=utc_now,
        committed=committed,
    )
    tell = TellMembers(
        open_turn=turn,
        records=records,
        refusable=settings.refusable_purposes,
        fallback=settings.default_language,
        lifetimes=settings.lifetimes,
        quiet=settings.quiet_hours,
        passing=passing,
        clock=utc_now,
        committed=committed,
    )
    freeze = FreezeAudiences(
        open_turn=turn,
        records=records,
        segments=segments,
        zone=settings.timezone,
        passing=passing,
        clock=utc_now,
    )
    return CampaignParts(
        routers=[
            campaigns_router(open_campaigns=campaigns, records=records, prices=settings.prices),
            campaign_decisions_router(change=change),
        ],
        workers=[
            Repeating(name="campaigns", do=tell, every_s=_TURN_S, passing=passing),
            Repeating(name="audiences", do=freeze, every_s=_FREEZE_S, passing=passing),
        ],
    )


def _segments(settings: NotifierSettings, client: httpx.AsyncClient) -> Segments:
    if settings.billing_url is None or settings.billing_token is None:
        return NoBilling()
    return HttpSegments(
        url=str(settings.billing_url),
        token=settings.billing_token.get_secret_value(),
        client=client,
        timeout_s=settings.delivery_timeout_s,
    )
