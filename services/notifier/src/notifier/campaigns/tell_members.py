"""Use case: members of campaigns that run are told at their pace, each once whatever dies."""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from notifier.campaigns.change_campaign import count_withdrawn
from notifier.campaigns.planning import Known, Turn, plan_turn, zones_now
from notifier.campaigns.ports import CampaignRecords, OpenTurn, TurnStore
from notifier.campaigns.rules import Due, after, due, said_over
from notifier.campaigns.values import Campaign, CampaignState, Skipped, Step, What
from notifier.contacts.consents import Purpose, declined
from notifier.contacts.values import Language
from notifier.deliveries.quiet import QuietHours
from notifier.metrics import CAMPAIGN_MEMBERS, CAMPAIGN_SILENT_SECONDS, CAMPAIGNS_AT_WORK
from notifier.notices import events
from notifier.notices.treatment import SAYS
from notifier.notices.values import Notice, Template
from prewatt_common.clock import Clock
from prewatt_common.ids import new_id

logger = logging.getLogger(__name__)

_AT_A_TIME = 500
"""Members in one transaction."""
_LOOKED_AT_MORE = 50
"""Than are told, for those that are skipped or left out."""
_QUEUED_MINUTES = 1
"""So much of a pace waits for its channel at most: the rest is not queued before that has left."""
SYSTEM = "notifier"
"""Who did what nobody asked for."""


class TellMembers:
    """One turn of each campaign at work. A turn is one transaction: it locks the campaign, gives
    those whose turn it is their notices, and writes down that they have them."""

    def __init__(
        self,
        *,
        open_turn: OpenTurn,
        records: CampaignRecords,
        refusable: Collection[Purpose],
        fallback: Language,
        lifetimes: Mapping[Template, timedelta],
        quiet: QuietHours | None,
        passing: Callable[[BaseException], bool],
        clock: Clock,
        committed: Callable[[], None],
    ) -> None:
        self._open_turn = open_turn
        self._records = records
        self._refusable = refusable
        self._fallback = fallback
        self._lifetimes = lifetimes
        self._quiet = quiet
        self._passing = passing
        self._clock = clock
        self._committed = committed

    async def __call__(self) -> None:
        """A turn of each."""
        at_work = await self._records.at_work()
        for campaign_id, state in at_work:
            if state is CampaignState.APPROVED:
                continue
            try:
                await self._turn(campaign_id)
            except Exception as error:
                if self._passing(error):
                    raise
                # Supply is told by this process too: one campaign that cannot go on ends no others.
                logger.error("campaign %s cannot go on", campaign_id, exc_info=error)
        states = Counter(state for _, state in at_work)
        for state in (CampaignState.APPROVED, CampaignState.RUNNING, CampaignState.PAUSED):
            CAMPAIGNS_AT_WORK.labels(state).set(states[state])
        since = await self._records.silent_since()
        silent = 0.0 if since is None else (self._clock() - since).total_seconds()
        CAMPAIGN_SILENT_SECONDS.set(max(0.0, silent))

    async def _turn(self, campaign_id: UUID) -> None:
        turn, withdrawn = Turn(), list[Notice]()
        async with self._open_turn() as store:
            found = await store.lock_if_free(campaign_id)
            if found is None:
                return
            campaign, now = found, self._clock()
            if campaign.state is CampaignState.PAUSED:
                # What was being sent as it was paused, and waits again.
                withdrawn += await store.withdraw(campaign_id, now=now)
                await store.publish([events.withdrawn(each, now=now) for each in withdrawn])
            elif campaign.state is not CampaignState.RUNNING:
                return
            open_until, over = zones_now(campaign.terms, campaign.zones, self._quiet, now)
            late = 0
            if over:
                late = await store.skip_waiting(
                    campaign_id, Skipped.NOT_IN_TIME, now=now, zones=over
                )
            if campaign.state is CampaignState.RUNNING:
                campaign, turn = await self._tell(store, campaign, open_until, now)
            if not await _is_at_work(
                store, campaign, everywhere_over=set(over) == set(campaign.zones)
            ):
                campaign = await _end(store, campaign, now)
            if campaign != found:
                await store.change(campaign)
        count_withdrawn(withdrawn)
        _count(turn, late)
        if turn.told or withdrawn:
            self._committed()

    async def _tell(
        self,
        store: TurnStore,
        campaign: Campaign,
        open_until: Mapping[str, datetime],
        now: datetime,
    ) -> tuple[Campaign, Turn]:
        terms = campaign.terms
        if not open_until:
            return replace(campaign, told_at=now), Turn()
        room = terms.per_minute * _QUEUED_MINUTES - await store.on_their_way(campaign.id)
        begun = due(
            per_minute=terms.per_minute,
            next_at=campaign.next_at,
            now=now,
            most=max(0, min(room, _AT_A_TIME)),
        )
        texts = await store.texts(campaign.id, at=now)
        channels = said_over(terms.channels, texts, self._fallback)
        if not begun.most or not channels:
            return campaign, Turn()
        limit = min(_AT_A_TIME, _LOOKED_AT_MORE + begun.most * 4)
        waiting = await store.waiting(campaign.id, zones=list(open_until), limit=limit)
        ids = {each.account_id for each in waiting}
        known = Known(
            contacts=await store.hold(ids),
            declined=await store.declined(ids),
            nobody_declined=declined((), refusable=self._refusable),
            channels=channels,
            texts=texts,
            fallback=self._fallback,
            open_until=open_until,
            lifetime=self._lifetimes[SAYS[terms.purpose]],
        )
        turn = plan_turn(campaign, waiting, known, most=begun.most, now=now)
        await store.write(campaign.id, turn, now=now)
        return _paced(campaign, turn, begun, now, nobody_waits=not waiting), turn


def _paced(
    campaign: Campaign, turn: Turn, begun: Due, now: datetime, *, nobody_waits: bool
) -> Campaign:
    next_at = after(begun, len(turn.told), per_minute=campaign.terms.per_minute)
    went_on = turn.told or turn.held_out or turn.skipped
    told_at = now if went_on or nobody_waits else campaign.told_at
    return replace(campaign, next_at=next_at, told_at=told_at)


async def _is_at_work(store: TurnStore, campaign: Campaign, *, everywhere_over: bool) -> bool:
    """A campaign that is paused ends once its last day is over, and not because nobody waits."""
    if campaign.state is CampaignState.PAUSED and not everywhere_over:
        return True
    if await store.is_waited_for(campaign.id):
        return True
    return bool(await store.on_their_way(campaign.id))


async def _end(store: TurnStore, campaign: Campaign, now: datetime) -> Campaign:
    step = Step(
        id=new_id(),
        campaign_id=campaign.id,
        what=What.ENDED,
        by=SYSTEM,
        reason="nobody waits any more",
        at=now,
    )
    await store.note(step)
    return replace(campaign, state=CampaignState.ENDED, ended_at=now)


def _count(turn: Turn, late: int) -> None:
    """Once it is committed."""
    CAMPAIGN_MEMBERS.labels("told").inc(len(turn.told))
    CAMPAIGN_MEMBERS.labels("held_out").inc(len(turn.held_out))
    for why, count in Counter(turn.skipped.values()).items():
        CAMPAIGN_MEMBERS.labels(why).inc(count)
    if late:
        CAMPAIGN_MEMBERS.labels(Skipped.NOT_IN_TIME).inc(late)
