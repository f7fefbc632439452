"""What deliveries need of the outside, but for channels and words: those say it themselves."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from notifier.channels.ports import Verdict
from notifier.contacts.values import Channel, Contact, Language
from notifier.deliveries.values import (
    Delivery,
    Hold,
    Kept,
    ParkedNotice,
    ParkedStep,
    ParkedView,
    RecordedNotice,
    Refusal,
    Resend,
    Said,
    SaidWith,
    Standing,
)
from notifier.notices.values import Notice, Status, Template
from prewatt_common.contracts.notice_events_v1 import Proof, Role
from prewatt_common.kafka.messages import Message


class DeliveryStore(Protocol):
    """Notices on their way, inside one transaction."""

    async def due(self, channels: Collection[Channel], *, now: datetime) -> Collection[Channel]:
        """Those of ``channels`` that have something to send."""
        ...

    async def claim(
        self,
        channel: Channel,
        *,
        limit: int,
        supply_limit: int,
        now: datetime,
        lease_until: datetime,
    ) -> Sequence[Delivery]:
        """Due notices of the channel, marked as being sent, by priority: up to ``supply_limit``,
        of which up to ``limit`` are of something else than supply."""
        ...

    async def stop_abandoned(self, *, now: datetime) -> Sequence[Notice]:
        """What its sender died with and is true no more ends."""
        ...

    async def undisputed(
        self, channel: Channel, *, accepted_before: datetime, limit: int, now: datetime
    ) -> Sequence[Notice]:
        """Accepted ones count as delivered from now on."""
        ...

    async def account_of(self, notice_id: UUID, channel: Channel | None = None) -> UUID | None:
        """None where there is no such notice, or it is of another channel."""
        ...

    async def settle(
        self, notice_id: UUID, verdict: Verdict, *, reason: str | None, now: datetime
    ) -> tuple[Notice, bool] | None:
        """Write down what became of it: the notice, and whether it was true until now. None where
        that is known already, or never was sent."""
        ...

    async def join_messages(
        self, notice_id: UUID, message_ids: Sequence[str], *, now: datetime
    ) -> None:
        """These are the notice's; receipts that came before are too. Its account is held."""
        ...

    async def keep_receipt(
        self, message_id: str, verdict: Verdict, *, reason: str, now: datetime
    ) -> UUID | None:
        """Gives the notice that the message is of; none where that is not known (yet)."""
        ...

    async def verdict_of_messages(self, notice_id: UUID) -> Said | None:
        """None while it is not known of all of them. Its account is held."""
        ...

    async def overdue(self, *, limit: int, now: datetime) -> Sequence[Delivery]:
        """Those whose time over their channel is over and that nobody is sending. Nothing is
        locked."""
        ...

    async def expire(self, delivery: Delivery, *, now: datetime) -> bool:
        """End it if it still stands as in `overdue`; its account is held."""
        ...

    async def finish(
        self,
        delivery: Delivery,
        *,
        status: Status,
        proof: Proof | None,
        segments: int | None,
        said: SaidWith | None,
        reason: str | None,
        now: datetime,
        next_attempt_at: datetime | None,
    ) -> Status | None:
        """Gives the status it has now: one that was meant to stop stops unless the peer has it.
        None where somebody else holds it by now; nothing is changed then."""
        ...

    async def hold_account(self, account_id: UUID) -> None:
        """Locked until the transaction ends: no other notice of its is made meanwhile."""
        ...

    async def contact(
        self, account_id: UUID, role: Role, *, campaign_id: UUID | None = None
    ) -> Contact | None:
        """How ``role`` of the account is reached now; of a campaign, with those of its channels
        alone, in its order."""
        ...

    async def language_of(
        self, campaign_id: UUID, channel: Channel, *, wanted: Language, now: datetime
    ) -> Language:
        """In which the campaign has words for the channel: the one that is wanted, where it has."""
        ...

    async def held_back(self, campaign_id: UUID) -> Hold | None:
        """Whether the campaign's notices may leave: none where they may."""
        ...

    async def leave_out(self, notice: Notice, *, now: datetime) -> None:
        """Its campaign was cancelled before its account was told."""
        ...

    async def next_position(self, *, cause_id: UUID, template: Template) -> int:
        """After all that the cause has had: said anew too, and withdrawn by a pause."""
        ...

    async def refusals(self, *, cause_id: UUID, template: Template) -> Sequence[Refusal]:
        """Of the channels that it was tried over, in order."""
        ...

    async def add(self, notice: Notice, *, now: datetime) -> None: ...
    async def publish(self, message: Message) -> None: ...


