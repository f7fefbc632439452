"""Use cases: a person drafts a campaign, another approves it, and it is started and stopped."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from notifier.campaigns.ports import CampaignStore, OpenCampaigns, Segments
from notifier.campaigns.refusals import (
    CampaignStands,
    InvalidCampaign,
    OtherRequest,
    UnknownCampaign,
)
from notifier.campaigns.rules import new_member, next_state, said_over
from notifier.campaigns.values import (
    Campaign,
    CampaignState,
    NewMember,
    Skipped,
    Step,
    Terms,
    What,
)
from notifier.contacts.values import Language
from notifier.metrics import NOTICES
from notifier.notices import events
from notifier.notices.values import Notice
from prewatt_common.clock import Clock
from prewatt_common.ids import new_id
from prewatt_common.refusals import NeedsSecondPerson

_STOPS = (What.PAUSED, What.CANCELLED)
_STOPPED = (CampaignState.PAUSED, CampaignState.CANCELLED)
_LEAVING_S = 5.0
_LOOK_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Who asks for what, why, and under which Idempotency-Key."""

    what: What
    by: str
    reason: str
    key: str


class ChangeCampaign:
    """Everything that a person decides of a campaign. Under one key once."""

    def __init__(
        self,
        *,
        open_campaigns: OpenCampaigns,
        segments: Segments,
        fallback: Language,
        zone: ZoneInfo,
        clock: Clock,
        committed: Callable[[], None],
    ) -> None:
        self._open_campaigns = open_campaigns
        self._segments = segments
        self._fallback = fallback
        self._zone = zone
        self._clock = clock
        self._committed = committed

    async def draft(self, order: Order, terms: Terms) -> Campaign:
        """A draft; nobody is told anything before another person approves it and it is started.
        Raises `InvalidCampaign`, `BillingAway` or `OtherRequest`."""
        now = self._clock()
        if terms.segment is not None:
            # Billing says now what it would refuse later, where nobody looks.
            day = now.astimezone(self._zone).date()
            await self._segments.page(terms.segment, as_of=day, cursor=None)
        campaign = Campaign(
            id=new_id(),
            terms=terms,
            state=CampaignState.DRAFT,
            drafted_by=order.by,
            drafted_at=now,
        )
        step = _step(order, campaign.id, now, asked=terms)
        async with self._open_campaigns() as store:
            known = await _asked(store, step)
            if known is not None:
                return await campaign_by_id(store, known.campaign_id)
            await store.add(campaign)
            await store.note(step)
        return campaign

    async def upload(self, campaign_id: UUID, numbers: Sequence[str], *, by: str) -> int:
        """Accounts for a draft without a segment; those that it has already change nothing. Gives
        how many are new. Raises `UnknownCampaign` or `CampaignStands`."""
        now = self._clock()
        async with self._open_campaigns() as store:
            campaign = _known(await store.lock(campaign_id), campaign_id)
            _next(campaign, What.UPLOADED)
            if campaign.terms.segment is not None:
                message = f"campaign {campaign_id} asks billing for its accounts; none are uploaded"
                raise CampaignStands(message)
            added = await store.add_members(campaign_id, members_of(campaign, numbers))
            if added:
                reason = f"{added} accounts"
                step = Step(
                    id=new_id(),
                    campaign_id=campaign_id,
                    what=What.UPLOADED,
                    by=by,
                    reason=reason,
                    at=now,
                )
                await store.note(step)
            return added

    async def decide(self, order: Order, campaign_id: UUID) -> Campaign:
        """Approve, start, pause, resume or cancel. Raises `UnknownCampaign`, `CampaignStands`,
        `NeedsSecondPerson`, `InvalidCampaign` or `OtherRequest`."""
        now = self._clock()
        step = _step(order, campaign_id, now)
        async with self._open_campaigns() as store:
            campaign = _known(await store.lock(campaign_id), campaign_id)
            is_new = await _asked(store, step) is None
            withdrawn: Sequence[Notice] = ()
            if is_new:
                campaign, withdrawn = await self._changed(store, campaign, order, now)
                await store.note(step)
        if is_new:
            count_withdrawn(withdrawn)
            self._committed()
        if order.what in _STOPS and campaign.state in _STOPPED:
            # Asked again too: the first may wait for its answer still.
            await self._until_nothing_leaves(campaign_id)
            await self._withdraw_the_rest(campaign_id)
        return campaign

    async def _changed(
        self, store: CampaignStore, campaign: Campaign, order: Order, now: datetime
    ) -> tuple[Campaign, Sequence[Notice]]:
        """As it stands then, and what is withdrawn by that."""
        withdrawn: Sequence[Notice] = ()
        changed = replace(campaign, state=_next(campaign, order.what))
        match order.what:
            case What.APPROVED:
                await self._check(store, campaign, order, now)
                changed = replace(changed, approved_by=order.by)
            case What.STARTED | What.RESUMED:
                changed = replace(changed, next_at=now, told_at=now)
            case What.PAUSED:
                withdrawn = await _withdraw(store, campaign.id, now=now)
            case What.CANCELLED:
                withdrawn = await _withdraw(store, campaign.id, now=now)
                await store.stop(campaign.id)
                await store.skip_waiting(campaign.id, Skipped.CANCELLED, now=now)
                changed = replace(changed, ended_at=now)
            case _:
                raise AssertionError(order.what)
        await store.change(changed)
        return changed, withdrawn

    async def _until_nothing_leaves(self, campaign_id: UUID) -> None:
        """What is being handed over now has looked whether it may before this was committed. The
        answer waits for it, so that nothing leaves after that; not for ever, where a peer hangs:
        that has it already."""
        ends_at = asyncio.get_running_loop().time() + _LEAVING_S
        while asyncio.get_running_loop().time() < ends_at:
            async with self._open_campaigns() as store:
                if not await store.is_leaving(campaign_id, now=self._clock()):
                    return
            await asyncio.sleep(_LOOK_S)

    async def _withdraw_the_rest(self, campaign_id: UUID) -> None:
        """What was about to leave as it was paused, and waits again."""
        async with self._open_campaigns() as store:
            campaign = _known(await store.lock(campaign_id), campaign_id)
            if campaign.state is not CampaignState.PAUSED:
                return
            withdrawn = await _withdraw(store, campaign_id, now=self._clock())
        count_withdrawn(withdrawn)
        self._committed()

    async def _check(
        self, store: CampaignStore, campaign: Campaign, order: Order, now: datetime
    ) -> None:
        terms = campaign.terms
        if order.by in await store.hands(campaign.id):
            message = (
                f"somebody else than {order.by}, who drafted campaign {campaign.id} or gave it "
                "accounts, must approve it"
            )
            raise NeedsSecondPerson(message)
        if terms.window.last_day < now.astimezone(self._zone).date():
            message = f"its last day, {terms.window.last_day}, is past; draft another one"
            raise InvalidCampaign(message)
        if terms.segment is None and not await store.audience(campaign.id):
            message = f"campaign {campaign.id} has no accounts yet: upload them, or draft a segment"
            raise InvalidCampaign(message)
        texts = await store.texts(campaign.id, at=now)
        said = said_over(terms.channels, texts, self._fallback)
        lacking = [each for each in terms.channels if each not in said]
        if lacking:
            message = (
                f"campaign {campaign.id} has no published text in {self._fallback} for "
                f"{', '.join(lacking)}: whoever has no text in their language is told in that one"
            )
            raise InvalidCampaign(message)


