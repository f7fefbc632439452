"""What campaigns need of the outside."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from notifier.campaigns.planning import Turn
from notifier.campaigns.results import Results
from notifier.campaigns.values import (
    Campaign,
    CampaignState,
    Member,
    NewMember,
    Segment,
    Skipped,
    Step,
    Waiting,
)
from notifier.contacts.consents import Purpose
from notifier.contacts.values import Channel, Contact, Language
from notifier.notices.values import Notice
from prewatt_common.kafka.messages import Message


class CampaignStore(Protocol):
    """Campaigns and what people decide of them, inside one transaction."""

    async def asked(self, *, by: str, key: str) -> Step | None:
        """What this person asked under this Idempotency-Key. Nobody else asks under it until the
        transaction ends: of two requests at a time the second finds what the first has done."""
        ...

    async def add(self, campaign: Campaign) -> None: ...
    async def get(self, campaign_id: UUID) -> Campaign | None: ...
    async def lock(self, campaign_id: UUID) -> Campaign | None:
        """Nobody else changes it, or tells any of its members, until the transaction ends."""
        ...

    async def change(self, campaign: Campaign) -> None:
        """How it stands; its terms are never changed."""
        ...

    async def note(self, step: Step) -> None: ...
    async def page(self, *, before: UUID | None, limit: int) -> Sequence[Campaign]:
        """The newest first."""
        ...

    async def steps(self, campaign_id: UUID, *, before: UUID | None, limit: int) -> Sequence[Step]:
        """The newest first."""
        ...

    async def hands(self, campaign_id: UUID) -> Collection[str]:
        """Who drafted it, or gave it accounts."""
        ...

    async def texts(
        self, campaign_id: UUID, *, at: datetime
    ) -> Collection[tuple[Language, Channel]]:
        """What it has a text for that is in force."""
        ...

    async def members(
        self, campaign_id: UUID, *, after: str | None, limit: int
    ) -> Sequence[Member]:
        """In order of their numbers."""
        ...

    async def add_members(self, campaign_id: UUID, members: Sequence[NewMember]) -> int:
        """Those that are new: how many. One that is there stays as it is."""
        ...

    async def audience(self, campaign_id: UUID) -> int:
        """How many members there are."""
        ...

    async def withdraw(self, campaign_id: UUID, *, now: datetime) -> Sequence[Notice]:
        """Its notices that wait, withdrawn; whose they are wait for their turn again."""
        ...

    async def stop(self, campaign_id: UUID) -> None:
        """What of it is being sent, or was accepted, is not tried again, over no other channel
        either."""
        ...

    async def is_leaving(self, campaign_id: UUID, *, now: datetime) -> bool:
        """Whether somebody holds a notice of its and has not said what became of it."""
        ...

    async def skip_waiting(
        self,
        campaign_id: UUID,
        why: Skipped,
        *,
        now: datetime,
        zones: Collection[str] | None = None,
    ) -> int:
        """All that wait are skipped; those in ``zones`` where that is given. How many."""
        ...

    async def publish(self, messages: Sequence[Message]) -> None: ...


class TurnStore(CampaignStore, Protocol):
    """Where members are told, inside one transaction."""

    async def lock_if_free(self, campaign_id: UUID) -> Campaign | None:
        """As `lock`; none where somebody else has it."""
        ...

    async def approved_at(self, campaign_id: UUID) -> datetime | None:
        """None while nobody has."""
        ...

    async def resolve(self, campaign_id: UUID, *, zone: str, now: datetime) -> Sequence[str]:
        """Members are accounts from now on, each in its contact's zone, or ``zone``; those that
        nobody knows are skipped. Gives the zones that there are."""
        ...

    async def on_their_way(self, campaign_id: UUID) -> int:
        """So many of its notices wait, or are being sent."""
        ...

    async def is_waited_for(self, campaign_id: UUID) -> bool:
        """Whether any member waits."""
        ...

    async def waiting(
        self, campaign_id: UUID, *, zones: Collection[str], limit: int
    ) -> Sequence[Waiting]:
        """In order of their places."""
        ...

    async def hold(self, account_ids: Collection[UUID]) -> Mapping[UUID, Contact]:
        """The contacts that there are, as they stay, with their consents, until the transaction
        ends; and nobody else adds notices of these accounts meanwhile."""
        ...

    async def declined(self, account_ids: Collection[UUID]) -> Mapping[UUID, Collection[Purpose]]:
        """What each of these customers does not want to be told."""
        ...

    async def write(self, campaign_id: UUID, turn: Turn, *, now: datetime) -> None: ...


class CampaignRecords(Protocol):
    """Campaigns to look at, each call a transaction of its own."""

    async def at_work(self) -> Sequence[tuple[UUID, CampaignState]]:
        """Those that are approved, running or paused, the oldest first."""
        ...

    async def silent_since(self) -> datetime | None:
        """Of the campaigns that run, when the one told somebody last that has been silent for
        longest. None: none runs."""
        ...

    async def results(self, campaign: Campaign) -> Results: ...


class SegmentPage(NamedTuple):
    """Numbers of accounts, and the cursor of the page after."""

    numbers: Sequence[str]
    next: str | None


class Segments(Protocol):
    """Billing, which knows who fits."""

    async def page(self, segment: Segment, *, as_of: date, cursor: str | None) -> SegmentPage:
        """Raises `InvalidCampaign` where billing refuses the segment, and `BillingAway`."""
        ...


OpenCampaigns = Callable[[], AbstractAsyncContextManager[CampaignStore]]
OpenTurn = Callable[[], AbstractAsyncContextManager[TurnStore]]