OpenDeliveries = Callable[[], AbstractAsyncContextManager[DeliveryStore]]


class ResendStore(Protocol):
    """Where a notice is said anew, inside one transaction."""

    async def account_of(self, notice_id: UUID) -> UUID | None: ...
    async def hold_account(self, account_id: UUID) -> None:
        """Locked until the transaction ends: no other notice of its is made meanwhile."""
        ...

    async def asked(self, *, by: str, key: str) -> Resend | None: ...
    async def standing(self, notice_id: UUID) -> Standing:
        """Of a notice that there is; its account is held."""
        ...

    async def contact(self, account_id: UUID, role: Role) -> Contact | None:
        """How ``role`` of the account is reached now."""
        ...

    async def add(self, notice: Notice, *, now: datetime) -> None: ...
    async def note(self, resend: Resend) -> None: ...


OpenResends = Callable[[], AbstractAsyncContextManager[ResendStore]]


class NoticeRecords(Protocol):
    """Notices as they stand, for people to look at."""

    async def kept(self, notice_id: UUID) -> Kept | None:
        """None where there is no such notice."""
        ...

    async def of_account(
        self, account_id: UUID, *, before: int | None, limit: int
    ) -> Sequence[RecordedNotice] | None:
        """Newest first, older than the sequence ``before``; none where the account has no contact
        and nobody has told of it."""
        ...


class ParkingStore(Protocol):
    """Notices that are set aside, inside one transaction."""

    async def hold(self) -> None:
        """Locked until the transaction ends: nobody else parks a notice or ends its parking."""
        ...

    async def parked(self, notice_id: UUID) -> ParkedNotice | None: ...
    async def others(self, notice_id: UUID) -> int:
        """How many are parked beside this one."""
        ...

    async def park(self, parked: ParkedNotice) -> None:
        """Set it aside, unless it has ended or is set aside already. What was said of it is kept
        all the same, and that it came back stays."""
        ...

    async def asked(self, *, by: str, key: str) -> ParkedStep | None: ...
    async def unpark(self, step: ParkedStep) -> None:
        """It is parked no more, and who decided so is kept."""
        ...

    async def hold_account_of(self, notice_id: UUID) -> None:
        """Locked until the transaction ends: before anything of the notice's is written."""
        ...

    async def let_go(self, notice_id: UUID, *, now: datetime) -> None:
        """It is due now, where it has not ended; one that is true no more ends with that."""
        ...

    async def end(self, notice_id: UUID, *, reason: str, now: datetime) -> Notice | None:
        """It is never sent. None where it had ended before, or cannot be read."""
        ...

    def trying(self) -> AbstractAsyncContextManager[DeliveryStore]:
        """In the same transaction: what is done in it is undone where it raises, and that alone."""
        ...

    async def publish(self, message: Message) -> None: ...


OpenParking = Callable[[], AbstractAsyncContextManager[ParkingStore]]


class ParkingRecords(Protocol):
    """Parked notices as they stand, for people to look at."""

    async def page(self, *, after: UUID | None, limit: int) -> Sequence[ParkedView]:
        """In the order of their ids."""
        ...

    async def steps(self, *, before: UUID | None, limit: int) -> Sequence[ParkedStep]:
        """What people did with such notices, the newest first."""
        ...

    async def count(self) -> int: ...