def members_of(campaign: Campaign, numbers: Sequence[str]) -> Sequence[NewMember]:
    """Each with its place and lot."""
    return [new_member(campaign.id, campaign.terms, number) for number in numbers]


async def campaign_by_id(store: CampaignStore, campaign_id: UUID) -> Campaign:
    """To look at. Raises `UnknownCampaign`."""
    return _known(await store.get(campaign_id), campaign_id)


async def _withdraw(store: CampaignStore, campaign_id: UUID, *, now: datetime) -> Sequence[Notice]:
    withdrawn = await store.withdraw(campaign_id, now=now)
    await store.publish([events.withdrawn(notice, now=now) for notice in withdrawn])
    return withdrawn


def count_withdrawn(withdrawn: Sequence[Notice]) -> None:
    """Once it is committed."""
    for notice in withdrawn:
        NOTICES.labels(notice.channel, notice.status).inc()


async def _asked(store: CampaignStore, step: Step) -> Step | None:
    assert step.key is not None, "a person asks under a key"
    known = await store.asked(by=step.by, key=step.key)
    if known is None or known.asked_sha256 == step.asked_sha256:
        return known
    message = f"the Idempotency-Key {step.key} came before: campaign {known.campaign_id} was "
    raise OtherRequest(message + known.what)


def _step(order: Order, campaign_id: UUID, now: datetime, *, asked: Terms | None = None) -> Step:
    # A draft's id is made anew each time: what it says tells whether it is the same.
    of = asked if asked is not None else campaign_id
    said = msgspec.json.encode((order.what, order.reason, of))
    return Step(
        id=new_id(),
        campaign_id=campaign_id,
        what=order.what,
        by=order.by,
        reason=order.reason,
        at=now,
        key=order.key,
        asked_sha256=sha256(said).digest(),
    )


def _next(campaign: Campaign, what: What) -> CampaignState:
    state = next_state(campaign.state, what)
    if state is None:
        message = f"campaign {campaign.id} is {campaign.state}: it cannot be {what}"
        raise CampaignStands(message)
    return state


def _known(campaign: Campaign | None, campaign_id: UUID) -> Campaign:
    if campaign is None:
        message = f"there is no campaign {campaign_id}"
        raise UnknownCampaign(message)
    return campaign
