"""What came of a campaign."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from notifier.campaigns.measures import Difference, Share, difference, share, shown
from notifier.campaigns.values import Skipped
from notifier.contacts.values import Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelCounts:
    """Notices over one channel."""

    channel: Channel
    tried: int
    accepted: int
    """The peer had them, whatever became of them then."""
    delivered: int
    failed: int
    segments: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Accounts of a campaign, and what they did."""

    audience: int
    waiting: int
    held_out: int
    skipped: Mapping[Skipped, int]
    told: int
    """Those that have a notice, whatever became of it."""
    on_their_way: int
    reached: int
    """Of a notice that some channel accepted, and that did not come back."""
    delivered: int
    stopped: int
    """Declined or withdrawn while it waited."""
    opted_out: int
    """Of those told, within the days for a response."""
    paid_of_told: int
    paid_of_reached: int
    paid_of_held_out: int
    complete_at: datetime | None
    """Of whoever was told or left out last, the days for a response are over then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Counts, by channel too."""

    counts: Counts
    channels: Sequence[ChannelCounts]

    @property
    def failed(self) -> int:
        """Accounts that no channel took the notice of."""
        counts = self.counts
        return counts.told - counts.reached - counts.on_their_way - counts.stopped

    @property
    def paid_of_told(self) -> Share:
        """Who has topped up, of all that were told."""
        return share(self.counts.paid_of_told, self.counts.told)

    @property
    def paid_of_reached(self) -> Share:
        """Who has topped up, of those that were reached."""
        return share(self.counts.paid_of_reached, self.counts.reached)

    @property
    def paid_of_held_out(self) -> Share:
        """Who has topped up, of those left out."""
        return share(self.counts.paid_of_held_out, self.counts.held_out)

    @property
    def effect(self) -> Difference | None:
        """Of all that were told against those left out: the same kind of people, by lot. Those
        reached are no such kind, for whoever cannot be reached pays less anyway."""
        return difference(self.paid_of_told, self.paid_of_held_out)


def shown_channel(counts: ChannelCounts) -> Mapping[str, int | None]:
    """By name; what is too small to be shown is none, and segments are where all the rest is."""
    names = ("tried", "accepted", "delivered", "failed")
    found: dict[str, int | None] = {name: shown(getattr(counts, name)) for name in names}
    return found | {"segments": None if None in found.values() else counts.segments}
