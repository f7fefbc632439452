"""What the use cases need of the outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from notifier.contacts.values import Channel, Contact
from notifier.notices.values import Notice, Status, Template
from prewatt_common.kafka.messages import Message


@dataclass(frozen=True, slots=True)
class Delivery:
    """A notice in the hands of this process. ``attempts`` counts this attempt and is what tells
    apart whoever holds the notice now from whoever held it before."""

    notice: Notice
    account_number: str
    attempts: int
    created_at: datetime


class DeliveryStore(Protocol):
    """Notices on their way, inside one transaction."""

    async def claim(
        self, *, limit: int, now: datetime, lease_until: datetime
    ) -> Sequence[Delivery]:
        """Up to ``limit`` due notices, marked as being sent."""
        ...

    async def finish(
        self,
        delivery: Delivery,
        *,
        status: Status,
        reason: str | None,
        now: datetime,
        next_attempt_at: datetime | None,
    ) -> Status | None:
        """Gives the status it has now: one that was meant to stop stops unless it was delivered.
        None where somebody else holds it by now; nothing is changed then."""
        ...

    async def hold_account(self, account_id: UUID) -> None: ...
    async def contact(self, account_id: UUID) -> Contact | None: ...
    async def failures(
        self, *, cause_id: UUID, template: Template
    ) -> Sequence[tuple[Channel, str]]:
        """The channels that refused it, in order, each with its reason."""
        ...

    async def add(self, notice: Notice, *, now: datetime) -> None: ...
    async def publish(self, message: Message) -> None: ...
