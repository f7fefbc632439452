"""What came of a campaign, over HTTP."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel

from notifier.campaigns.measures import Difference, Share
from notifier.campaigns.results import ChannelCounts, Results, shown_channel
from notifier.campaigns.values import Campaign, CampaignState, Skipped
from notifier.contacts.values import Channel
from notifier.deliveries.values import SegmentPrice


class ShareOut(BaseModel):
    """``those`` of ``of``, in millionths, with the 95 % interval (Wilson); null of none at all."""

    those: int
    of: int
    ppm: int | None
    low_ppm: int | None
    high_ppm: int | None

    @classmethod
    def of_share(cls, share: Share) -> Self:
        """As it is shown."""
        return cls(**share._asdict())


class DifferenceOut(BaseModel):
    """By how much more of those told have topped up than of those left out, in millionths, with
    the 95 % interval (Newcombe). An interval with 0 in it shows no effect."""

    ppm: int
    low_ppm: int
    high_ppm: int

    @classmethod
    def of_difference(cls, found: Difference | None) -> Self | None:
        """As it is shown."""
        return None if found is None else cls(**found._asdict())


class ChannelOut(BaseModel):
    """Notices over one channel; numbers from 1 to 9 are not shown, and null. ``segments``: so many
    messages the network counts; ``cost_micro``: what they cost, by the price that is set now."""

    channel: Channel
    tried: int | None
    accepted: int | None
    delivered: int | None
    failed: int | None
    segments: int | None
    cost_micro: int | None
    currency: str | None

    @classmethod
    def of(cls, counts: ChannelCounts, price: SegmentPrice | None) -> Self:
        """As it is shown."""
        numbers = shown_channel(counts)
        segments = numbers["segments"]
        cost = None if price is None or segments is None else segments * price.micro
        currency = None if price is None else price.currency
        return cls(channel=counts.channel, **numbers, cost_micro=cost, currency=currency)


class ResultsOut(BaseModel):
    """What came of it. ``told``: accounts that have a notice, of which some channel took those of
    ``reached``. ``opted_out`` and who has topped up: within ``respond_days``, which are over for
    all of them at ``complete_at``; before, both will grow."""

    campaign_id: UUID
    state: CampaignState
    audience: int
    waiting: int
    held_out: int
    skipped: dict[Skipped, int]
    told: int
    on_their_way: int
    reached: int
    delivered: int
    failed: int
    stopped: int
    opted_out: int
    complete_at: datetime | None
    topped_up_of_told: ShareOut
    topped_up_of_reached: ShareOut
    topped_up_of_held_out: ShareOut
    effect: DifferenceOut | None
    channels: list[ChannelOut]

    @classmethod
    def of(cls, campaign: Campaign, results: Results, prices: dict[Channel, SegmentPrice]) -> Self:
        """As it is shown."""
        counts = results.counts
        return cls(
            campaign_id=campaign.id,
            state=campaign.state,
            audience=counts.audience,
            waiting=counts.waiting,
            held_out=counts.held_out,
            skipped=dict(counts.skipped),
            told=counts.told,
            on_their_way=counts.on_their_way,
            reached=counts.reached,
            delivered=counts.delivered,
            failed=results.failed,
            stopped=counts.stopped,
            opted_out=counts.opted_out,
            complete_at=counts.complete_at,
            topped_up_of_told=ShareOut.of_share(results.paid_of_told),
            topped_up_of_reached=ShareOut.of_share(results.paid_of_reached),
            topped_up_of_held_out=ShareOut.of_share(results.paid_of_held_out),
            effect=DifferenceOut.of_difference(results.effect),
            channels=[ChannelOut.of(each, prices.get(each.channel)) for each in results.channels],
        )
