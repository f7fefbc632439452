"""Use case: the audience of an approved campaign is counted, and stands from then on."""

import logging
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID
from zoneinfo import ZoneInfo

from notifier.campaigns.change_campaign import members_of
from notifier.campaigns.ports import CampaignRecords, OpenTurn, Segments
from notifier.campaigns.refusals import BillingAway, InvalidCampaign
from notifier.campaigns.tell_members import SYSTEM
from notifier.campaigns.values import Campaign, CampaignState, Step, What
from prewatt_common.clock import Clock
from prewatt_common.ids import new_id

logger = logging.getLogger(__name__)

_AGAIN_S = 30.0


class FreezeAudiences:
    """Asks billing page by page, and keeps each with its cursor: killed anywhere it goes on, as of
    the same day."""

    def __init__(
        self,
        *,
        open_turn: OpenTurn,
        records: CampaignRecords,
        segments: Segments,
        zone: str,
        passing: Callable[[BaseException], bool],
        clock: Clock,
    ) -> None:
        self._open_turn = open_turn
        self._records = records
        self._segments = segments
        self._zone = zone
        self._passing = passing
        self._clock = clock

    async def __call__(self) -> float | None:
        """All that are approved. Gives when to look again, where billing is away."""
        again: float | None = None
        for campaign_id, state in await self._records.at_work():
            if state is not CampaignState.APPROVED:
                continue
            try:
                while await self._page(campaign_id):
                    pass
            except (BillingAway, InvalidCampaign) as error:
                logger.error("the audience of campaign %s is not counted: %s", campaign_id, error)
                again = _AGAIN_S
            except Exception as error:
                if self._passing(error):
                    raise
                # As of a turn: it ends no others.
                logger.error("the audience of campaign %s", campaign_id, exc_info=error)
                again = _AGAIN_S
        return again

    async def _page(self, campaign_id: UUID) -> bool:
        """Whether there may be another."""
        async with self._open_turn() as store:
            campaign = await store.get(campaign_id)
            approved_at = await store.approved_at(campaign_id)
        if campaign is None or campaign.state is not CampaignState.APPROVED:
            return False
        if campaign.terms.segment is None:
            return await self._keep(campaign, [], None)
        assert approved_at is not None, "an approval is written down with its state"
        # Outside a transaction: billing may be slow. By the day on which it was approved, which is
        # kept, so that all pages are of one day whenever they come: a draft may have waited, and
        # who has left meanwhile is not told.
        as_of = approved_at.astimezone(ZoneInfo(self._zone)).date()
        page = await self._segments.page(
            campaign.terms.segment, as_of=as_of, cursor=campaign.segment_cursor
        )
        return await self._keep(campaign, list(page.numbers), page.next)

    async def _keep(self, asked: Campaign, numbers: list[str], cursor: str | None) -> bool:
        now = self._clock()
        async with self._open_turn() as store:
            campaign = await store.lock_if_free(asked.id)
            if campaign is None or campaign != asked:
                # Another replica was quicker, or a person has cancelled it.
                return False
            await store.add_members(campaign.id, members_of(campaign, numbers))
            if cursor is not None:
                await store.change(replace(campaign, segment_cursor=cursor))
                return True
            zones = await store.resolve(campaign.id, zone=self._zone, now=now)
            frozen = replace(
                campaign, state=CampaignState.FROZEN, zones=tuple(zones), frozen_at=now
            )
            await store.change(frozen)
            count = await store.audience(campaign.id)
            await store.note(
                Step(
                    id=new_id(),
                    campaign_id=campaign.id,
                    what=What.FROZEN,
                    by=SYSTEM,
                    reason=f"{count} accounts",
                    at=now,
                )
            )
            return False
